"""The directive `{live}` in a small book: what it puts on the page, and how it complains."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from sample import ROOT, Book
from tiers import nightly_but

FIGURE = "```{{figure}} score.png\n:name: fig-{}\n\nA caption.\n```\n\n"


PAGES = {
    # name: what stands there, and what the build says of it
    "replaced": (
        "```{live} far-mode\n:name: lab\n:replaces: fig-replaced\n```\n\nText.\n\n"
        + FIGURE.format("replaced")
        + "```{live-list} lab\n```\n",
        "",
    ),
    "beside": (FIGURE.format("beside") + "```{live} mala\n:still: fig-beside\n```\n", ""),
    "nonsense": (
        "```{live} nonsense\n:still: fig-beside\n```\n",
        "there is no preset 'nonsense'",
    ),
    "alone": ("```{live} mala\n```\n", ":still: or :replaces:"),
    "no-figure": (
        "```{live} mala\n:replaces: fig-nowhere\n```\n",
        "no figure 'fig-nowhere' to replace",
    ),
    "no-still": ("```{live} mala\n:still: fig-elsewhere\n```\n", "fig-elsewhere"),
}
GOOD = [name for name, (_, complaint) in PAGES.items() if not complaint]
BAD = [name for name in PAGES if name not in GOOD]


def build(folder: Path, pages: list[str]) -> tuple[Book, int, str]:
    """A book of these pages, the exit code of its build and what was printed."""
    book = Book(folder)
    more = "    numfig: true"
    book.configure(*pages, more=more, parts=("strict", "live"))
    shutil.copy(ROOT / "book/theme/static/score.png", folder)
    for page in pages:
        book.write(f"{page}.md", f"# {page}\n\n{PAGES[page][0]}")
    return book, *book.build()


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Book:
    book, code, output = build(tmp_path_factory.mktemp("live"), GOOD)
    assert code == 0, output
    return book


def test_it_stands_in_for_its_figure_and_loads_its_script(book: Book) -> None:
    page = BeautifulSoup(book.page("replaced"), "html.parser")
    figure = page.select_one("figure#fig-replaced")
    assert figure.select_one("figure > score-lab#lab[preset=far-mode] img")
    assert figure.select_one("figure > figcaption").get_text().count("A caption.") == 1
    assert figure.find_next("p", string="Text.")  # it stands first
    links = [a["href"] for a in page.select(".live-list a")]
    assert "#live=lab&preset=annealed" in links
    assert "live.js" in book.page("replaced")
    assert "live.js" not in book.page("index")
    script = (book.root / "_build/html/_static/live.js").read_text(encoding="utf-8")
    assert script.index("class Law") < script.index('customElements.define("score-lab"')
    assert '"far-mode"' in script


def test_it_refers_to_its_figure(book: Book) -> None:
    line = BeautifulSoup(book.page("beside"), "html.parser").select_one("score-lab#live-mala p")
    assert line.select_one("a[href='#fig-beside']")


@pytest.mark.parametrize("pages", nightly_but([BAD], [BAD, *([page] for page in BAD)]))
def test_a_mistake_stops_the_build(tmp_path: Path, pages: list[str]) -> None:
    """All mistakes in one book by day, each alone at night."""
    _, code, output = build(tmp_path, pages)
    assert code != 0
    said = re.findall(r"(?m)^\S*?([\w-]+)\.md\S* (?:WARNING|ERROR): (.*)$", output)
    for page in pages:
        assert any(name == page and PAGES[page][1] in words for name, words in said), output
