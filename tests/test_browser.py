"""Every built page in headless Chromium, opened from disk with the network off.

``BOOK_HTML`` names another build than ``_build/html``.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from browsing import Visit, violations
from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab
from tiers import nightly_but

ROOT = Path(__file__).resolve().parent.parent
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html")).resolve()
PAGES = sorted(
    path.relative_to(HTML).as_posix()
    for path in HTML.rglob("*.html")
    if {"_static", "derivations", "lectures"}.isdisjoint(path.relative_to(HTML).parts[:1])
    and not path.name.endswith("-slides.html")  # see test_slides.py, test_lectures.py
    and "http-equiv" not in path.read_text(encoding="utf-8")[:300]
)
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}

needs_book = pytest.mark.skipif(
    not PAGES and not os.environ.get("CI"), reason="the book is not built (make book)"
)


def test_the_book_is_built() -> None:
    if os.environ.get("CI"):
        assert PAGES, f"no page below {HTML}"


# One page of each kind: by day these alone are looked at, not each of them in every way.
KINDS = [
    "book/index.html",
    "book/lab/laboratory.html",
    "book/langevin/mixture.html",
    "book/live.html",
    "book/reference/derivations.html",
    "book/teaching.html",
    "book/tour.html",
]


# Loading a page costs, so one visit looks at all that can be seen in it.


@needs_book
@pytest.mark.parametrize("page", nightly_but(KINDS, PAGES))
def test_page_on_a_desk(browser: Browser, page: str) -> None:
    with Visit(browser, url(page), viewport=DESK, color_scheme="light") as visit:
        visit.see_all()
        assert visit.tab.locator("mjx-merror, .math-error").count() == 0
        assert broken_images(visit.tab) == []
        assert nameless_controls(visit.tab) == []
        assert still_videos(visit.tab) == []
        assert visit.faults == []


@needs_book
@pytest.mark.parametrize("page", nightly_but(KINDS[1:4], PAGES))
def test_page_in_the_dark_on_a_phone(browser: Browser, page: str) -> None:
    with Visit(browser, url(page), viewport=PHONE, color_scheme="dark") as visit:
        visit.see_all()
        assert too_wide(visit.tab) == []
        assert wrong_palette(visit.tab, "dark") == []
        assert visit.faults == []


# axe takes longer than all the rest. From disk it reads the style sheets as scripts do, which is a
# fault of its own, so it has its own visit.
@needs_book
@pytest.mark.parametrize("page", nightly_but(KINDS[:3:2], PAGES))
def test_page_is_accessible(browser: Browser, page: str) -> None:
    with Visit(browser, url(page), viewport=DESK, color_scheme="light") as visit:
        visit.see_all()
        assert violations(visit.tab) == {}


@needs_book
@pytest.mark.nightly  # by day test_live_page.py looks at one
@pytest.mark.parametrize("page", PAGES)
def test_page_is_accessible_in_the_dark(browser: Browser, page: str) -> None:
    with Visit(browser, url(page), viewport=DESK, color_scheme="dark") as visit:
        visit.see_all()
        assert violations(visit.tab) == {}


FILMS = [page for page in PAGES if "<video" in (HTML / page).read_text("utf-8")]


@needs_book
@pytest.mark.parametrize("page", nightly_but(FILMS[:1], FILMS))
def test_videos_rest_for_those_who_ask(browser: Browser, page: str) -> None:
    with Visit(browser, url(page), viewport=DESK, reduced_motion="reduce") as visit:
        assert len(still_videos(visit.tab)) == visit.tab.locator("video:visible").count()


@needs_book
def test_theme_is_kept(browser: Browser) -> None:
    with Visit(browser, url(PAGES[0]), viewport=DESK, color_scheme="light") as visit:
        theme = "document.documentElement.dataset.theme"
        assert visit.tab.evaluate(theme) == "light"
        visit.tab.click("#theme")
        assert visit.tab.evaluate(theme) == "dark"
        # On a busy machine the choice reaches the disk after a reload at once has asked for it.
        kept = False
        for _ in range(20):
            visit.tab.reload()
            if kept := visit.tab.evaluate(theme) == "dark":
                break
            visit.tab.wait_for_timeout(250)
        assert kept


@needs_book
def test_search_finds_a_word(browser: Browser) -> None:
    with Visit(browser, url("search.html") + "?q=score", viewport=DESK) as visit:
        visit.tab.wait_for_selector("#search-results li a", timeout=10_000)
        assert visit.faults == []


@needs_book
def test_copying_an_equation_gives_its_tex(browser: Browser) -> None:
    with_math = [p for p in PAGES if '<div class="math' in (HTML / p).read_text(encoding="utf-8")]
    if not with_math:
        pytest.skip("no displayed equation yet")
    with Visit(browser, url(with_math[0]), viewport=DESK) as visit:
        tex = visit.tab.locator("div.math annotation").first.text_content().strip()
        copied = visit.tab.evaluate(
            """() => {
                getSelection().selectAllChildren(document.querySelector("div.math"));
                const clipboardData = new DataTransfer();
                const event = new ClipboardEvent("copy", {clipboardData, cancelable: true});
                document.dispatchEvent(event);
                return event.clipboardData.getData("text/plain");
            }"""
        )
        assert copied == f"$$\n{tex}\n$$"


SICK = [
    ('<img src="data:,">', lambda v: "image-alt" in violations(v.tab)),
    ("<script>console.warn('x')</script>", lambda visit: visit.faults),
    ("<script>throw new Error('x')</script>", lambda visit: visit.faults),
    ('<script src="nowhere.js"></script>', lambda visit: visit.faults),
    ('<img src="nowhere.png" alt="x">', lambda visit: broken_images(visit.tab)),
    ('<div style="width: 500px; height: 1px"></div>', lambda visit: too_wide(visit.tab)),
    ("<button></button>", lambda visit: nameless_controls(visit.tab)),
    ('<a href="#x"></a>', lambda visit: nameless_controls(visit.tab)),
    ('<video class="scorelab-video" src="x.mp4"></video>', lambda visit: still_videos(visit.tab)),
    ('<video src="nowhere.mp4"></video>', lambda visit: visit.faults),
    ('<img class="only-light" alt="x">', lambda visit: wrong_palette(visit.tab, "dark")),
]


@pytest.mark.parametrize(("fault", "check"), SICK, ids=[fault for fault, _ in SICK])
def test_each_check_can_fail(browser: Browser, tmp_path: Path, fault: str, check) -> None:
    page = tmp_path / "page.html"
    whole = '<!DOCTYPE html><meta name="viewport" content="width=device-width"><p>Well.</p>'
    page.write_text(whole, encoding="utf-8")
    with Visit(browser, page.as_uri(), viewport=PHONE) as visit:
        assert not check(visit)
    page.write_text(whole + fault, encoding="utf-8")
    with Visit(browser, page.as_uri(), viewport=PHONE) as visit:
        visit.tab.wait_for_timeout(100)
        assert check(visit)


def url(page: str) -> str:
    return (HTML / page).as_uri()


def broken_images(tab: Tab) -> list[str]:
    """Visible pictures that did not arrive."""
    return tab.evaluate(
        """async () => {
            const shown = [...document.images].filter(i => getComputedStyle(i).display !== "none");
            shown.forEach(i => { i.loading = "eager"; });
            await Promise.allSettled(shown.map(i => i.decode()));
            return shown.filter(i => !i.naturalWidth).map(i => i.outerHTML.slice(0, 160));
        }"""
    )


def too_wide(tab: Tab) -> list[str]:
    """What makes the page wider than the screen: no box may leave it but in its own scroll box."""
    return tab.evaluate(
        """() => {
            const limit = innerWidth + 1;
            if (document.documentElement.scrollWidth <= limit) return [];
            return ["page: " + document.documentElement.scrollWidth].concat(
                [...document.body.querySelectorAll("*")]
                    .filter(e => e.getBoundingClientRect().right > limit)
                    .slice(0, 5).map(e => e.outerHTML.slice(0, 120)));
        }"""
    )


def wrong_palette(tab: Tab, scheme: str) -> list[str]:
    """Figures that have two palettes and show the other one."""
    other = {"dark": "light", "light": "dark"}[scheme]
    return tab.evaluate(
        """([right, wrong]) => {
            const hidden = e => getComputedStyle(e).display === "none";
            return [
                ...[...document.querySelectorAll(wrong)].filter(e => !hidden(e)),
                ...[...document.querySelectorAll(right)].filter(hidden),
            ].map(e => e.outerHTML.slice(0, 160));
        }""",
        [f".only-{scheme}", f".only-{other}"],
    )


def nameless_controls(tab: Tab) -> list[str]:
    """Links, buttons, fields, videos and focusable boxes without an accessible name."""
    return tab.evaluate(
        """() => [...document.querySelectorAll(
                "a[href], button, input, select, textarea, summary, video")]
            .filter(e => {
                const labels = [...(e.labels ?? [])].map(l => l.textContent).join("");
                const image = e.querySelector("img[alt]")?.alt ?? "";
                const name = e.getAttribute("aria-label") ?? "";
                return !(name + labels + image + e.textContent + (e.title ?? "")).trim();
            })
            .map(e => e.outerHTML.slice(0, 160))"""
    )


def still_videos(tab: Tab) -> list[str]:
    """Videos whose time does not advance while they are on screen."""
    still = []
    for video in tab.locator("video:visible").all():
        began = video.evaluate("v => v.currentTime")
        for _ in range(15):  # up to three seconds, on a busy machine
            # Again and again: what stands above gets its true height when it is first drawn.
            video.scroll_into_view_if_needed()
            tab.wait_for_timeout(200)
            if video.evaluate("v => v.currentTime") != began:
                break
        else:
            still.append(video.evaluate("v => v.outerHTML.slice(0, 160)"))
    return still
