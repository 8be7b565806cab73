"""Letters of ligatures that a PDF's font gives no meaning for: `pro?t` is read as `profit`.

Some programs write `fi`, `ff`, `fl` and `ffi` as glyphs without their letters. Which one it was is told by the word;
`fi` is by far the most frequent and stands for what isn't known.
"""

_KNOWN = (
    ("ffi", ("offic", "effici", "suffici", "diffic", "affili", "traffic", "coeffici")),
    (
        "fl",
        ("flow", "reflect", "inflat", "deflat", "fluctu", "influen", "conflict", "flex", "float", "flight", "fleet")
        + ("flat", "floor", "flood", "fluid", "flag"),
    ),
    (
        "ff",
        ("effect", "affect", "differ", "offer", "offset", "staff", "suffer", "effort", "offshore", "tariff", "buffer")
        + ("afford", "layoff", "payoff", "write-off", "cutoff", "spin-off", "run-off", "takeoff"),
    ),
)
_MOST_FREQUENT = "fi"


def letters_of(before: str, after: str) -> str:
    """The letters of a ligature that stands between these parts of a word."""
    for letters, parts in _KNOWN:
        word = f"{before}{letters}{after}".lower()
        if word == "off" or any(part in word for part in parts):
            return letters
    return _MOST_FREQUENT
