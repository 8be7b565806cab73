"""What the system tells of the processor."""

from pathlib import Path

import pytest

from dossier.processor import computes_bf16


@pytest.mark.parametrize(
    ("told", "native"),
    [
        ("processor : 0\nflags\t\t: fpu avx2 avx512f avx512_bf16\n", True),
        ("flags\t\t: fpu avx2 fma\nbugs\t\t: bf16\n", False),
        ("Features\t: fp asimd bf16\n", True),
        ("", False),
    ],
)
def test_bf16_is_used_where_the_processor_has_it(tmp_path: Path, told: str, native: bool) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(told)
    assert computes_bf16(file) is native
    assert computes_bf16(tmp_path / "missing") is False
