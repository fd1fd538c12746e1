"""A browser without a network, for the tests that look at pages. ``CHROMIUM`` names another one."""

from __future__ import annotations

import os
import shutil

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Request
from playwright.sync_api import Page as Tab

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Visit:
    """A page opened offline; what the browser complains about is kept."""

    def __init__(self, browser: Browser, url: str, **options: object):
        self.context = browser.new_context(offline=True, **options)
        self.tab: Tab = self.context.new_page()
        self.faults: list[str] = []
        self.tab.on("console", self._heard)
        self.tab.on("pageerror", lambda error: self.faults.append(f"exception: {error}"))
        self.tab.on("requestfailed", self._failed)
        self.tab.goto(url)

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def see_all(self) -> None:
        """Scrolls through the page, so that what waits for the reader's eye is loaded."""
        self.tab.evaluate(
            """async () => {
                for (let y = 0; y <= document.body.scrollHeight; y += 1200) {
                    scrollTo({top: y, behavior: "instant"});
                    await new Promise(done => setTimeout(done, 40));
                }
                await document.fonts.ready;
            }"""
        )

    def _failed(self, request: Request) -> None:
        # A browser that has enough of a film for now breaks the request off: no fault of ours.
        if (request.resource_type, request.failure) != ("media", "net::ERR_ABORTED"):
            self.faults.append(f"failed request: {request.url} ({request.failure})")

    def _heard(self, message: object) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"console {message.type}: {message.text}")


def violations(tab: Tab, of: str | None = None) -> dict[str, list[str]]:
    """What axe finds, by rule: on the page, or in the parts of it that a selector names."""
    options = {"resultTypes": ["violations"]}
    found = Axe().run(tab, of, options).response["violations"]
    return {v["id"]: [n["html"][:160] for n in v["nodes"][:3]] for v in found}
