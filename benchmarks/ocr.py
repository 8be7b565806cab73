"""How well scanned pages are read: pages that have text are made pictures, and what OCR reads is held against the text.

Printed for each page: the share of its words that were read (each counted as often as it stands there), the share of
what was read that stands there, the share of its characters that are right in the order of the page's lines (by the
longest run of edits, as difflib counts them), and processor seconds. Rendered pages are cleaner than a scanner's:
`--dots`, `--turn` and `--noise` make them worse.
"""

import argparse
import io
import os
import re
import resource
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pypdfium2
from PIL import Image

from retrieval.parsing.pdf import read_pdf

ROOT = Path(__file__).resolve().parents[1]
_DATA = Path(os.environ.get("DOSSIER_TEST_DATA", "") or ROOT.parent / "shared" / "data")
_LINE = "{:10.1%}  {:12.1%}  {:10.1%}  {:11.1f}  {}"
_LEAST = 400
"""Characters that a page must have to say anything."""


@dataclass(frozen=True, slots=True)
class Scanner:
    """What a page goes through: dots per inch, degrees it lies askew, grey levels of noise."""

    dots: int = 200
    turn: float = 0.0
    noise: float = 0.0

    def scan(self, pdf: pypdfium2.PdfDocument, pages: Sequence[int]) -> bytes:
        """A PDF of pictures of the pages (from 1), without any text."""
        made = pypdfium2.PdfDocument.new()
        for number in pages:
            page = pdf[number - 1]
            size = page.get_size()
            picture = self._spoilt(page.render(scale=self.dots / 72, grayscale=True).to_pil(), number)
            page.close()
            image = pypdfium2.PdfImage.new(made)
            image.set_bitmap(pypdfium2.PdfBitmap.from_pil(picture))
            image.set_matrix(pypdfium2.PdfMatrix().scale(*size))
            new = made.new_page(*size)
            new.insert_obj(image)
            new.gen_content()
            new.close()
        return saved(made)

    def _spoilt(self, picture: Image.Image, seed: int) -> Image.Image:
        if self.turn:
            picture = picture.rotate(self.turn, Image.Resampling.BICUBIC, fillcolor=255)
        if self.noise:
            drawn = np.random.default_rng(seed).normal(0, self.noise, (picture.height, picture.width))
            picture = Image.fromarray(np.clip(np.asarray(picture) + drawn, 0, 255).astype(np.uint8))
        return picture


def saved(pdf: pypdfium2.PdfDocument) -> bytes:
    """The file's bytes; the document is closed."""
    stream = io.BytesIO()
    pdf.save(stream)
    pdf.close()
    return stream.getvalue()


def words(text: str) -> Counter[str]:
    """Words and amounts of a text, each with how often it stands there."""
    return Counter(re.findall(r"[\w$%.,()’'&/-]*\w[\w$%.,()’'&/-]*", text))


def shares(true: str, read: str) -> tuple[float, float, float]:
    """Words of the true text that were read, words read that are true, and characters that are right."""
    wanted, found = words(true), words(read)
    both = (wanted & found).total()
    one, other = " ".join(true.split()), " ".join(read.split())
    same = sum(block.size for block in SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks())
    return both / max(1, wanted.total()), both / max(1, found.total()), same / max(1, len(one))


def chosen(pdf: pypdfium2.PdfDocument, count: int) -> list[int]:
    """Numbers of pages that have text, spread evenly."""
    full = [n + 1 for n in range(len(pdf)) if len(pdf[n].get_textpage().get_text_range()) >= _LEAST]
    return [full[(2 * k + 1) * len(full) // (2 * count)] for k in range(min(count, len(full)))]


def processor_seconds() -> float:
    """What this process and those it waited for have used."""
    both = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(use.ru_utime + use.ru_stime for use in both)


def main() -> None:
    """Print the shares of each page, and of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="PDFs with text; else public filings, else the pack's own")
    parser.add_argument("--pages", type=int, default=2, help="of each file")
    parser.add_argument("--dots", type=int, default=200, help="of the scanner, per inch")
    parser.add_argument("--turn", type=float, default=0.0, help="degrees that each page lies askew")
    parser.add_argument("--noise", type=float, default=0.0, help="standard deviation in grey levels of 256")
    asked = parser.parse_args()
    scanner = Scanner(asked.dots, asked.turn, asked.noise)
    files = (
        asked.files or sorted((_DATA / "filings").glob("*.pdf")) or sorted(ROOT.glob("packs/finance/documents/*.pdf"))
    )
    rows: list[tuple[float, float, float, float]] = []
    print("words read  read is true  characters  processor s  page")
    for file in files:
        with pypdfium2.PdfDocument(file) as pdf:
            for number in chosen(pdf, asked.pages):
                true = pdf[number - 1].get_textpage().get_text_range()
                scan = scanner.scan(pdf, [number])
                began = processor_seconds()
                (page,) = read_pdf(Path("scan.pdf"), scan).pages
                rows.append((*shares(true, page.text), processor_seconds() - began))
                print(
                    "{:10.1%}  {:12.1%}  {:10.1%}  {:11.1f}".format(*rows[-1]), f" {file.name} p. {number}", flush=True
                )
    means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    print(_LINE.format(*means, f"mean of {len(rows)} pages"))
    halves = [sorted(column)[len(rows) // 2] for column in zip(*rows, strict=True)]
    print(_LINE.format(*halves, "median"))


if __name__ == "__main__":
    main()
