"""What an importer gives: the examples of one source, what it is, and under which terms."""

from collections.abc import Iterator
from dataclasses import dataclass

from training.data.example import Example

UNKNOWN_LICENCE = "not known"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of source: what it is called, and the licence that its publisher gives it."""

    title: str
    licence: str = UNKNOWN_LICENCE

    def name_of(self, file: str) -> str:
        """What a source of this kind is called: a published set by its name, an own file by the file's."""
        return file if self.licence == UNKNOWN_LICENCE else self.title


@dataclass(frozen=True, slots=True)
class Source:
    """One source as it was read. `digest` is the SHA-256 of its files, so that a set can say what it was made of."""

    name: str
    kind: Kind
    digest: str
    examples: tuple[Example, ...]

    def __iter__(self) -> Iterator[Example]:
        return iter(self.examples)


TATQA = Kind("TAT-QA", "CC BY 4.0")
TATHQA = Kind("TAT-HQA", "Apache-2.0")
CONVFINQA = Kind("ConvFinQA", "MIT")
CUAD = Kind("CUAD", "CC BY 4.0")
BANKING77 = Kind("BANKING77", "CC BY 4.0")
CLINC150 = Kind("CLINC150", "CC BY 3.0")
FINENTITY = Kind("FinEntity", "ODC-BY 1.0")
CHAT = Kind("chat messages")
ALPACA = Kind("Alpaca instructions")
TABLE = Kind("table of questions and answers")
QUESTIONS = Kind("questions like a pack's")
FEEDBACK = Kind("corrected answers of your own users")
OWN_TABLES = Kind("questions from tables", "of your own documents")
TABLE_SETS = Kind("questions from the sets' tables", "as the sets' own")
VARIED = Kind("questions with other figures", "as the sets' own")
