"""Previews and search in headless Chromium, from disk: what readers do to find their way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from browsing import Visit
from test_browser import DESK, needs_book, url
from tiers import nightly_but

CHAPTER = "book/matching/denoising.html"
pytestmark = needs_book


@contextmanager
def searched(browser, query: str) -> Iterator[Visit]:
    """The page of results."""
    address = url("search.html") + "?q=" + query.replace(" ", "+")
    with Visit(browser, address, viewport=DESK) as visit:
        visit.tab.wait_for_function("document.querySelector('#search-results h2')?.innerText"
                                    " === 'Search Results'")  # fmt: skip
        yield visit


@pytest.fixture
def chapter(browser):
    with Visit(browser, url(CHAPTER), viewport=DESK) as visit:
        yield visit


def test_a_word_shows_its_definition_under_the_pointer_and_hides_it(chapter):
    word = chapter.tab.locator("article p > a.word[href*='#term-noise-kernel']").first
    word.hover()
    chapter.tab.wait_for_selector("#preview:visible")
    assert "noisy point" in chapter.tab.inner_text("#preview")
    assert word.get_attribute("aria-describedby") == "preview"
    chapter.tab.locator("#preview").hover()  # it stays while the pointer rests on it
    chapter.tab.wait_for_timeout(500)
    assert chapter.tab.locator("#preview").is_visible()
    chapter.tab.mouse.move(5, 5)
    chapter.tab.wait_for_selector("#preview", state="detached")
    assert word.get_attribute("aria-describedby") is None
    assert chapter.faults == []


def test_a_word_shows_its_definition_to_the_keyboard_and_escape_hides_it(chapter):
    chapter.tab.keyboard.press("Tab")  # from here on, focus comes from the keyboard
    chapter.tab.locator("article p > a.word[href*='#term-noise-kernel']").first.focus()
    chapter.tab.wait_for_selector("#preview:visible")
    assert "noisy point" in chapter.tab.inner_text("#preview")
    chapter.tab.keyboard.press("Escape")
    chapter.tab.wait_for_selector("#preview", state="detached")


def test_an_equation_of_the_page_is_shown_too(chapter):
    link = "article p a[href='#equation-eq-excess']:visible"  # others stand in boxes
    chapter.tab.locator(link).first.hover()
    chapter.tab.wait_for_selector("#preview:visible .formula")


def test_a_finger_sees_the_definition_first_and_follows_with_the_second_touch(browser):
    options = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
    with Visit(browser, url(CHAPTER), **options) as visit:
        word = visit.tab.locator("article p > a.word[href*='#term-noise-kernel']").first
        word.tap()
        visit.tab.wait_for_selector("#preview:visible")
        shown = visit.tab.locator("#preview")
        assert "noisy point" in shown.inner_text()
        box = shown.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert shown.locator("a.onward").get_attribute("href") == word.evaluate("a => a.href")
        visit.tab.locator("h1").tap()
        visit.tab.wait_for_selector("#preview", state="detached")
        word.tap()
        visit.tab.wait_for_selector("#preview:visible")
        word.tap()
        visit.tab.wait_for_url("**/glossary.html#term-noise-kernel")


def test_every_word_of_a_chapter_has_a_definition_to_show(chapter):
    count = chapter.tab.locator("article p > a.word").count()
    assert count >= 5
    shown = chapter.tab.evaluate(
        """() => [...document.querySelectorAll("article a.word")].map(a =>
            document.querySelector("template#words").content
                .querySelector(`[data-word="${CSS.escape(decodeURIComponent(a.hash.slice(1)))}"]`)
                ?.textContent.length ?? 0)"""
    )
    assert min(shown) > 40


QUERIES = [
    ("tweedie", "#equation-eq-tweedie-", "derivation"),
    ("eq-tweedie-tweedie", "#equation-eq-tweedie-tweedie", "step of a derivation"),
    ("dsm-equivalence", "#equation-eq-dsm-equivalence-noisy", "derivation"),
    ("Fokker-Planck", "#equation-eq-fokker-planck", "equation"),
    ("Fisher divergence closed form", "#equation-eq-fisher-gaussians-closed-form", "step"),
    ("reverse SDE", "#equation-eq-reverse-sde-reverse-sde", "step"),
    ("fig-floor", "#fig-floor", "figure"),
    ("responsibility", "#term-responsibility", "term"),
    ("ULA", "#term-ULA", "term"),  # not Itô's formula, which has its letters
    ("missing minus", "#ex-missing-minus", "exercise"),
    ("dsm_floor", "#scorelab.matching.dsm_floor", "function"),
]


@pytest.mark.parametrize("asked", nightly_but([QUERIES[i] for i in (5, 8)], QUERIES))
def test_search_leads_to_the_thing_itself(browser, asked):
    query, anchor, kind = asked
    with searched(browser, query) as visit:
        results = visit.tab.locator("#search-results li").evaluate_all(
            "items => items.map(i => [i.querySelector('a').href, i.innerText])"
        )
        found = [place for place, (href, _) in enumerate(results) if anchor in href]
        assert found, results[:5]
        assert found[0] < 5, results[:5]
        assert kind in results[found[0]][1]
        assert visit.faults == []
        visit.tab.goto(results[found[0]][0])
        target = visit.tab.url.partition("#")[2]
        assert visit.tab.evaluate("id => Boolean(document.getElementById(id))", target)


WORDS = [  # in both languages; the headings of sections; what one types into a terminal
    ("pip install", "teaching.html"),
    ("divergencia de Fisher", "laboratorio.html#p2-a-0-5-la-divergencia-de-fisher"),
    ("puntaje", "laboratorio.html"),
    ("niveles de ruido", "laboratorio.html#p2-c-0-75-niveles-de-ruido"),
    ("esquema de ruido", "laboratorio.html"),
    ("The whole law, in one jump", "ornstein-uhlenbeck.html#the-whole-law-in-one-jump"),
    ("What has it learned", "annealed-langevin.html#what-has-it-learned"),
]


@pytest.mark.parametrize("asked", nightly_but([WORDS[1], WORDS[5]], WORDS))
def test_search_finds_what_is_said(browser, asked):
    query, place = asked
    with searched(browser, query) as visit:
        links = visit.tab.locator("#search-results li a").evaluate_all(
            "all => all.map(a => a.href)"
        )
        assert any(place in link for link in links[:5]), links[:5]
        assert visit.faults == []


def test_a_word_comes_before_the_dozen_steps_that_prove_it(browser):
    with searched(browser, "tweedie") as visit:
        found = visit.tab.locator("#search-results li").all_inner_texts()
        steps = [place for place, text in enumerate(found) if "step of a derivation" in text]
        assert len(steps) >= 8
        assert any("term" in text for text in found[: steps[1]])


def test_on_a_phone_the_menu_holds_the_sections_of_the_page(browser):
    with Visit(browser, url(CHAPTER), viewport={"width": 390, "height": 844}) as visit:
        tab = visit.tab
        tab.click("#menu")
        tab.wait_for_selector("#sidebar .sections")  # it slides in
        sections = tab.locator("#sidebar .sections a:visible")
        beside = tab.locator("aside.contents > ul > li > a")
        assert sections.all_inner_texts() == beside.all_text_contents()
        target = sections.nth(3).get_attribute("href")
        sections.nth(3).click()
        tab.wait_for_selector("#sidebar", state="hidden")
        assert tab.get_attribute("#menu", "aria-expanded") == "false"
        tab.wait_for_function(
            "id => Math.abs(document.getElementById(id).getBoundingClientRect().top) < 200",
            arg=target[1:],
        )
        assert visit.faults == []


def test_the_sections_stand_beside_the_page_or_in_the_contents_of_the_book(chapter):
    for width, beside in ((1280, False), (1440, True)):
        chapter.tab.set_viewport_size({"width": width, "height": 900})
        assert chapter.tab.locator("aside.contents").is_visible() is beside
        assert chapter.tab.locator("#sidebar .sections").is_visible() is not beside
