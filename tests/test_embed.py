"""A live figure in a page of somebody else's: the code that is copied, and what it shows there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from audit.server import serving
from browsing import violations
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, FrameLocator
from playwright.sync_api import Page as Tab
from test_browser import DESK, HTML, PHONE, needs_book, url

FRAME = "iframe[title^='Live figure']"
LAB = "document.querySelector('score-lab')"
HERE = """<!DOCTYPE html><html lang="en"><link rel="icon" href="data:,"><title>A course</title>
<h1>A course</h1>"""
pytestmark = needs_book


@pytest.fixture(scope="module")
def book() -> Iterator[str]:
    """The address of the book, on a server of its own."""
    with serving(HTML) as address:
        yield address


def copied(browser: Browser, address: str, change: str = "") -> str:
    """The code that *Embed* gives on the page of the live figure, after a change of its state."""
    tab = browser.new_page(viewport=DESK)
    tab.goto(address)
    tab.wait_for_function(f"{LAB}?.player?.run")
    tab.evaluate("navigator.clipboard.writeText = async text => { window.copied = text; }")
    tab.evaluate(change or "0")
    tab.get_by_role("button", name="Embed").click()
    tab.wait_for_function("window.copied")
    code = tab.evaluate("window.copied")
    assert "Copied" in tab.locator("score-lab [role=status]").inner_text()
    tab.close()
    return code


class Foreign:
    """A page of another site that holds the code, and what it asked for."""

    def __init__(self, browser: Browser, folder: Path, code: str, **options: object) -> None:
        (folder / "index.html").write_text(f"{HERE}{code}", encoding="utf-8")
        self.context = browser.new_context(**{"viewport": DESK, **options})
        self.tab: Tab = self.context.new_page()
        self.asked: list[str] = []
        self.faults: list[str] = []
        self.tab.on("request", lambda request: self.asked.append(request.url))
        self.tab.on("pageerror", lambda error: self.faults.append(str(error)))
        self.tab.on(
            "console",
            lambda m: m.type in ("error", "warning") and self.faults.append(m.text),
        )
        self._served = serving(folder)
        self.tab.goto(self._served.__enter__())

    def __enter__(self) -> Foreign:
        # A frame below the screen waits; this one is seen.
        self.tab.locator(FRAME).scroll_into_view_if_needed()
        self.figure.locator(".live-play").wait_for()
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()
        self._served.__exit__(None, None, None)

    @property
    def figure(self) -> FrameLocator:
        return self.tab.frame_locator(FRAME)

    def told(self, question: str) -> object:
        """What a script in the frame answers."""
        [frame] = self.tab.frames[1:]
        return frame.evaluate(question)


def test_the_copied_code_works_in_a_page_of_another_site(browser, book, tmp_path):
    """It names the site where it was copied, and lets the figure fill the screen."""
    code = copied(browser, f"{book}book/live.html")
    [frame] = BeautifulSoup(code, "html.parser").select("iframe")
    assert frame["src"] == f"{book}embed.html#far-mode"
    assert frame["title"] == "Live figure: Far mode never reached"
    assert "fullscreen" in frame["allow"].split("; ")
    with Foreign(browser, tmp_path, code) as page:
        assert urlsplit(page.tab.url).port != urlsplit(book).port
        page.figure.get_by_role("button", name="Pause").click()
        assert page.told(f"{LAB}.player.run.taken") > 0
        assert page.told(f"{LAB}.settings.preset") == "far-mode"
        page.figure.get_by_label("Full screen").click()
        page.tab.wait_for_function("document.fullscreenElement?.tagName === 'IFRAME'")
        assert page.told(f"document.fullscreenElement === {LAB}")
        assert page.faults == []


def test_nothing_but_its_own_files_is_loaded(browser, book, tmp_path):
    with Foreign(browser, tmp_path, copied(browser, f"{book}book/live.html")) as page:
        page.tab.wait_for_timeout(500)
        foreign = [a for a in page.asked if not a.startswith((book, page.tab.url))]
        assert foreign == []
        files = {urlsplit(a).path for a in page.asked if a.startswith(book)}
        fonts = {file for file in files if file.startswith("/_static/fonts/")}
        own = {"/embed.html", *(f"/_static/{f}" for f in ("book.css", "live.css", "live.js"))}
        assert own <= files
        assert files - fonts - {"/_static/favicon.svg"} == own


def test_the_state_goes_along(browser, book, tmp_path):
    change = f"{LAB}.load(ScoreLab.complete('reverse')); {LAB}.set({{n: 250, T: 4, seed: 12}})"
    code = copied(browser, f"{book}book/live.html", change)
    with Foreign(browser, tmp_path, code) as page:
        settings = page.told(f"{LAB}.settings")
        assert (settings["preset"], settings["n"], settings["T"]) == ("reverse", 250, 4)


@pytest.mark.parametrize(
    ("hash_", "preset"),
    [("#mala", "mala"), ("", "far-mode"), ("#nonsense", "far-mode"), ("#%E0%A4%A", "far-mode")],
)
def test_an_address_names_a_preset_or_gets_the_first(browser, book, hash_, preset):
    tab = browser.new_page()
    tab.goto(f"{book}embed.html{hash_}")
    tab.wait_for_function(f"{LAB}?.player?.run")
    assert tab.evaluate(f"{LAB}.settings.preset") == preset
    tab.evaluate("location.hash = 'reverse'")
    tab.wait_for_function(f"{LAB}.settings.preset === 'reverse'")
    tab.close()


@pytest.mark.parametrize(("width", "height"), [(760, 640), (1100, 800), (480, 900)])
def test_it_fills_its_frame_whatever_its_size(browser, book, tmp_path, width, height):
    code = f"<iframe src='{book}embed.html#far-mode' title='Live figure' allow='fullscreen'"
    with Foreign(browser, tmp_path, f"{code} width={width} height={height}></iframe>") as page:
        page.tab.wait_for_timeout(200)
        wide, high, across = page.told(
            f"""(() => {{
                const main = document.querySelector("main");
                return [{LAB}.getBoundingClientRect().width / innerWidth,
                        main.scrollHeight / innerHeight, main.scrollWidth - main.clientWidth];
            }})()"""
        )
        assert wide == pytest.approx(1, abs=0.03)  # a scroll bar
        assert across == 0
        if width > 640:
            assert high == pytest.approx(1, abs=0.01)
        box = page.told(f"{LAB}.stage.getBoundingClientRect().toJSON()")
        assert box["height"] > 0.3 * height


def test_without_permission_no_button_promises_the_full_screen(browser, book, tmp_path):
    code = f"<iframe src='{book}embed.html' title='Live figure' width=700 height=600></iframe>"
    with Foreign(browser, tmp_path, code) as page:
        assert not page.figure.get_by_label("Full screen").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_light_and_dark_or_what_the_address_says(browser, book, scheme):
    papers = {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 23, 30)"}
    context = browser.new_context(color_scheme=scheme, viewport=PHONE)
    tab = context.new_page()
    for query, expected in (("", scheme), ("?theme=light", "light"), ("?theme=dark", "dark")):
        tab.goto(f"{book}embed.html{query}#mala")
        tab.wait_for_function(f"{LAB}?.player?.run")
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == papers[expected]
        tab.click(".live-more > summary")
        assert violations(tab) == {}
    context.close()


def test_it_works_from_disk(browser, tmp_path):
    """A page on disk, and the book on disk: as for a lecture without a network."""
    code = copied(browser, url("book/live.html"))
    (tmp_path / "talk.html").write_text(f"{HERE}{code}", encoding="utf-8")
    tab = browser.new_page(viewport=DESK)
    tab.goto((tmp_path / "talk.html").as_uri())
    tab.frame_locator(FRAME).locator(".live-play").wait_for()
    [frame] = tab.frames[1:]
    frame.wait_for_function(f"{LAB}.player.run.taken > 0")
    tab.close()
