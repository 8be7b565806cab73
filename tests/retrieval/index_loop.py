"""Indexes again and again with a document that changes each time: something to be killed in the middle."""

import sys
from pathlib import Path

from dossier.packs import load_pack
from dossier.settings import load_settings
from retrieval.commands import build_index

if __name__ == "__main__":
    settings = load_settings()
    pack = load_pack(settings)
    leave = Path(pack.documents) / "leave.md"
    for run in range(int(sys.argv[1])):
        new = leave.with_name(".leave.new")
        new.write_text(f"# Leave\n\nEveryone has {20 + run} days of annual leave a year.\n")
        new.replace(leave)
        build_index(settings, pack)
