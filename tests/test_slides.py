"""The slides of every chapter: in the browser, slide by slide, and what an author may write.

``BOOK_HTML`` names another build than ``_build/html``.
"""

from __future__ import annotations

import os
from pathlib import Path

import deck_checks
import pytest
from browsing import Visit, violations
from bs4 import BeautifulSoup
from deck_checks import ROOM
from docutils import nodes
from html_checks import Page
from scorebook.lectures.slides import plan
from scorebook.lectures.slides.marks import slides
from scorebook.lectures.slides.plan import Choice, Item
from test_browser import broken_images, too_wide, wrong_palette
from tiers import nightly_but

ROOT = Path(__file__).resolve().parent.parent
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html")).resolve()
DECKS = sorted(path.relative_to(HTML).as_posix() for path in HTML.rglob("*-slides.html"))
MOST = 31  # slides that a lecture of 45 minutes has time for, the contents and definitions included
PHONE = {"width": 390, "height": 844}

needs_book = pytest.mark.skipif(
    not (HTML / "index.html").exists() and not os.environ.get("CI"),
    reason="the book is not built (make book)",
)


def url(deck: str) -> str:
    return (HTML / deck).as_uri()


@needs_book
def test_every_chapter_with_a_question_has_its_deck_and_links_to_it() -> None:
    asking = [
        page
        for page in sorted(HTML.rglob("*.html"))
        if 'id="the-question"' in page.read_text(encoding="utf-8")
    ]
    assert asking
    for page in asking:
        deck = page.with_name(f"{page.stem}-slides.html")
        assert deck.exists()
        tools = page.read_text(encoding="utf-8").partition('<div class="tools"')[2]
        assert f'href="{deck.name}"' in tools.partition("</div>")[0]
    assert len(DECKS) == len(asking)


@needs_book
@pytest.mark.parametrize("deck", nightly_but(DECKS[:1], DECKS))
def test_nothing_is_cut_off_and_a_lecture_has_time_for_it(browser, deck: str) -> None:
    with Visit(browser, url(deck), viewport=ROOM) as visit:
        seen = deck_checks.slides(visit)
        assert deck_checks.complaints(seen) == []
        assert 8 < len(seen) <= MOST
        assert visit.faults == []
    soup = BeautifulSoup((HTML / deck).read_text(encoding="utf-8"), "html.parser")
    written = [tag.get_text() for tag in soup.select(".body .formula annotation")]
    assert [tex for slide in seen for tex in slide.formulas] == written
    assert sum(slide.pictures for slide in seen) == len(soup.select("figure"))
    assert "✓" not in seen[0].text
    assert any("measured" in slide.name for slide in seen)
    assert seen[-1].name == "summary"


@needs_book
@pytest.mark.parametrize("deck", nightly_but(DECKS[:1], DECKS))
def test_a_deck_shows_what_its_chapter_shows(deck: str) -> None:
    """Every equation, figure and row is the page's; a deck adds nothing of its own."""
    page = HTML / deck.replace("-slides", "")
    deck_soup, page_soup = (Page(file, HTML).soup for file in (HTML / deck, page))
    for what in (".formula annotation", "figcaption", "table.measured tbody tr", "pre"):
        on_page = {" ".join(tag.get_text().split()) for tag in page_soup.select(what)}
        on_deck = {" ".join(tag.get_text().split()) for tag in deck_soup.select(f".body {what}")}
        assert {text.replace("#", "").rstrip("¶") for text in on_deck} <= {
            text.replace("#", "").rstrip("¶") for text in on_page
        }
    media = {tag["src"] for tag in deck_soup.select("img, video")}
    assert media
    assert media <= {tag["src"] for tag in page_soup.select("img, video")}


@needs_book
@pytest.mark.parametrize("deck", DECKS)
def test_a_deck_lists_its_contents_and_tells_the_speaker_what_it_proves(deck: str) -> None:
    soup = BeautifulSoup((HTML / deck).read_text(encoding="utf-8"), "html.parser")
    names = {section.get("id") for section in soup.select(".slides > section")}
    links = [link["href"].removeprefix("#/") for link in soup.select("#contents li a")]
    assert len(links) > 3
    assert set(links) <= names
    for section in soup.select("section:is(.derivation, .equation)"):
        assert section.select_one(".notes"), section["id"]
    titles = {title.get_text() for title in soup.select(".slides > section > h2")}
    assert not titles & {"The code", "The algorithm"}


