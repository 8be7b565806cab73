"""Which elements of an HTML page a person doesn't see: hidden by attribute, style sheet, size, place or colour."""

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup
from bs4.element import Comment, Tag
from soupsieve import SelectorSyntaxError

from retrieval.parsing.hidden import Notes

NEVER_TEXT = frozenset(
    ["script", "style", "noscript", "template", "iframe", "object", "svg", "head", "select", "button", "canvas"]
)
_MAX_RULES = 300
_RULE = re.compile(r"([^{}]{1,300})\{([^{}]{0,2000})\}")
_AT_RULE = re.compile(r"@[^{;]{0,300}(?:;|\{(?:[^{}]{0,5000}\{[^{}]{0,5000}\}){0,300}[^{}]{0,5000}\})")
_NOT_SHOWN = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|content-visibility:hidden|opacity:0(?:\.0\d*)?(?![.\d])"
)
_TINY = re.compile(
    r"font-size:(?:0|0?\.\d+|[12])(?:\.\d+)?(?:px|pt)|font-size:0(?![.\d])|font-size:0?\.[01]\d*r?em"
    r"|(?:^|;)(?:max-)?(?:height|width):[01](?:px|pt|%|em)?(?:;.*)?overflow:hidden"
    r"|overflow:hidden;(?:.*;)?(?:max-)?(?:height|width):[01](?:px|pt|%|em)?(?:;|$)|transform:scale\(0"
)
_OFF_PAGE = re.compile(
    r"(?:left|top|right|bottom|text-indent|margin-left|margin-top):-\d{3,}|clip:rect\((?:0|1)(?:px)?[, ]"
    r"|clip-path:inset\((?:50|100)%|translate[xy]?\(-\d{4,}"
)
_COLOUR = re.compile(r"(?:^|;)color:([^;!]+)")
_BACKGROUND = re.compile(r"(?:^|;)background(?:-color)?:([^;!]+)")
_NAMED = {"white": "ffffff", "black": "000000", "red": "ff0000", "yellow": "ffff00", "lime": "00ff00", "blue": "0000ff"}
_NEARLY = 12
"""Colours whose parts differ by less (of 255) can't be told apart by eye."""


def remove_unseen(soup: BeautifulSoup, notes: Notes) -> None:
    """Take out everything that a browser wouldn't show, and count what held words."""
    for rule in _hiding_rules(soup):
        _mark(soup, rule)
    for comment in [node for node in soup.find_all(string=True) if isinstance(node, Comment)]:
        if sum(character.isalpha() for character in comment) > 40 and not comment.lstrip().startswith(("[if", "<!")):
            notes.hide("in comments")
        comment.extract()
    for tag in soup.find_all(True):
        kind = "" if tag.decomposed or tag.name in NEVER_TEXT else _why_unseen(tag)
        if kind and tag.get_text(strip=True):
            notes.hide(kind)
        if kind or (not tag.decomposed and tag.name in NEVER_TEXT):
            tag.decompose()


def _mark(soup: BeautifulSoup, rule: str) -> None:
    """Mark what a style sheet's rule hides as hidden."""
    try:
        found = soup.select(rule, limit=5000)
    except (SelectorSyntaxError, NotImplementedError, ValueError):
        return  # a selector that isn't understood hides nothing here
    for tag in found:
        if tag.name not in ("html", "body"):
            tag["hidden"] = ""


def _why_unseen(tag: Tag) -> str:
    style = re.sub(r"\s*([:;,(])\s*", r"\1", str(tag.get("style") or "").lower())
    if tag.has_attr("hidden") or str(tag.get("aria-hidden", "")).lower() == "true":
        return "marked as hidden"
    if tag.name == "input" or not (style or tag.has_attr("color")):
        return ""
    if _NOT_SHOWN.search(style):
        return "not displayed"
    if _TINY.search(style):
        return "in letters too small to see"
    if _OFF_PAGE.search(style):
        return "outside the visible page"
    return "in the colour of the background" if _is_camouflaged(tag, style) else ""


def _is_camouflaged(tag: Tag, style: str) -> bool:
    match = _COLOUR.search(style)
    colour = _rgb(match.group(1)) if match else _rgb(str(tag.get("color") or ""))
    if match and match.group(1).strip() == "transparent":
        return True
    return colour is not None and all(
        abs(a - b) < _NEARLY for a, b in zip(colour, _background_of(tag, style), strict=True)
    )


def _background_of(tag: Tag, style: str) -> tuple[int, int, int]:
    """The nearest background given in the element or around it; a page without one is white."""
    for around in (tag, *tag.parents):
        text = style if around is tag else re.sub(r"\s*([:;,(])\s*", r"\1", str(around.get("style") or "").lower())
        match = _BACKGROUND.search(text)
        if match:
            return _rgb(match.group(1).split(" ")[0]) or (-255, -255, -255)  # an image or gradient: can't be told
        colour = _rgb(str(around.get("bgcolor") or ""))
        if colour:
            return colour
    return (255, 255, 255)


def _rgb(text: str) -> tuple[int, int, int] | None:
    text = text.strip().lower()
    numbers = re.fullmatch(r"rgba?\((\d{1,3})[, ]\s*(\d{1,3})[, ]\s*(\d{1,3})(?:[,/ ].{0,12})?\)", text)
    if numbers:
        return int(numbers[1]), int(numbers[2]), int(numbers[3])
    text = _NAMED.get(text, text.lstrip("#"))
    if re.fullmatch(r"[0-9a-f]{3}", text):
        text = "".join(2 * digit for digit in text)
    if not re.fullmatch(r"[0-9a-f]{6}", text):
        return None
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)


def _hiding_rules(soup: BeautifulSoup) -> Iterator[str]:
    """Selectors of the page's own style sheets that hide what they match; rules for print or small screens don't."""
    count = 0
    for sheet in soup.find_all("style"):
        css = re.sub(r"/\*.{0,5000}?\*/", "", sheet.get_text()[:200_000], flags=re.DOTALL)
        for rule in _RULE.finditer(_AT_RULE.sub("", css)):
            body = re.sub(r"\s*([:;,(])\s*", r"\1", rule.group(2).strip().lower())
            hides = _NOT_SHOWN.search(body) or _TINY.search(body) or _OFF_PAGE.search(body)
            if hides and ":" not in rule.group(1) and count < _MAX_RULES:
                count += 1
                yield rule.group(1).strip()
