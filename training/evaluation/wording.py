"""How figures are written, on pages and in the terminal."""

from retrieval.evaluation.measures import Figure

_LONGEST = 500


def percent(one: Figure) -> str:
    """A share with its interval: `75% (61 to 86)`."""
    return f"{100 * one.value:.0f}% ({100 * one.low:.0f} to {100 * one.high:.0f})"


def points(one: Figure) -> str:
    """A difference of shares with its interval, in points: `+4.0 (-1.2 to +9.3)`."""
    return f"{100 * one.value:+.1f} ({100 * one.low:+.1f} to {100 * one.high:+.1f})"


def chance(share: float) -> str:
    """How often something comes about by chance."""
    return "fewer than 0.1%" if share < 0.001 else f"{share:.1%}"


def short(text: str) -> str:
    """A text that isn't longer than people read."""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"