@needs_book
@pytest.mark.parametrize("deck", nightly_but(DECKS[:1], DECKS))
def test_on_a_phone_in_the_dark(browser, deck: str) -> None:
    with Visit(browser, url(deck), viewport=PHONE, color_scheme="dark") as visit:
        visit.see_all()
        assert visit.faults == []
        assert too_wide(visit.tab) == []
        assert broken_images(visit.tab) == []
        assert wrong_palette(visit.tab, "dark") == []


@needs_book
@pytest.mark.parametrize("scheme", nightly_but(["light"], ["light", "dark"]))
@pytest.mark.parametrize("room", nightly_but([ROOM], [ROOM, PHONE]), ids=["room", "phone"])
@pytest.mark.parametrize("deck", nightly_but(DECKS[:1], DECKS[:3]))
def test_accessibility(browser, deck: str, room: dict, scheme: str) -> None:
    with Visit(browser, url(deck), viewport=room, color_scheme=scheme) as visit:
        for _ in range(1 if room is PHONE else 6):
            assert violations(visit.tab) == {}
            visit.tab.keyboard.press("ArrowRight")


def films() -> list[str]:
    return [deck for deck in DECKS if "<video" in (HTML / deck).read_text(encoding="utf-8")]


def to_the_film(visit: Visit) -> None:
    visit.tab.wait_for_function("() => window.Reveal?.isReady()")
    visit.tab.evaluate(
        """() => Reveal.slide(Reveal.getSlides().findIndex(s => s.querySelector("video")))"""
    )


@needs_book
def test_videos_run_while_they_are_shown_and_rest_for_those_who_ask(browser) -> None:
    for motion in ("no-preference", "reduce"):
        with Visit(browser, url(films()[0]), viewport=ROOM, reduced_motion=motion) as visit:
            tab = visit.tab
            tab.wait_for_function("() => window.Reveal?.isReady()")
            assert tab.evaluate(
                "() => [...document.querySelectorAll('video')].every(v => v.paused)"
            )
            to_the_film(visit)
            runs = "() => [...document.querySelectorAll('video')].filter(v => !v.paused).length"
            if motion == "reduce":
                tab.wait_for_timeout(500)
                assert tab.evaluate(runs) == 0
            else:
                tab.wait_for_function(f"() => ({runs})() === 1")  # of the light and the dark one
            assert tab.evaluate(
                """() => [...document.querySelectorAll('video')]
                    .every(v => v.poster && v.controls === v.paused)"""
            )


@needs_book
def test_a_film_has_its_bar_under_the_pointer_and_is_stopped_by_keyboard(browser) -> None:
    with Visit(browser, url(films()[0]), viewport=ROOM) as visit:
        tab = visit.tab
        to_the_film(visit)
        film = tab.locator("section.present video:visible")
        running = (
            "(n) => [...document.querySelectorAll('video')].filter(v => !v.paused).length === n"
        )
        tab.wait_for_function(running, arg=1)
        assert not film.evaluate("v => v.controls")
        film.hover()
        assert film.evaluate("v => v.controls")
        tab.mouse.move(2, 2)
        assert not film.evaluate("v => v.controls")
        for _ in range(20):
            if film.evaluate("v => v === document.activeElement"):
                break
            tab.keyboard.press("Tab")
        assert film.evaluate("v => v === document.activeElement && v.controls")
        before = tab.evaluate("() => Reveal.getIndices().h")
        for still_running in (0, 1):
            tab.keyboard.press("Space")
            tab.wait_for_function(running, arg=still_running)
        assert tab.evaluate("() => Reveal.getIndices().h") == before


