"""What the processor can do, by what the system tells of it."""

import re
from pathlib import Path

_BF16 = frozenset(["avx512_bf16", "amx_bf16", "bf16"])
"""What Linux calls the instructions, on x86 and on Arm."""


def computes_bf16(told: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the processor multiplies bf16 by itself; emulated it is several times slower than fp32."""
    if not told.is_file():
        return False
    flags = re.search(r"^(?:flags|Features)\s*:(.*)$", told.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    return flags is not None and not _BF16.isdisjoint(flags.group(1).split())
