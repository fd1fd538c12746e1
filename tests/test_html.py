"""The built book, page by page; and each check on a page that is broken on purpose.

Set ``BOOK_HTML`` to test another build than ``_build/html``.
"""

from __future__ import annotations

import os
from pathlib import Path

import html_checks
import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from docutils.utils import new_document
from html_checks import Site
from scorebook.lectures import derivations
from scorebook.pages import layout
from scorebook.pages.mathematics import KeepPunctuation
from toc import pages

ROOT = Path(__file__).resolve().parent.parent
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
CHECKS = [
    html_checks.no_failure_shown,
    html_checks.no_unresolved_reference,
    html_checks.no_raw_sympy,
    html_checks.reads_well,
    html_checks.headings_are_quoted,
    html_checks.pictures_speak,
    html_checks.loads_from_here,
    html_checks.links_resolve,
    html_checks.within_budget,
    html_checks.well_formed,
]


@pytest.fixture(scope="module")
def book() -> Site:
    if not (HTML / "index.html").exists():
        if os.environ.get("CI"):
            pytest.fail(f"the book is not built: {HTML} has no index.html")
        pytest.skip("the book is not built (make book)")
    return Site(HTML)


def test_every_chapter_is_there(book: Site) -> None:
    chapters = pages()
    missing = [c for c in chapters if f"{c.removesuffix('.md')}.html" not in book.pages]
    assert chapters
    assert not missing


def test_built_pages(book: Site) -> None:
    """All checks in one test: to parse the pages takes far longer than to look at them."""
    told = {check.__name__: complaints(check, book) for check in CHECKS}
    assert {check: found for check, found in told.items() if found} == {}


GOOD = """<!DOCTYPE html><html lang="en"><head><title>Page</title>
<meta name="description" content="A page."><link rel="stylesheet" href="book.css"></head>
<body><main>
<h1 id="top">Page</h1><p>See <a href="#top">above</a>.</p>
<figure><img src="a.png" alt="Two modes" width="4" height="3">
<figcaption>Modes.</figcaption></figure>
<pre>Eq(x, 1) is code</pre></main></body></html>"""
VIDEO = (
    '<figure><video src="a.mp4" poster="a.png" width="4" height="3" controls muted playsinline '
    'aria-label="It moves"></video><figcaption>Motion.</figcaption></figure>'
)
BROKEN = [
    ("no_failure_shown", "<pre>Traceback (most recent call last): …</pre>"),
    ("no_failure_shown", '<div class="output stderr"><pre>warning</pre></div>'),
    ("no_failure_shown", '<code class="math-error">x^2^3</code>'),
    ("no_failure_shown", "<mjx-container><mjx-merror>x^2^3</mjx-merror></mjx-container>"),
    ("no_unresolved_reference", "<p>By {eq}`eq-nowhere`.</p>"),
    ("no_unresolved_reference", '<p><code class="xref eq">eq-nowhere</code></p>'),
    ("no_raw_sympy", "<p>Sum(x, (k, 1, K))</p>"),
    ("no_raw_sympy", '<div class="cell_output"><pre>Eq(x, 1)</pre></div>'),
    ("reads_well", "<p>One,, two.</p>"),
    ("reads_well", "<p>One. <em>Two</em>..</p>"),
    ("reads_well", "<p>One , two.</p>"),
    ("reads_well", "<li>It is the <b>the</b> one.</li>"),
    ("reads_well", "<p>As $x \\to 0$.</p>"),
    (
        "headings_are_quoted",
        '<section id="how"><h2>How, and why<a class="headerlink">¶</a></h2></section>'
        '<p>See <a href="#how">How, and why</a>, below.</p>',
    ),
    ("pictures_speak", VIDEO.replace(' aria-label="It moves"', "")),
    ("pictures_speak", VIDEO.replace("Motion.", "")),
    ("pictures_speak", VIDEO.replace(' poster="a.png"', "")),
    ("pictures_speak", VIDEO.replace(' width="4"', "")),
    (
        "pictures_speak",
        '<figure><img src="a.png" width="4" height="3"><figcaption>x</figcaption></figure>',
    ),
    ("pictures_speak", '<img src="a.png" alt="Two modes" width="4" height="3">'),
    ("loads_from_here", '<script src="https://cdn.example/x.js"></script>'),
    ("loads_from_here", '<img src="//cdn.example/x.png" alt="x">'),
    ("loads_from_here", "<style>@font-face{src:url(https://cdn.example/x.woff2)}</style>"),
    ("links_resolve", '<a href="nowhere.html">x</a>'),
    ("links_resolve", '<a href="#nowhere">x</a>'),
    ("links_resolve", '<a href="page.html#nowhere">x</a>'),
    ("well_formed", '<p id="top">again</p>'),
    ("well_formed", "<h1>A second title</h1>"),
]


