"""The one rule that splits development data into a half to work on and a half to report on.

Everything that belongs to one document (a table with its questions, a contract with its clauses) is on one side.
"""

import hashlib
from enum import StrEnum

DEV_SHARE = 0.5
"""Share of documents on the side that may be looked at, tuned on and trained on."""
_SALT = "dossier split 1"


class Side(StrEnum):
    """`DEV` may be looked at and trained on; `HELD_OUT` is for the figure that is reported."""

    DEV = "dev"
    HELD_OUT = "held-out"


def side_of(document: str) -> Side:
    """The side of a document, by a hash of its identity (a table's uid, a report page's name, a contract's file name).

    TAT-QA and TAT-HQA share tables: use the table's uid for both, so that a table is on the same side in both.
    """
    digest = hashlib.sha256(f"{_SALT}\n{document}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / (1 << 64)
    return Side.DEV if share < DEV_SHARE else Side.HELD_OUT
