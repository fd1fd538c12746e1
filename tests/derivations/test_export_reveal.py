"""Derivations as slides in HTML: whole without a network, each step to be seen and read."""

import re
import subprocess
import sys
from pathlib import Path

import deck_checks
import pytest
from browsing import Visit, violations
from bs4 import BeautifulSoup
from deck_checks import ROOM
from html_checks import Page, loads_from_here, well_formed
from tiers import nightly_but

from scorelab import derivations
from scorelab.__main__ import main
from scorelab.derivations.engine.proofs import recall
from scorelab.derivations.export.decks import writer as maker

NAMES = derivations.available()
DAY = ["tweedie"]  # looked at by day
LARGEST = 400_000  # bytes of a deck
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def deck(tmp_path_factory):
    """A function that writes the deck of a derivation and returns its file."""
    folder = tmp_path_factory.mktemp("decks")

    def write(name: str, **options) -> Path:
        file = folder / f"{name}{'-'.join(map(str, options.values()))}.html"
        if not file.exists():
            text = recall(name).to_reveal(**options)
            file.write_text(text, encoding="utf-8")
        return file

    return write


@pytest.mark.parametrize("name", nightly_but(DAY, NAMES))
def test_every_step_is_on_a_slide_and_nothing_is_cut_off(browser, deck, name):
    file, derivation = deck(name), recall(name)
    assert file.stat().st_size < LARGEST
    with Visit(browser, file.as_uri(), viewport=ROOM) as visit:
        seen = deck_checks.slides(visit)
        assert deck_checks.complaints(seen) == []
        assert visit.faults == []
    steps = [derivation.tex(step.name) for step in derivation.steps]
    shown = [tex for slide in seen for tex in slide.formulas]
    assert shown[-len(steps) :] == steps  # the theorem's own stand before them
    text = "\n".join(slide.text for slide in seen)
    assert text.count("checked: symbolic") == sum(s.checked == "symbolic" for s in derivation.steps)
    assert f"{derivation.title} ({name}), from The Score Lab" in seen[0].text
    assert all(step.name in text for step in derivation.steps)


@pytest.mark.parametrize("name", nightly_but(DAY, NAMES))
def test_a_page_is_whole_and_loads_nothing(deck, name):
    page = Page(deck(name), deck(name).parent)
    assert loads_from_here(page) == []
    assert well_formed(page) == []
    assert not page.soup.select("link:not([href^='data:']), [src], script[type=module]")
    whole = BeautifulSoup(page.html, "html.parser")  # `Page` leaves out the insides of formulas
    assert len(whole.select(".derivation .formula math")) == len(recall(name).steps)
    outlines = {path["id"] for path in whole.select(".glyphs path")}
    assert {use["href"][1:] for use in whole.select("use")} == outlines


def test_paper_keeps_the_margins_of_every_slide(browser, deck):
    file = deck("tweedie")
    with Visit(browser, file.as_uri() + "?print-pdf", viewport=ROOM) as visit:
        sections = len(Page(file, file.parent).soup.select(".slides > section"))
        assert deck_checks.printed(visit, "print") == (sections, [])
        assert visit.faults == []


def test_overlays_uncover_reason_and_equation_one_after_the_other(browser, deck):
    file = deck("tweedie", overlays=True)
    second = re.split(r"[$]", recall("tweedie").steps[1].reason)[0].strip()
    with Visit(browser, file.as_uri() + "#/kernel", viewport=ROOM) as visit:
        visit.tab.wait_for_function("() => window.Reveal?.isReady()")
        counts = []
        for _ in range(4):
            slide = deck_checks.look(visit.tab)
            counts.append((len(slide.formulas), second in slide.text))
            visit.tab.keyboard.press("ArrowRight")
        assert counts == [(0, False), (1, False), (1, True), (2, True)]


def test_steps_symbols_and_how_many_share_a_slide(deck):
    part = recall("tweedie")["kernel":"noisy"]
    one = part.to_reveal(per_frame=1, symbols={"x": r"\mathbf{x}"})
    assert len(re.findall(r'class="derivation"', one)) == 3
    assert r"\mathbf{x}" in one
    with pytest.raises(ValueError, match="per_frame must be at least 1, got 0"):
        part.to_reveal(per_frame=0)


