"""The one rule that splits development data into a half to work on and a half to report on.

Everything that belongs to one document (a table with its questions, a contract with its clauses) is on one side.
"""

import hashlib
from collections.abc import Sequence
from enum import StrEnum

DEV_SHARE = 0.5
"""Share of documents on the side that may be looked at, tuned on and trained on."""
_SALT = "dossier split 1"


class Side(StrEnum):
    """`DEV` may be looked at and trained on; `HELD_OUT` is for the figure that is reported."""

    DEV = "dev"
    HELD_OUT = "held-out"


def side_of(document: str) -> Side:
    """The side of a document, by a hash of its identity.

    That is a report page's name (ConvFinQA), a contract's file name without ending (CUAD), or `table_identity`.
    """
    digest = hashlib.sha256(f"{_SALT}\n{document}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / (1 << 64)
    return Side.DEV if share < DEV_SHARE else Side.HELD_OUT


def table_identity(rows: Sequence[Sequence[str]]) -> str:
    """The identity of a TAT-QA or TAT-HQA context: what its table says.

    The two sets share tables and give them different uids; by content a table is on the same side in both.
    """
    return "\n".join("\t".join(" ".join(cell.split()) for cell in row) for row in rows)
