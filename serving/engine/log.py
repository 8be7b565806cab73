"""Finds in the model server's log why it ended."""

import re
from pathlib import Path

_TAIL_BYTES = 64_000
_ERROR = re.compile(r"(?:^|\s)((?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception)): (.+)")
_PREFIX = re.compile(r"^(?:\([^)]*\)\s*)?(?:ERROR|INFO|WARNING)?\s*[\d\- :]*\s*(?:\[[^\]]*\])?\s*")
_KNOWN = (
    (
        re.compile(r"Cannot allocate memory|MemoryError|std::bad_alloc|not enough memory", re.IGNORECASE),
        "the machine has too little memory for it. Close other programs or lower engine_memory_gib and engine_context.",
    ),
    (
        re.compile(r"Address already in use", re.IGNORECASE),
        "its port is in use. Set DOSSIER_ENGINE_PORT to a free one.",
    ),
    (
        re.compile(
            r"max seq len \(\d+\) is larger|"
            r"(?:greater|larger) than the (?:derived max_model_len|maximum number of tokens)",
            re.IGNORECASE,
        ),
        "engine_context is too long for the model or for engine_memory_gib. Lower the first or raise the second.",
    ),
)


def reason_in(log: Path) -> str:
    """The reason in plain words where it is a known one, else the last error that the log names."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return "it left no log."
    for pattern, words in _KNOWN:
        if pattern.search(text):
            return words
    errors = _ERROR.findall(text)
    if errors:
        # the first error is the cause; later ones report that the process behind it failed
        name, words = errors[0]
        return f"{name.rsplit('.', 1)[-1]}: {words[:300]}"
    lines = [_PREFIX.sub("", line).strip() for line in text.splitlines() if line.strip()]
    return f"it ended without saying why (last line: {lines[-1][:200]})." if lines else "it ended without a word."
