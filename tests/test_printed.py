"""Paper: what a page prints, and the whole book as one PDF.

``BOOK_HTML`` names another build than ``_build/html``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import printed
import pytest
from browsing import Visit
from bs4 import BeautifulSoup
from printed import Part, contents, main, one_document
from test_browser import HTML, PAGES, needs_book, url
from tiers import nightly_but

A4 = {"width": 665, "height": 1000}  # the text block of A4 with the style sheet's margins
MIXTURE, OU = "book/langevin/mixture", "book/sde/ornstein-uhlenbeck"
CONFIG = {"title": "The Lab & more", "author": "Readers"}


@needs_book
@pytest.mark.parametrize("page", nightly_but([f"{MIXTURE}.html"], PAGES))
def test_nothing_to_press_is_printed_and_nothing_is_cut(browser, page):
    with Visit(browser, url(page), viewport=A4, color_scheme="dark") as visit:
        visit.tab.emulate_media(media="print", color_scheme="dark")
        assert (
            visit.tab.locator(
                "button, input, .sidebar, .tools, .contents, .turn, .headerlink, video, "
                ".only-dark, .takeaway .how"
            ).evaluate_all(
                "all => all.filter(e => e.checkVisibility()).map(e => e.outerHTML.slice(0, 120))"
            )
            == []
        )
        assert cut(visit.tab) == []


@needs_book
def test_films_are_printed_as_their_posters(browser):
    page = next(p for p in PAGES if "<video" in (HTML / p).read_text(encoding="utf-8"))
    with Visit(browser, url(page), viewport=A4) as visit:
        visit.tab.emulate_media(media="print")
        films = visit.tab.locator("figure:has(video)")
        assert films.count() > 0
        for film in films.all():
            still = film.locator("img.still")
            assert still.evaluate_all("all => all.filter(e => e.checkVisibility()).length") == 1
            still.first.scroll_into_view_if_needed()
            still.first.evaluate("e => e.decode()")
            assert film.locator("figcaption").is_visible()
        visit.tab.emulate_media(media="screen")
        assert visit.tab.locator("img.still:visible").count() == 0


@needs_book
def test_large_signs_of_formulas_that_nobody_scrolled_to_are_printed(browser, tmp_path):
    """The fonts of integral signs and large parentheses are called for far below the screen."""
    if shutil.which("pdftotext") is None and not os.environ.get("CI"):
        pytest.skip("no pdftotext (Debian: poppler-utils)")
    with Visit(browser, url(f"{OU}.html")) as visit:
        # The fonts that stand in are the reader's own: what is not there never loads.
        visit.tab.wait_for_function(
            """() => [...document.fonts].every(
                f => f.status === "loaded" || /^"?Near /.test(f.family))"""
        )
        assert visit.tab.evaluate(
            "() => [1, 2, 3, 4].every(n => document.fonts.check(`16px MJXTEX-S${n}`))"
        )
        assert visit.tab.evaluate("() => scrollY") == 0
        visit.tab.pdf(path=tmp_path / "page.pdf")
        assert visit.faults == []
    command = ["pdftotext", str(tmp_path / "page.pdf"), "-"]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert all(sign in text for sign in "∫∑√⎛")


@needs_book
def test_the_mark_of_a_derivation_is_printed(browser):
    with Visit(browser, url(f"{MIXTURE}.html"), viewport=A4) as visit:
        visit.tab.emulate_media(media="print")
        line = visit.tab.locator(".takeaway .what").first
        assert line.is_visible()
        assert re.search(r"mixture-score\s+version \d.*\d+ steps: ", line.inner_text(), re.S)


@needs_book
def test_folds_of_text_open_for_paper_and_close_again(browser):
    with Visit(browser, url(f"{MIXTURE}.html"), viewport=A4) as visit:
        folds = """() => [...document.querySelectorAll("details")].map(fold => [
            fold.open, fold.matches(".solution"), !!fold.querySelector("div.math")])"""
        before = visit.tab.evaluate(folds)
        visit.tab.evaluate("dispatchEvent(new Event('beforeprint'))")
        during = visit.tab.evaluate(folds)
        visit.tab.evaluate("dispatchEvent(new Event('afterprint'))")
        assert visit.tab.evaluate(folds) == before
        assert any(opened and math for opened, _, math in during)
        assert not any(opened for opened, solution, _ in during if solution)
        assert any(solution for _, solution, _ in during)


