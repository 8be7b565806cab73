"""Makes hostile files of every format, and seeded mutations of good and bad ones. No outside data needed."""

import io
import random
import zipfile
from collections.abc import Iterator

from tests.retrieval.good_files import GOOD, HIDDEN

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/></Relationships>'
)


def word(body: str, doctype: str = "", extra: tuple[tuple[str, bytes], ...] = ()) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        document = f'<?xml version="1.0"?>{doctype}<w:document xmlns:w="{_W}"><w:body>{body}</w:body></w:document>'
        archive.writestr("word/document.xml", document)
        for name, data in extra:
            archive.writestr(name, data)
    return target.getvalue()


def paragraph(text: str, look: str = "") -> str:
    return f"<w:p><w:r><w:rPr>{look}</w:rPr><w:t>{text}</w:t></w:r></w:p>"


def entities(depth: int = 9) -> str:
    inner = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, depth + 1))
    return f'<!DOCTYPE x [<!ENTITY l0 "lol">{inner}]>'


def xml_sheet(cells: str) -> bytes:
    """The good workbook with its first sheet's XML replaced."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD["review.xlsx"]())) as good, zipfile.ZipFile(target, "w", 8) as out:
        for name in good.namelist():
            data = good.read(name)
            if name == "xl/worksheets/sheet1.xml":
                data = (
                    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
                    f"<sheetData>{cells}</sheetData></worksheet>"
                ).encode()
            out.writestr(name, data)
    return target.getvalue()


def hostile() -> dict[str, bytes]:
    """Hand-made attacks by file name, small enough for every test run."""
    secret = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    slip = (("../../../../slip_canary", b"x"), ("/abs/slip_canary", b"x"), ("..\\..\\slip_canary", b"x"))
    nested = GOOD["review.docx"]()
    for level in range(3):
        nested = word(paragraph("nest"), extra=((f"word/embeddings/{level}.docx", nested),))
    deep_mail = b"Subject: leaf\n\nleaf text\n"
    for level in range(40):
        deep_mail = b"Subject: %d\nContent-Type: message/rfc822\n\n" % level + deep_mail
    feed = "<rss version='2.0'><channel><title>t</title><item><title>&l9;</title></item></channel></rss>"
    return {
        "bomb.docx": word(paragraph("A" * 40_000_000)),
        "laughs.docx": word(paragraph("&l9;"), entities()),
        "xxe.docx": word(paragraph("&e;"), secret),
        "slip.docx": word(paragraph("slip"), extra=slip),
        "deep.docx": word("<w:sdt><w:sdtContent>" * 20_000 + "</w:sdtContent></w:sdt>" * 20_000),
        "many.docx": word(paragraph("many"), extra=tuple((f"word/junk/{n}.xml", b"") for n in range(12_000))),
        "nested.docx": nested,
        "hidden.docx": word(
            paragraph("Refunds take 30 days.") + paragraph(HIDDEN, '<w:vanish/><w:color w:val="FFFFFF"/>')
        ),
        "far.xlsx": xml_sheet('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        "lies.xlsx": xml_sheet('<row r="x"><c r="??" s="99999"><v>NaN</v></c></row>' * 50),
        "laughs.xml": ("<?xml version='1.0'?>" + entities() + feed).encode(),
        "xxe.xml": ("<?xml version='1.0'?>" + secret + feed.replace("&l9;", "&e;")).encode(),
        "notafeed.xml": b"<?xml version='1.0'?><orders><order/></orders>",
        "deep.xml": b"<rss version='2.0'><channel>" + b"<a>" * 30_000 + b"</a>" * 30_000 + b"</channel></rss>",
        "deep.html": b"<div>" * 30_000 + b"deep" + b"</div>" * 30_000,
        "spans.html": b"<table>" + b"<tr><td colspan=99999 rowspan=99999>1<td>2</tr>" * 60 + b"</table>",
        "deep.md": b"> " * 5_000 + b"quote\n" + b"[" * 20_000,
        "deep.jsonl": b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"\n",
        "numbers.jsonl": b'{"id": 1e999, "date": 1e300, "text": "x", "n": ' + b"9" * 5_000 + b"}\n",
        "deep.eml": deep_mail,
        "headers.eml": b"From: " + b"(" * 20_000 + b"\nSubject: =?utf-8?q?" + b"=C3" * 500 + b"?=\n\nx",
        "wide.csv": b"a," * 100_000 + b"\n" + b'"' + b"x" * 2_000_000,
        "formula.csv": b'=cmd|\'/C calc\'!A0,"=HYPERLINK(""http://127.0.0.1:9"")"\n',
        "one_line.txt": b"x" * 3_000_000,
        "exe.docx": b"MZ" + b"\0" * 512,
        "html.pdf": b"<html><script>alert(1)</script></html>",
        "sheet.docx": GOOD["review.xlsx"](),
        "old.docx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
        "locked.xlsx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
        "empty.pptx": b"",
        "nul.txt": b"a\0b\xff\xfe\x00\xd8" * 100,
        "index.faiss": b"x",
        "old.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "%2e%2e%2fx.txt": b"names with tricks\n",
        "x..\\..\\win.txt": b"names with tricks\n",
        "\u202egnp.txt": b"names with tricks\n",
        "CON.txt": b"names with tricks\n",
        "a\nb.txt": b"names with tricks\n",
    }


def mutations(originals: dict[str, bytes], seed: int) -> Iterator[tuple[str, bytes]]:
    """Endless seeded damage to files: flipped bits, cuts, splices, swapped heads, parts of archives changed."""
    dice = random.Random(seed)
    names = sorted(originals)
    number = 0
    while True:
        name = dice.choice(names)
        other = originals[dice.choice(names)]
        damage = dice.choice((_flip, _cut, _splice, _swap_head, _zip_part, _repeat))
        number += 1
        yield f"mutant-{number:04d}-{damage.__name__[1:]}-{name}", damage(originals[name], other, dice)


def _flip(data: bytes, other: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice((1, 8, 200)) if data else 0):
        place = dice.randrange(len(changed))
        changed[place] ^= 1 << dice.randrange(8)
    return bytes(changed)


def _cut(data: bytes, other: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data) + 1)]


def _splice(data: bytes, other: bytes, dice: random.Random) -> bytes:
    left, right = dice.randrange(len(data) + 1), dice.randrange(len(other) + 1)
    return data[:left] + other[right : right + 20_000] + data[left:]


def _swap_head(data: bytes, other: bytes, dice: random.Random) -> bytes:
    size = dice.choice((4, 64, 1024))
    return other[:size] + data[size:]


def _repeat(data: bytes, other: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(data) + 1)
    piece = data[start : start + 200]
    return data[:start] + piece * dice.choice((10, 200)) + data[start:]


def _zip_part(data: bytes, other: bytes, dice: random.Random) -> bytes:
    """Damage inside one part of an Office file, so that the archive itself stays whole; others get bits flipped."""
    try:
        source = zipfile.ZipFile(io.BytesIO(data))
        names = source.namelist()
        if not names or sum(item.file_size for item in source.infolist()) > 5_000_000:
            return _flip(data, other, dice)
        chosen = dice.choice(names)
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                part = source.read(name)
                if name == chosen:
                    part = dice.choice((_flip, _cut, _repeat, _swap_head))(part, other, dice)
                archive.writestr(name, part)
        return target.getvalue()
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError):
        return _flip(data, other, dice)
