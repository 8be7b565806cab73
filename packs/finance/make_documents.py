"""Writes the documents of the finance pack into its documents folder."""

import sys
from pathlib import Path

PACK = Path(__file__).resolve().parent
# Run as a script, Python looks for modules beside this file only; the package is named from the repository root.
sys.path.insert(0, str(PACK.parents[1]))

from packs.finance.source.build import write_documents  # noqa: E402


def main() -> None:
    """Write the documents and name them."""
    for path in write_documents(PACK / "documents"):
        print(f"{path.relative_to(PACK)}  {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
