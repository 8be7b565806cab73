"""Text as both databases can keep it."""


def storable(text: str) -> str:
    """Without what can't be kept: PostgreSQL takes no zero characters, and neither takes half a surrogate pair."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
