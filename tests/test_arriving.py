"""A link to a place on a page shows that place, however much above it is laid out late."""

from __future__ import annotations

from pathlib import Path

import pytest
from browsing import Visit
from playwright.sync_api import Browser
from test_browser import DESK, HTML, PAGES, PHONE, needs_book
from tiers import nightly_but

CHAPTERS = [p for p in PAGES if p.startswith("book/") and (HTML / p).stat().st_size > 200_000]
# Late on the page, of every kind that links name, and inside of a fold too.
TARGETS = """() => ["div.math", "figure", ".exercise", ".solution .math", "section"]
    .map(kind => [...document.querySelectorAll(`.text ${kind}[id], .text ${kind} [id]`)].at(-1)?.id)
    .filter(Boolean)"""
WHERE = "id => document.getElementById(id).getBoundingClientRect().top"
AT_REST = """async id => {
    const target = document.getElementById(id);
    let before = null;
    for (let same = 0; same < 20;) {
        await new Promise(requestAnimationFrame);
        const now = target.getBoundingClientRect().top;
        same = now === before ? same + 1 : 0;
        before = now;
    }
    const end = scrollY + innerHeight >= document.documentElement.scrollHeight - 2;
    return {top: before, end, height: innerHeight};
}"""


def arrived(tab, name: str) -> bool:
    """At the top, below the bar of a phone; or anywhere on the last screen of a page."""
    place = tab.evaluate(AT_REST, name)
    return -2 <= place["top"] <= (place["height"] if place["end"] else 120)


@needs_book
@pytest.mark.parametrize("room", nightly_but([PHONE], [DESK, PHONE]), ids=["desk", "phone"])
@pytest.mark.parametrize("page", nightly_but(["book/matching/denoising.html"], CHAPTERS))
def test_an_address_shows_what_it_names(browser: Browser, page: str, room: dict) -> None:
    address = (Path(HTML) / page).as_uri()
    with Visit(browser, address, viewport=room) as visit:
        names = visit.tab.evaluate(TARGETS)
    assert names
    astray = []
    for name in names:
        with Visit(browser, f"{address}#{name}", viewport=room) as visit:
            if not arrived(visit.tab, name):
                astray.append((name, visit.tab.evaluate(WHERE, name)))
    assert astray == []


@needs_book
def test_a_link_on_the_page_arrives_and_lets_the_reader_go(browser: Browser) -> None:
    address = (Path(HTML) / "book/matching/denoising.html").as_uri()
    with Visit(browser, address, viewport=DESK) as visit:
        tab = visit.tab
        name = tab.evaluate(TARGETS)[1]
        tab.evaluate("id => { location.hash = id; }", name)
        assert arrived(tab, name)
        tab.mouse.move(700, 450)  # over the text: beside it the contents would scroll
        tab.mouse.wheel(0, -900)
        tab.wait_for_timeout(500)
        assert tab.evaluate(WHERE, name) > 500, "the page holds on to a reader who moves away"
