"""Derivations leave their pages: what stands there, what is copied, what is downloaded.

``BOOK_HTML`` names another build than ``_build/html``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from functools import cache
from zipfile import ZipFile

import nbformat
import pytest
from browsing import Visit, violations
from bs4 import BeautifulSoup, Tag
from docutils.nodes import make_id
from html_checks import parsed
from playwright.sync_api import Page as Tab
from scorebook.lectures.exports import ALL, FORMS, Exports, file_name
from test_browser import DESK, HTML, PAGES, PHONE, needs_book, url
from tiers import nightly_but

import scorelab
from scorelab import derivations
from scorelab.__main__ import main
from scorelab.derivations import export
from scorelab.derivations.engine.proofs import recall
from scorelab.derivations.export.tex import excerpt

NAMES = derivations.available()
DAY = ["tweedie"]  # compared with its page by day
INDEX, MIXTURE = "book/reference/derivations.html", "book/langevin/mixture.html"
CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}


def soup(page: str) -> BeautifulSoup:
    return parsed(HTML / page, HTML).soup


@cache
def homes() -> dict[str, str]:
    """The page of each derivation: the one with its anchor."""
    anchor = re.compile(r'<div class="derivation\b[^>]* id="derivation-([\w-]+)"')
    found = [
        (name, page)
        for page in PAGES
        for name in anchor.findall((HTML / page).read_text(encoding="utf-8"))
    ]
    assert len(found) == len(dict(found)), found
    return dict(found)


def lines(page: str, name: str) -> list[Tag]:
    return soup(page).select(f'.takeaway[data-name="{name}"]')


def words(tag: Tag) -> str:
    return " ".join(tag.get_text(" ").split())


@needs_book
@pytest.mark.parametrize("name", nightly_but(DAY, NAMES))
def test_name_version_and_mark_stand_on_the_page(name):
    (page, *_), derivation = [homes()[name]], recall(name)
    count = Counter(step.checked for step in derivation.steps)
    for place in [*lines(page, name), *lines(INDEX, name)]:
        said = words(place.select_one(".what"))
        assert said.startswith(
            f"{name} version {scorelab.__version__} {len(derivation.steps)} steps"
        )
        assert f"{count['symbolic']} checked by algebra" in said
        assert (f"{count['numeric']} to 20 digits" in said) == bool(count["numeric"])
        assert (f"{count['cited']} cited" in said) == bool(count["cited"])
        assert f"{count['definition']} definition" in said
        assert place.select_one("a.name")["href"].endswith(f"#derivation-{name}")
        assert place.select_one("cite").get_text() == (
            f"{derivation.title} ({name}), from The Score Lab {scorelab.__version__}"
        )
    assert len(lines(INDEX, name)) == 1


@needs_book
@pytest.mark.parametrize("name", nightly_but(DAY, NAMES))
def test_a_line_leads_to_what_is_said_of_what_and_by_whom(name):
    for page in (homes()[name], INDEX):
        (link, *_) = lines(page, name)[0].select(f'.what a[href$="#statement-{name}"]')
        assert (HTML / page).parent.joinpath(link["href"].partition("#")[0]).resolve() in (
            (HTML / INDEX).resolve(),
            (HTML / INDEX).parent.resolve(),
        )
    fold, derivation = soup(INDEX).find(id=f"statement-{name}"), derivations.unchecked(name)
    listed = [words(item) for item in fold.select("li")]
    assert len(listed) == len(derivation.assumptions) + len(derivation.sources)
    for source, item in zip(reversed(derivation.sources), reversed(listed), strict=False):
        assert re.findall("[a-z]+", item) == re.findall("[a-z]+", source)
    assert fold.select("mjx-container")


@needs_book
@pytest.mark.nightly
def test_a_part_says_which_part_it_is():
    parts = 0
    for name, page in homes().items():
        steps = [step.name for step in derivations.unchecked(name).steps]
        anchors = {make_id(f"equation-eq-{name}-{step}"): step for step in steps}
        for line in lines(page, name):
            shown = [anchors[math["id"]] for math in line.parent.select("div.math[id]")]
            first, last = steps.index(shown[0]) + 1, steps.index(shown[-1]) + 1
            said = words(line.select_one(".part")) if line.select_one(".part") else ""
            if shown == steps:
                assert said == ""
            else:
                parts += 1
                which = f"step {first}" if first == last else f"steps {first}–{last}"
                assert said == f"here: {which} of {len(steps)}"
    assert parts  # the chapter on mixtures shows three


@needs_book
@pytest.mark.nightly
def test_the_index_lists_all_in_the_order_of_the_book_with_their_places():
    listed = [line["data-name"] for line in soup(INDEX).select(".catalogue .takeaway")]
    assert listed == NAMES
    for name, page in homes().items():
        (entry,) = lines(INDEX, name)
        chapter = entry.find_previous("h2")
        assert chapter.a["href"].endswith(page.removeprefix("book/"))
        assert words(entry.find_previous("h3")) == derivations.title(name)
        heading = entry.find_previous(class_="where").get_text()
        sections = [words(h).removesuffix("¶").strip() for h in soup(page).select("h2, h3")]
        assert heading in sections


@needs_book
@pytest.mark.parametrize("name", nightly_but(DAY, NAMES))
def test_what_is_copied_is_what_to_latex_gives(name):
    for page in (homes()[name], INDEX):
        (address, *others) = {line["data-latex"] for line in lines(page, name)}
        assert others == []
        script = (HTML / page).parent.joinpath(address).read_text("utf-8")
        assert json.loads(script.partition(" = ")[2].removesuffix(";\n")) == excerpt(recall(name))
    body = excerpt(recall(name))
    assert body[body.index(r"\subsection*") :].strip() in recall(name).to_latex()


@needs_book
@pytest.mark.parametrize("name", nightly_but(["tweedie"], ["mixture-score", "tweedie"]))
def test_the_keyboard_copies_all_and_one_equation_and_the_citation(browser, name):
    derivation = recall(name)
    with Visit(browser, url(homes()[name]), viewport=DESK, **CLIPBOARD) as visit:
        tab = visit.tab
        # It may stand in a box.
        tab.evaluate("document.querySelectorAll('details:not(.cite)').forEach(d => d.open = true)")
        line = f'#derivation-{name} .takeaway[data-name="{name}"]'
        assert pressed(tab, f"{line} .how > .copy") == excerpt(derivation)
        expect_said(tab, f"Copied: LaTeX of {name}")
        step = derivation.steps[0].name
        label = f"#equation-eq-{name}-{step}"
        assert pressed(tab, f"{label} > .copy") == derivation.tex(step)
        number = tab.locator(f"{label} .eqno").evaluate("e => e.firstChild.textContent")
        expect_said(tab, f"Copied: TeX of equation {number}")
        tab.locator(f"{line} summary").focus()
        tab.keyboard.press("Enter")
        assert name in pressed(tab, f"{line} cite + .copy")
        # Tab alone leads from the equation to its button, and from there on.
        tab.locator(f"{label} .headerlink").focus()
        tab.keyboard.press("Tab")
        reached = tab.evaluate("document.activeElement.parentElement.id")
        assert f"#{reached}" == label
        assert tab.evaluate("document.activeElement.matches('button.copy')")
        assert visit.faults == []


@needs_book
def test_every_displayed_formula_has_a_button_with_a_name_of_its_own(browser):
    page = homes()["ou-spectrum"]
    with Visit(browser, url(page), viewport=PHONE) as visit:
        shown = visit.tab.locator("article div.math")
        buttons = visit.tab.locator("article div.math > button.copy")
        assert shown.count() == buttons.count() > 50
        numbered = [text for text in buttons.all_text_contents() if "equation" in text]
        assert len(numbered) == len(set(numbered)) > 50


@needs_book
@pytest.mark.parametrize("page", nightly_but([MIXTURE], [INDEX, MIXTURE]))
def test_without_a_script_there_are_files_and_no_dead_button(browser, page):
    with Visit(browser, url(page), viewport=DESK, java_script_enabled=False) as visit:
        assert visit.tab.locator("article button").count() == 0
        line = visit.tab.locator(".takeaway").first
        assert line.locator("a[download]:visible").count() >= 5
        line.locator("summary").click()
        assert line.locator("cite").is_visible()


@needs_book
@pytest.mark.parametrize("scheme", nightly_but(["dark"], ["light", "dark"]))
def test_an_open_citation_is_accessible(browser, scheme):
    """The rest of the page is looked at in `test_browser.py`."""
    with Visit(browser, url(INDEX), viewport=PHONE, color_scheme=scheme) as visit:
        visit.tab.locator(".takeaway summary").first.click()
        assert visit.tab.evaluate("document.documentElement.scrollWidth") <= 391
        assert violations(visit.tab, of=".takeaway:has(details[open])") == {}


@needs_book
@pytest.mark.parametrize("name", nightly_but(DAY, NAMES))
def test_downloads_are_what_the_command_writes(name, tmp_path):
    for form, how in export.FORMATS.items():
        file = HTML / "derivations" / file_name(name, form)
        assert main(["derive", name, "--to", form, "--out", str(tmp_path / "own")]) == 0
        text = (tmp_path / "own").read_text(encoding="utf-8")
        assert file.read_text(encoding="utf-8") == text
        if how.extension == ".ipynb":
            nbformat.validate(nbformat.reads(text, as_version=4))
        if how.extension == ".py":
            compile(text, file.name, "exec")
        for page in (homes()[name], INDEX):
            for line in lines(page, name):
                links = [link["href"] for link in line.select(".how > a")]
                assert sum(link.endswith(f"/derivations/{file.name}") for link in links) == 1


@needs_book
def test_the_archive_holds_every_file():
    folder = HTML / "derivations"
    with ZipFile(folder / ALL) as archive:
        packed = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    # What is copied is the site's own: a script, of no use elsewhere.
    own = {folder / ALL, *(folder / "latex").iterdir()}
    files = [path for path in folder.rglob("*") if path.is_file() and path not in own]
    assert sorted(packed) == sorted(p.relative_to(folder).as_posix() for p in files)
    assert all(packed[p.relative_to(folder).as_posix()] == p.read_bytes() for p in files)
    assert export.MACROS_FILE in packed
    assert len(packed) == len(NAMES) * sum(map(len, FORMS.values())) + 1


def test_files_of_one_extension_have_names_of_their_own():
    files = [file_name(n, form, lang) for n in NAMES for lang in FORMS for form in FORMS[lang]]
    assert len(files) == len(set(files))
    assert file_name("tweedie", "latex") == "tweedie.tex"
    assert file_name("tweedie", "beamer") == "tweedie-beamer.tex"


def test_what_is_kept_is_found_again_and_what_is_damaged_is_made_anew(tmp_path):
    first = Exports(tmp_path)["ou-moments"]
    (kept,) = tmp_path.iterdir()
    written = kept.stat().st_mtime_ns
    assert Exports(tmp_path)["ou-moments"] == first
    assert kept.stat().st_mtime_ns == written
    kept.write_text("{", encoding="utf-8")
    assert Exports(tmp_path)["ou-moments"] == first


@needs_book
@pytest.mark.nightly
def test_every_displayed_formula_compiles_outside_the_book(tmp_path):
    """The TeX on the pages needs nothing of the book: no macro, no environment."""
    if shutil.which("pdflatex") is None and not os.environ.get("CI"):
        pytest.skip("no pdflatex (Debian: texlive-latex-recommended)")
    formulas = dict.fromkeys(
        tag.get_text().strip() for page in PAGES for tag in soup(page).select("div.math annotation")
    )
    assert len(formulas) > 300
    display = r"\begin\{(?:align|gather|equation|multline)"
    shown = (tex if re.match(display, tex) else f"\\[\n{tex}\n\\]" for tex in formulas)
    text = "\\documentclass{article}\\usepackage{amsmath,amssymb,mathtools}\\begin{document}\n"
    (tmp_path / "all.tex").write_text(text + "\n".join(shown) + "\n\\end{document}\n", "utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]


def pressed(tab: Tab, button: str) -> str:
    """What the clipboard holds after a button was pressed by keyboard."""
    tab.evaluate("navigator.clipboard.writeText('nothing')")
    tab.locator(button).focus()
    tab.keyboard.press("Enter")
    for _ in range(100):  # the LaTeX of a derivation is loaded first
        if (text := tab.evaluate("navigator.clipboard.readText()")) != "nothing":
            return text
        tab.wait_for_timeout(100)
    raise AssertionError(f"{button} copies nothing")


def expect_said(tab: Tab, text: str) -> None:
    said = "document.querySelector('body > [role=status]').textContent"
    tab.wait_for_function(f"text => {said} === text", arg=text)
