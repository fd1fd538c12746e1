"""What a deck must be, slide by slide, measured in the browser."""

from __future__ import annotations

from dataclasses import dataclass

from browsing import Visit
from playwright.sync_api import Page as Tab

ROOM = {"width": 1280, "height": 720}
SMALLEST = 0.7  # of its size is the text of a slide that is full
LOOK = """() => {
    const section = Reveal.getCurrentSlide();
    const frame = section.getBoundingClientRect();
    const body = section.querySelector(".body");
    const shown = e => e.checkVisibility({visibilityProperty: true});
    const all = what => [...section.querySelectorAll(what)].filter(shown);
    const told = e => (e.textContent || e.outerHTML).trim().slice(0, 60);
    const inside = e => {
        const box = e.getBoundingClientRect();
        return box.left > frame.left - 1 && box.right < frame.right + 1
            && box.top > frame.top - 1 && box.bottom < frame.bottom + 1;
    };
    const parts = "h2, p, li, .formula, mjx-container, img, video, figcaption, table, td, pre";
    const boxes = ".formula, .table-scroll, pre, span.math.wide";
    return {
        name: section.id,
        outside: all(parts).filter(e => !e.closest(".notes") && !inside(e)).map(told),
        cut: [
            ...all(boxes).filter(e => e.scrollWidth > e.clientWidth + 1).map(told),
            ...(body.scrollHeight > body.clientHeight + 1 ? ["the slide"] : []),
        ],
        formulas: all(".formula").map(e => e.querySelector("annotation").textContent),
        pictures: all("figure").length,
        doubled: all("figure")
            .filter(e => [...e.querySelectorAll("img, video")].filter(shown).length !== 1)
            .map(told),
        unseen: all("img, video").filter(e => e.clientHeight < 150).map(told),
        fit: Number(section.style.getPropertyValue("--fit") || 1),
        text: section.innerText.trim(),
    };
}"""

PRINTED = """() => [...document.querySelectorAll(".pdf-page")].map(page => {
    const section = page.querySelector("section");
    const body = section.querySelector(".body");
    const media = [...section.querySelectorAll("figure")].map(figure =>
        [...figure.querySelectorAll("img, video")].filter(e => e.checkVisibility()));
    const faults = [];
    const {paddingTop, paddingLeft, paddingRight, paddingBottom} = getComputedStyle(section);
    if ([paddingTop, paddingLeft, paddingRight, paddingBottom].some(p => parseFloat(p) < 40))
        faults.push("no margin");
    if (media.some(shown => shown.length !== 1 || shown[0].tagName !== "IMG"))
        faults.push("not one picture a figure");
    if (media.flat().some(image => image.clientHeight < 150 || !image.naturalWidth))
        faults.push("a picture is not there");
    if (section.offsetHeight > page.clientHeight + 1 || page.clientHeight > 760)
        faults.push("not one page");
    if (body.scrollHeight > body.clientHeight + 1) faults.push("the slide is cut off");
    return [section.id, faults];
})"""


@dataclass(frozen=True)
class Seen:
    """One slide as it is shown.

    Attributes:
        name: Its name in the address bar.
        outside: What leaves the slide.
        cut: What is cut off or has to be scrolled.
        formulas: The TeX of each displayed formula.
        pictures: How many figures and videos.
        doubled: Figures of which not exactly one picture is shown.
        unseen: Pictures too small to be seen.
        fit: The size of its text, 1 unless the slide is too full for that.
        text: What is on it.
    """

    name: str
    outside: list[str]
    cut: list[str]
    formulas: list[str]
    pictures: int
    doubled: list[str]
    unseen: list[str]
    fit: float
    text: str


def slides(visit: Visit) -> list[Seen]:
    """Walk through the deck by keyboard, from the first slide to the last, fragments included."""
    tab = visit.tab
    tab.wait_for_function("() => window.Reveal?.isReady()")
    tab.evaluate("() => document.fonts.ready")
    seen = [look(tab)]
    while not tab.evaluate("() => Reveal.isLastSlide() && !Reveal.availableFragments().next"):
        before = tab.evaluate("() => JSON.stringify(Reveal.getState())")
        tab.keyboard.press("ArrowRight")
        assert tab.evaluate("() => JSON.stringify(Reveal.getState())") != before, "a dead key"
        now = look(tab)
        # A fragment more is the same slide.
        seen[-1 if now.name == seen[-1].name and now.name else len(seen) :] = [now]
    return seen


def look(tab: Tab) -> Seen:
    """The slide on screen, when all that fades in is there."""
    tab.evaluate(
        """async () => {
            await new Promise(requestAnimationFrame);
            const fading = Reveal.getCurrentSlide().getAnimations({subtree: true});
            await Promise.allSettled(fading.map(fade => fade.finished));
            const shown = [...Reveal.getCurrentSlide().querySelectorAll("img")]
                .filter(image => image.checkVisibility());
            await Promise.all(shown.map(image => image.decode()));
        }"""
    )
    return Seen(**tab.evaluate(LOOK))


def printed(visit: Visit, media: str = "screen") -> tuple[int, list[tuple[str, list[str]]]]:
    """How many pages `?print-pdf` lays a deck out on, and what is wrong with which of them."""
    tab = visit.tab
    tab.wait_for_function(
        """() => document.querySelector(".pdf-page")
            && !document.querySelector("img[loading=lazy]")"""
    )
    tab.emulate_media(media=media)  # which twin of a picture is shown depends on it
    tab.evaluate(
        """() => Promise.allSettled([...document.images]
            .filter(image => image.checkVisibility()).map(image => image.decode()))"""
    )
    pages = tab.evaluate(PRINTED)
    return len(pages), [(name, faults) for name, faults in pages if faults]


def complaints(seen: list[Seen]) -> list[str]:
    """What is wrong with the slides; empty if all is well."""
    found = []
    for slide in seen:
        found += [f"{slide.name}: {what!r} leaves the slide" for what in slide.outside]
        found += [f"{slide.name}: {what!r} is cut off" for what in slide.cut]
        found += [f"{slide.name}: {what!r} is too small" for what in slide.unseen]
        found += [f"{slide.name}: {what!r} has not one picture" for what in slide.doubled]
        if slide.fit < SMALLEST:
            found.append(f"{slide.name}: its text is set at {slide.fit}")
    return found
