r"""What students wrote and showed, made harmless for whoever reads it in a browser: feedback, formgrader, JupyterLab.

In HTML and Markdown a tag begins with `<` and a letter, `/`, `!` or `?`. Each one that is left here was written by this
module: of an allowed name, with no attribute but the few that are known to be plain. So nobody has to foresee how a
browser mends broken markup. What is left of the others is text. (Bleach, which nbconvert uses, also turns the `&` and
the `<` of formulas into entities, and takes a quadratic time for tags within tags.)

In Markdown a space keeps `<` from being a tag, as it also keeps formulas and code what they are. A link may go to no
script, and `\href`, by which MathJax makes links, is no link.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from html import unescape
from html.entities import html5
from typing import Any

LONGEST = 100_000  # characters of a page that a cell displays; longer ones are shown as plain text
PICTURES = ("image/png", "image/jpeg", "image/gif")
TAGS = re.compile(
    r"a|abbr|b|blockquote|br|caption|code|col|colgroup|dd|del|dl|dt|em|h[1-6r]|i|img|ins|kbd|li|mark|ol|p|pre|s|samp|small"
    r"|span|strong|sub|sup|table|tbody|td|tfoot|th|thead|tr|u|ul|var",
    re.IGNORECASE,
)
_DROPPED = {"<script": "</script>", "<style": "</style>", "<!--": "-->"}  # with all that is between
_BEGINS = re.compile("|".join(_DROPPED), re.IGNORECASE)
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)([^<>]*)>")
_PLAIN_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]*)\s*/?>")
_ATTRIBUTE = re.compile(r"""\b([a-z]+)=(?:"([^"'<>`]*)"|'([^"'<>`]*)'|(\d+))""", re.IGNORECASE)
_VALUES = {
    "colspan": re.compile(r"\d{1,4}"),
    "rowspan": re.compile(r"\d{1,4}"),
    "style": re.compile(r"\s*text-align:\s*(?:left|right|center);?\s*"),
    "href": re.compile(r"https?://\S+"),
    "src": re.compile(r"data:image/(?:png|jpeg|gif);base64,[A-Za-z0-9+/=\s]+"),
}
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]+={0,2}\s*")
_OPENS = re.compile(r"<(?=[A-Za-z/!?])")
_SIGNS = {name for name, text in html5.items() if any(s.isascii() and s not in "<>&\"'" for s in text)}
_ENTITY = re.compile(rf"&(?=#|(?:{'|'.join(sorted(_SIGNS))}))")  # by which an address or a command could hide
_HIDDEN = re.compile(r"&(?:#\d+|#[xX][0-9A-Fa-f]+|bsol|dollar);?")  # in HTML, where other entities are needed
_ELSEWHERE = re.compile(r"!(?=\[(?![^\]\n]*\]\(attachment:))")  # a picture from elsewhere tells it who reads this
_ADDRESS = re.compile(r"<(https?://[^\s<>]+)>")
_SCHEME = re.compile(
    r"(s\s*c\s*r\s*i\s*p\s*t)(?=[\s\\]*:)|\b(data)(?=[\s\\]*:[\s\\]*(?:text|application|image/svg|[,;]))", re.IGNORECASE
)
_ATTACHMENT = re.compile(r"attachment(?=[\s\\]*:([\w.%-]*))")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_NO_COLOUR = re.compile(r"\x1b(?!\[[0-9;]*m)|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]")


def markdown(text: str, pictures: Container[str] = ()) -> str:
    """Markdown of a student's; `pictures` are the names of its attachments, for a missing one stops nbconvert."""
    text = _ELSEWHERE.sub("! ", _ADDRESS.sub(r" \1 ", _CONTROLS.sub("", text)))
    kept = {match.start() for match in _PLAIN_TAG.finditer(text) if TAGS.fullmatch(match[1])}
    text = _OPENS.sub(lambda match: "<" if match.start() in kept else "< ", text)
    text = _ATTACHMENT.sub(lambda match: match[0] + " " * (match[1] not in pictures), text)
    return _no_href(_SCHEME.sub(r"\1\2 ", _ENTITY.sub("& ", text)))


def html(text: str) -> str:
    """A page that a cell displays, such as a table."""
    pieces, end = [], 0
    text = _dropped(_CONTROLS.sub("", text))
    for match in _TAG.finditer(text):
        pieces += [text[end : match.start()].replace("<", "&lt;"), _tag(*match.groups())]
        end = match.end()
    whole = "".join([*pieces, text[end:].replace("<", "&lt;")])
    return _no_href(_HIDDEN.sub(lambda found: "" if unescape(found[0]) in ("\\", "$") else found[0], whole))


def output(shown: Mapping[str, Any]) -> dict[str, Any]:
    """An output of a cell, in nbformat's form: pictures, tables, formulas and text of it are left."""
    kind = shown["output_type"]
    if kind == "stream":
        return {**shown, "text": plain(shown["text"])}
    if kind == "error":
        texts = {name: plain(shown[name]) for name in ("ename", "evalue")}
        return {**shown, **texts, "traceback": [plain(line) for line in shown["traceback"]]}
    data = {name: made for name, part in shown["data"].items() if (made := _data(name, part)) is not None}
    return {**shown, "data": data, "metadata": {}}


def attachments(found: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """The pictures of a text cell."""
    pictures = {
        name: {kind: data for kind, data in bundle.items() if _picture(kind, data)} for name, bundle in found.items()
    }
    return {name: bundle for name, bundle in pictures.items() if bundle}


def plain(text: str) -> str:
    """Text that is shown as it is; of a terminal's commands the colours are left."""
    return _NO_COLOUR.sub("", text)


def _data(name: str, part: Any) -> str | None:
    if not isinstance(part, str):
        return None
    if name == "text/plain":
        return plain(part)
    if name == "text/html":
        return html(part) if len(part) <= LONGEST else None
    if name in ("text/markdown", "text/latex"):
        return markdown(part)
    return part if _picture(name, part) else None


def _picture(kind: str, data: str) -> bool:
    return kind in PICTURES and _BASE64.fullmatch(data) is not None


def _dropped(text: str) -> str:
    """The page without scripts, styles and comments, of which the text would be left; in linear time."""
    lowered = text.lower() if text.isascii() else re.sub("[A-Z]+", lambda found: found[0].lower(), text)
    pieces, end = [], 0
    for begin in _BEGINS.finditer(text):
        if begin.start() >= end:
            closed = lowered.find(close := _DROPPED[begin[0].lower()], begin.end())
            if closed < 0:
                break
            pieces.append(text[end : begin.start()])
            end = closed + len(close)
    return "".join([*pieces, text[end:]])


def _tag(slash: str, name: str, rest: str) -> str:
    if not TAGS.fullmatch(name):
        return ""
    attributes = []
    for found in () if slash else _ATTRIBUTE.finditer(rest):
        attribute, value = found[1].lower(), found[2] or found[3] or found[4] or ""
        if attribute in _VALUES and _VALUES[attribute].fullmatch(value):
            attributes.append(f'{attribute}="{value}"')
    return f"<{slash}{' '.join([name.lower(), *attributes])}>"


def _no_href(text: str) -> str:
    return text.replace("\\href", "\\text")