@pytest.mark.nightly
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility(browser, deck, scheme):
    file = deck("dsm-floor")
    for place in ("", "#/floor"):
        with Visit(browser, file.as_uri() + place, viewport=ROOM, color_scheme=scheme) as visit:
            visit.tab.wait_for_function("() => window.Reveal?.isReady()")
            assert violations(visit.tab) == {}


def test_it_is_read_without_scripts_and_on_a_phone(browser, deck):
    file = deck("tweedie")
    phone = {"viewport": {"width": 390, "height": 844}}
    for options in (phone, {"viewport": ROOM, "java_script_enabled": False}):
        with Visit(browser, file.as_uri(), **options) as visit:
            formulas = visit.tab.locator(".derivation .formula:visible")
            assert formulas.count() == len(recall("tweedie").steps)
            box = visit.tab.locator("main").bounding_box()
            assert box["width"] <= options["viewport"]["width"]
            assert box["height"] > 2 * 844
            assert visit.faults == []


@pytest.mark.parametrize("query", nightly_but([""], ["?print-pdf", ""]))
def test_it_prints_every_slide(browser, deck, query, tmp_path):
    file = deck("tweedie")
    with Visit(browser, file.as_uri() + query, viewport=ROOM) as visit:
        visit.tab.wait_for_function("() => window.Reveal?.isReady()")
        visit.tab.wait_for_timeout(500)
        printed = tmp_path / "deck.pdf"
        visit.tab.pdf(path=printed, prefer_css_page_size=True)
    text = subprocess.run(
        ["pdftotext", "-layout", printed, "-"], capture_output=True, text=True, check=True
    ).stdout
    steps = recall("tweedie").steps
    assert all(step.name in text for step in steps)
    assert text.count("checked: symbolic") == sum(s.checked == "symbolic" for s in steps)


def test_each_check_can_fail(browser, deck, tmp_path):
    whole = deck("tweedie").read_text(encoding="utf-8")
    faults = {
        "leaves the slide": '<p style="position: absolute; top: 900px">down</p>',
        "is cut off": f'<pre style="width: 90em">{"wide " * 100}</pre>',
        "is set at": "<p>line</p>" * 40,
    }
    for told, fault in faults.items():
        file = tmp_path / "deck.html"
        file.write_text(whole.replace('<div class="body">', f'<div class="body">{fault}', 1))
        with Visit(browser, file.as_uri(), viewport=ROOM) as visit:
            assert any(told in complaint for complaint in deck_checks.complaints(
                deck_checks.slides(visit)))  # fmt: skip


PACKAGES = ["quickjs", "sphinx-mathjax-offline", "sphinx-revealjs"]


@pytest.mark.parametrize("missing", nightly_but(PACKAGES[:1], PACKAGES))
def test_a_missing_package_is_named_with_the_command_that_installs_it(missing, tmp_path):
    hide = f"""
import importlib.metadata as metadata, sys
find = metadata.Distribution.from_name
def hidden(name):
    if name == {missing!r}:
        raise metadata.PackageNotFoundError(name)
    return find(name)
metadata.Distribution.from_name = hidden
if {missing!r} == "quickjs":
    sys.modules["quickjs"] = None
from scorelab.__main__ import main
sys.exit(main(["derive", "tweedie", "--to", "reveal", "--out", "deck.html"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", hide],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"need {missing}: pip install 'scorelab[decks]'" in done.stderr
    assert not list(tmp_path.iterdir())


def test_another_missing_module_is_not_taken_for_a_package(monkeypatch):
    def broken(*_, **__):
        raise ModuleNotFoundError("No module named 'nowhere'", name="nowhere")

    monkeypatch.setattr(maker, "reveal", broken)
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        recall("tweedie").to_reveal()


def test_the_command_writes_what_the_method_returns(capsys):
    assert main(["derive", "tweedie", "--to", "reveal", "--steps", "kernel"]) == 0
    part = recall("tweedie")["kernel":"kernel"]
    assert capsys.readouterr().out == part.to_reveal()


def test_a_deck_has_the_colours_of_the_book():
    colours = {}
    decks = ROOT / "scorelab/derivations/export/decks"
    for file in (ROOT / "book/theme/static/book.css", decks / "deck.css"):
        text = file.read_text(encoding="utf-8")
        colours[file.name] = dict(re.findall(r"--([\w-]+): (light-dark\(.*?\));", text))
    deck_colours, book = colours["deck.css"], colours["book.css"]
    assert deck_colours
    assert deck_colours == {name: book[name] for name in deck_colours}