@pytest.mark.parametrize(("name", "fault"), BROKEN)
def test_each_check_can_fail(tmp_path: Path, name: str, fault: str) -> None:
    check = getattr(html_checks, name)
    assert (
        complaints(check, small_site(tmp_path, VIDEO + '<a href="https://example.org">out</a>'))
        == {}
    )
    assert complaints(check, small_site(tmp_path, fault)) != {}


@pytest.mark.parametrize(
    ("budget", "fault"),
    [
        ("HTML_BUDGET", ""),
        ("FIRST_VIEW_BUDGET", ""),
        ("PICTURE_BUDGET", ""),
        ("VIDEO_BUDGET", VIDEO),
    ],
)
def test_budgets_can_fail(tmp_path, monkeypatch, budget: str, fault: str) -> None:
    site = small_site(tmp_path, fault)
    assert complaints(html_checks.within_budget, site) == {}
    monkeypatch.setattr(html_checks, budget, 10)
    assert complaints(html_checks.within_budget, site) != {}


def complaints(check, site: Site) -> dict[str, list[str]]:
    takes_site = check in (html_checks.links_resolve, html_checks.headings_are_quoted)
    told = {
        name: check(page, site) if takes_site else check(page) for name, page in site.pages.items()
    }
    return {name: found for name, found in told.items() if found}


def small_site(folder: Path, addition: str) -> Site:
    (folder / "page.html").write_text(
        GOOD.replace("</main>", f"{addition}</main>"), encoding="utf-8"
    )
    (folder / "book.css").write_text('@font-face{src:url("a.woff2")}', encoding="utf-8")
    for name in ("a.png", "a.mp4", "a.woff2"):
        (folder / name).write_bytes(bytes(100))
    return Site(folder)


def test_code_keeps_the_marks_that_have_a_colour_and_its_text():
    code = '<span class="k">def</span><span class="w"> </span><span class="nf">f</span>'
    block = f'<div class="highlight"><pre tabindex="0">{code}<span class="p">():</span></pre></div>'
    beside = '<p><span class="p">a</span></p>'
    shown = layout.quiet_code(beside + block)
    assert BeautifulSoup(shown, "html.parser").text == "adef f():"
    assert '<span class="k">def</span> <span class="nf">f</span>():</pre>' in shown
    assert beside in shown


def test_a_full_stop_is_tied_to_the_formula_that_it_follows():
    """Twice the same text in a paragraph: the first one has a place of its own."""
    document = new_document("page")
    dot, formula = (lambda: nodes.Text(".")), nodes.math("", "x")
    document += nodes.paragraph("", "", nodes.emphasis("", "narrower"), dot(), formula, dot())
    KeepPunctuation(document).run()
    assert formula["after"] == "."
    assert document.astext() == "narrower.x"


def test_a_number_in_a_table_stays_on_its_line():
    document = new_document("page")
    entry = nodes.entry("", nodes.paragraph("", "", nodes.Text("error / %, 2.93 ± 0.006 (4 SE)")))
    document += entry
    layout.KeepNumbers(document).run()
    assert entry.astext().replace("\u00a0", "~") == "error~/~%, 2.93~±~0.006 (4~SE)"


def test_formulas_in_a_statement_are_not_read_as_text():
    """A displayed one stands between empty lines; a line of another may begin with a plus."""
    said = "Then\n$$\na = b.\n$$\nHence $C(1\n+ c)$ and\n\n$$d$$"
    assert derivations._apart(said) == (
        "Then\n\n$$\na = b.\n$$\n\nHence $C(1 + c)$ and\n\n$$\nd\n$$"
    )
