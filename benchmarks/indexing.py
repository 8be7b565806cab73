"""Indexes a folder from nothing and again unchanged: seconds, chunks a second, memory, disk.

python -m benchmarks.indexing FOLDER
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

from dossier.packs import index_folder, load_pack
from dossier.settings import load_settings
from retrieval.indexing import build_index


def main() -> None:
    """Print the figures of one folder."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    with tempfile.TemporaryDirectory() as home:
        settings = load_settings(home=Path(home), documents=Path(sys.argv[1]))
        pack = load_pack(settings)
        for what in ("from nothing", "unchanged"):
            began = time.monotonic()
            report = build_index(settings, pack)
            seconds = time.monotonic() - began
            pages = sum(file.pages for file in report.files)
            print(
                f"{what}: {report.documents} documents, {pages} pages, {report.chunks} chunks in {seconds:.1f} s "
                f"({report.embedded / seconds:.0f} embedded a second, all steps counted)"
            )
        size = sum(file.stat().st_size for file in index_folder(settings, pack.documents).rglob("*") if file.is_file())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"on disk {size / 1e6:.1f} MB; peak memory of the run {peak:.2f} GB")


if __name__ == "__main__":
    main()