@needs_book
@pytest.mark.parametrize("deck", nightly_but(DECKS[:1], DECKS))
def test_on_paper_every_slide_is_a_page_with_its_pictures(browser, deck: str) -> None:
    soup = BeautifulSoup((HTML / deck).read_text(encoding="utf-8"), "html.parser")
    with Visit(browser, url(deck) + "?print-pdf", viewport=ROOM, color_scheme="dark") as visit:
        for media in ("screen", "print"):
            assert deck_checks.printed(visit, media) == (len(soup.select(".slides > section")), [])
        assert visit.tab.evaluate(
            """() => [...document.querySelectorAll(".pdf-page")]
                .every(page => getComputedStyle(page).backgroundColor === "rgb(255, 255, 255)")"""
        )
        assert visit.faults == []


@needs_book
def test_links_lead_to_slides_and_the_theme_is_kept(browser) -> None:
    with Visit(browser, url(DECKS[0]), viewport=ROOM, color_scheme="light") as visit:
        tab = visit.tab
        tab.wait_for_function("() => window.Reveal?.isReady()")
        tab.click("#theme")
        tab.reload()
        assert tab.evaluate("() => document.documentElement.dataset.theme") == "dark"
        link = tab.locator('.body a[href^="#/"]').first
        name = link.get_attribute("href")[2:]
        link.evaluate("a => a.click()")
        tab.wait_for_function("name => Reveal.getCurrentSlide().id === name", arg=name)


@needs_book
def test_the_speaker_sees_notes(browser) -> None:
    with Visit(browser, url(DECKS[0]), viewport=ROOM) as visit:
        tab = visit.tab
        tab.wait_for_function("() => window.Reveal?.isReady()")
        tab.evaluate(
            """() => Reveal.slide(Reveal.getSlides().findIndex(s => s.querySelector(".notes")))"""
        )
        words = tab.evaluate("() => Reveal.getSlideNotes()")
        with visit.context.expect_page() as opened:
            tab.keyboard.press("s")
        speaker = opened.value
        speaker.wait_for_function(
            "() => document.querySelector('.speaker-controls-notes .value')?.textContent.trim()"
        )
        shown = speaker.inner_text(".speaker-controls-notes .value").split()
        plain = BeautifulSoup(words, "html.parser").get_text().split()
        assert shown[:3] == plain[:3]


@needs_book
def test_the_speaker_sees_the_next_slide_in_a_small_window(browser) -> None:
    """Its frame is narrower than a phone, and yet no phone."""
    with Visit(browser, url(DECKS[0]), viewport={"width": 1366, "height": 768}) as visit:
        tab = visit.tab
        tab.wait_for_function("() => window.Reveal?.isReady()")
        tab.evaluate("() => Reveal.slide(3)")
        with visit.context.expect_page() as opened:
            tab.keyboard.press("s")
        speaker = opened.value
        speaker.set_viewport_size({"width": 1366, "height": 768})
        frame = speaker.locator("#upcoming-slide iframe").element_handle().content_frame()
        assert frame.evaluate("() => innerWidth") < 600
        frame.wait_for_function("() => window.Reveal?.isReady() && Reveal.getIndices().h === 4")


def choice(*lines: str, without: bool = False) -> Choice:
    return Choice(slides(lines=list(lines), without=without))


def item(kind: str, name: str, step: tuple[str, str] = ("", "")) -> Item:
    return Item(kind, name, [], [nodes.paragraph("", "x")], step=step)


def test_a_list_names_what_is_shown_or_what_is_not() -> None:
    figure = item("figure", "fig-a")
    step = item("derivation", "eq-some-name-step", ("some-name", "step"))
    equation, marked = item("equation", "eq-b"), item("text", "any")
    everything = [figure, step, equation, marked]
    for lines, without, taken in [
        (None, False, [figure, step, marked]),
        (["fig-a"], False, [figure, marked]),
        (["eq-b"], False, [equation, marked]),
        (["some-name"], False, [step, marked]),
        (["some-name: step"], False, [step, marked]),
        (["some-name: other"], False, [marked]),
        (["some"], False, [marked]),
        (["fig-a"], True, [step, marked]),
        (["some-name"], True, [figure, marked]),
    ]:
        chosen = Choice(None) if lines is None else choice(*lines, without=without)
        assert [i for i in everything if chosen.takes(i)] == taken