@needs_book
@pytest.mark.parametrize(("says", "is_cut"), [("--em: 60", False), ("--me: 60", True)])
def test_a_formula_wider_than_the_paper_is_set_smaller(browser, says, is_cut):
    with Visit(browser, url(f"{MIXTURE}.html"), viewport=A4) as visit:
        visit.tab.emulate_media(media="print")
        visit.tab.locator("div.math:has(.eqno) .formula").first.evaluate(
            """(formula, says) => {
                formula.style.cssText = says;
                formula.querySelector("mjx-math").style.cssText = "display: block; width: 60em";
            }""",
            says,
        )
        assert bool(cut(visit.tab)) == is_cut


def test_a_formula_that_is_cut_is_seen(browser, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        '<!DOCTYPE html><div class="math" style="width: 90px"><div class="formula">'
        '<mjx-math style="display: block; width: 99px">x</mjx-math></div></div>',
        encoding="utf-8",
    )
    with Visit(browser, page.as_uri()) as visit:
        assert cut(visit.tab)


@needs_book
def test_one_document_holds_all_pages_and_leads_nowhere_else():
    document = one_document(HTML, CONFIG, [Part("", [MIXTURE]), Part("Last", [OU])])
    soup = BeautifulSoup(document, "html.parser")
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    assert len(ids) == len(set(ids)) > 100
    links = [link["href"] for link in soup.find_all("a", href=True)]
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    assert all(link.startswith(("#", "http")) for link in links)
    assert any(link.startswith("#book-langevin-mixture--") for link in links)
    for image in soup.find_all("img"):
        assert (HTML.parent / image["src"]).is_file()
    assert soup.title.get_text() == "The Lab & more"
    assert [words.get_text() for words in soup.select("nav.order p")] == ["Last"]


def test_the_contents_follow_the_toc():
    toc = {"root": "a", "parts": [{"caption": "I", "chapters": [{"file": "b"}, {"file": "c"}]}]}
    assert contents(toc) == [Part("", ["a"]), Part("I", ["b", "c"])]


def test_what_is_not_built_is_said_in_a_line(tmp_path, capsys):
    out = tmp_path / "book.pdf"
    assert main(["--html", str(tmp_path / "html"), "--out", str(out), "--only", "book/x"]) == 1
    said = capsys.readouterr().err
    assert "not built: book/x" in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_browser_that_is_not_there_is_said_in_a_line(tmp_path):
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "page.html").write_text("<article><h1>P</h1></article>", "utf-8")
    options = ["--html", str(tmp_path / "html"), "--only", "page"]
    done = subprocess.run(
        [sys.executable, printed.__file__, *options],
        env=os.environ | {"CHROMIUM": str(tmp_path / "nowhere")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "set CHROMIUM" in done.stderr
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["html"]


@pytest.mark.nightly
@needs_book
def test_the_pdf_holds_the_numbers_of_the_equations(tmp_path):
    if shutil.which("pdftotext") is None and not os.environ.get("CI"):
        pytest.skip("no pdftotext (Debian: poppler-utils)")
    text = {}
    for solutions in ([], ["--no-solutions"]):
        out = tmp_path / "book.pdf"
        options = ["--html", str(HTML), "--out", str(out), "--only", MIXTURE, *solutions]
        subprocess.run([sys.executable, printed.__file__, *options], check=True)
        done = subprocess.run(["pdftotext", str(out), "-"], capture_output=True, check=True)
        text[not solutions] = done.stdout.decode()
    page = BeautifulSoup((HTML / f"{MIXTURE}.html").read_text(encoding="utf-8"), "html.parser")
    solved = set(page.select(".solution .eqno"))
    for number in page.select(".eqno"):
        said = next(number.stripped_strings)
        assert said in text[True]
        assert said in text[False] or number in solved
    solution = page.select_one("details.solution summary").get_text()
    assert solution.split("(")[0].strip() in text[True]
    assert solution.split("(")[0].strip() not in text[False]
    assert "Copy" not in text[True]
    assert not list(Path(HTML.parent).glob(".*printed.html"))


def cut(tab) -> list[str]:
    """Formulas, tables, code and pictures that reach beyond the text, or into a number."""
    return tab.evaluate(
        """() => {
            const box = e => e.getBoundingClientRect();
            const edge = e => {
                const display = e.closest("div.math");
                const number = display?.querySelector(".eqno");
                if (number) return box(number).left;
                return box(display ?? document.querySelector("main") ?? document.body).right;
            };
            return [...document.querySelectorAll("mjx-math, table, pre, img")]
                .filter(e => e.checkVisibility() && box(e).right > edge(e) + 1)
                .map(e => e.outerHTML.slice(0, 120));
        }"""
    )
