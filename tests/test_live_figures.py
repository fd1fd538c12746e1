"""The directive `{live}` in a small book: what it puts on the page, and how it complains."""

from __future__ import annotations

import shutil

import pytest
from bs4 import BeautifulSoup
from sample import ROOT, Book

FIGURE = "```{figure} score.png\n:name: fig-still\n\nA caption.\n```\n\n"


@pytest.fixture
def book(tmp_path) -> Book:
    book = Book(tmp_path)
    book.configure("one", more="    numfig: true", parts=("strict", "live"))
    shutil.copy(ROOT / "book/theme/static/score.png", tmp_path)
    return book


def test_it_stands_in_for_its_figure_and_loads_its_script(book: Book) -> None:
    live = "```{live} far-mode\n:name: lab\n:replaces: fig-still\n```\n\n"
    listed = "```{live-list} lab\n```\n"
    book.write("one.md", f"# One\n\n{live}Text.\n\n{FIGURE}{listed}")
    code, output = book.build()
    assert code == 0, output
    page = BeautifulSoup(book.page("one"), "html.parser")
    assert page.select_one("figure#fig-still > score-lab#lab[preset=far-mode] img")
    assert page.select_one("figure#fig-still > figcaption").get_text().count("A caption.") == 1
    assert page.select_one("figure#fig-still").find_next("p", string="Text.")  # it stands first
    links = [a["href"] for a in page.select(".live-list a")]
    assert "#live=lab&preset=annealed" in links
    assert "live.js" in book.page("one")
    assert "live.js" not in book.page("index")
    script = (book.root / "_build/html/_static/live.js").read_text(encoding="utf-8")
    assert script.index("class Law") < script.index('customElements.define("score-lab"')
    assert '"far-mode"' in script


def test_it_refers_to_its_figure(book: Book) -> None:
    book.write("one.md", f"# One\n\n{FIGURE}```{{live}} mala\n:still: fig-still\n```\n")
    code, output = book.build()
    assert code == 0, output
    line = BeautifulSoup(book.page("one"), "html.parser").select_one("score-lab#live-mala p")
    assert line.select_one("a[href='#fig-still']")


@pytest.mark.parametrize(
    ("directive", "message"),
    [
        ("```{live} nonsense\n:still: fig-still\n```", "there is no preset 'nonsense'"),
        ("```{live} mala\n```", ":still: or :replaces:"),
        ("```{live} mala\n:replaces: fig-nowhere\n```", "no figure 'fig-nowhere' to replace"),
        ("```{live} mala\n:still: fig-nowhere\n```", "fig-nowhere"),
    ],
)
def test_a_mistake_stops_the_build(book: Book, directive: str, message: str) -> None:
    book.write("one.md", f"# One\n\n{FIGURE}{directive}\n")
    code, output = book.build()
    assert code != 0
    assert message in output