def test_a_figure_has_the_title_that_the_list_gives_it() -> None:
    wanted = choice("fig-a: The weight $w$ is lost", "fig-b", "eq-c: Half")
    section = [nodes.Text("The code")]
    items = [item("figure", "fig-a"), item("figure", "fig-b"), item("equation", "eq-c")]
    for one in items:
        one.title = section
    first, second, third = wanted.entitle(items)
    assert [node.astext() for node in first.title] == ["The weight ", "w", " is lost"]
    assert first.kicker is second.title is section
    assert third.title[0].astext() == "Half"
    assert all(wanted.takes(one) for one in items)
    assert not wanted.unused


def of_tweedie(*steps: str) -> list[Item]:
    return [item("derivation", f"eq-tweedie-{s}", ("tweedie", s)) for s in steps]


def test_definitions_that_a_step_needs_are_brought_along(monkeypatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(plan.logger, "warning", lambda text, *what, **_: told.append(text % what))
    wanted = choice("tweedie: tweedie")
    items = of_tweedie("kernel", "spread", "noisy", "denoiser", "tweedie")
    taken = plan._taken_with_definitions(items, wanted)
    assert taken == [True, False, True, True, True]  # all but the spread
    assert told == []
    assert plan._taken_with_definitions(of_tweedie("kernel", "denoiser", "tweedie"), wanted)
    assert told == [
        "the slide of tweedie: tweedie uses what noisy defines, which the chapter does not show"
    ]


def test_the_speaker_is_told_what_a_deck_leaves_out() -> None:
    steps = of_tweedie("kernel", "noisy", "kernel-slope", "slope", "tweedie")
    for one in steps:
        one.title = steps[0].title
        one.content = [nodes.paragraph("", "Why"), nodes.math_block("", "x = 1")]
    shown = list(plan._grouped([steps[1], steps[4]]))
    notes = " ".join(note.astext() for one in shown for note in one.notes)
    assert "Left out before this" in notes
    assert "16/16" in notes
    assert all(one.notes for one in shown)


def test_a_derivation_that_is_typed_by_hand_is_shown_too() -> None:
    block = nodes.container("", nodes.paragraph("", "Why"), classes=["derivation"])
    block += nodes.math_block("", "x = 1", label="eq-by-hand")
    (only,) = plan._steps(block, [])
    assert (only.kind, only.name) == ("derivation", "eq-by-hand")


def test_rows_are_chosen_by_words_of_their_claims() -> None:
    claims = ["weight of mode 1", "weight of mode 2", "barrier"]
    assert choice("question").rows(claims) == [True, True, True]
    assert choice("measured: mode 2 | barrier").rows(claims) == [False, True, True]
    assert choice("measured: weight", without=True).rows(claims) == [False, False, True]


def test_what_is_nothing_in_the_chapter_is_told(caplog) -> None:
    told: list[str] = []

    class Ear:
        def warning(self, text: str, what: str, **_: object) -> None:
            told.append(text % what)

    wanted = choice("fig-a", "fig-none", "d: a none", "measured: mode | none")
    ear, plan.logger = plan.logger, Ear()
    try:
        wanted.takes(item("figure", "fig-a"))
        wanted.takes(item("derivation", "eq-d-a", ("d", "a")))
        wanted.takes(item("measured", "measured"))
        wanted.rows(["weight of mode 1"])
        wanted.complain()
    finally:
        plan.logger = ear
    assert told == [
        "no such slide: d: none",
        "no such slide: fig-none",
        "no such slide: measured: none",
    ]


def test_a_question_is_known_by_its_class_in_any_language() -> None:
    document = nodes.document(None, None)
    chapter = nodes.section("", nodes.title("", "Un capítulo"))
    question = nodes.section("", nodes.title("", "La pregunta"), classes=["question"])
    question += nodes.paragraph("", "¿Por qué?")
    chapter += question
    document += chapter
    (only,) = plan.items_of(document)
    assert only.kind == "question"
    assert only.title[0].astext() == "La pregunta"
    question["classes"] = []
    assert plan.items_of(document) == []
