"""Formulas and tables on a phone: set smaller, broken into lines, and only then scrolled."""

from __future__ import annotations

import re

import pytest
from browsing import Visit
from scorebook.pages.breaking import breakable
from scorebook.pages.mathematics import MACROS, SMALLEST, _box
from test_browser import HTML, PAGES, PHONE, needs_book, url

from scorelab.derivations.printing.typesetter import Typesetter

SCROLLING = 0.03  # at most so many of all displayed formulas scroll
WITH_FORMULAS = [page for page in PAGES if 'class="math' in (HTML / page).read_text("utf-8")]
OPEN = """() => {
    const style = document.createElement("style");
    style.textContent = "* { content-visibility: visible !important }";
    document.head.append(style);
    document.querySelectorAll("details").forEach(fold => { fold.open = true; });
}"""


@pytest.fixture(scope="module")
def typesetter() -> Typesetter:
    return Typesetter(MACROS)


def parts(html: str) -> list[str]:
    """What stands in the innermost parts, as characters."""
    found = re.findall(r"<mjx-part>((?:(?!</?mjx-part>).)*)</mjx-part>", html)
    return [
        "".join(chr(int(code, 16)) for code in re.findall(r"mjx-c([0-9A-F]+)", part))
        for part in found
    ]


@pytest.mark.parametrize(
    ("tex", "lines"),
    [
        ("a = b + c - d", ["𝑎", "=𝑏", "+𝑐", "−𝑑"]),
        ("f(a + b) = -c", ["𝑓(𝑎", "+𝑏)", "=−𝑐"]),
        (r"a = b, \qquad c \sim d", ["𝑎", "=𝑏,", "𝑐", "∼𝑑"]),
        (r"2 \left( a - b \right)^2 < p(x \mid y)", ["2(𝑎", "−𝑏)2", "<𝑝(𝑥∣𝑦)"]),
        (r"\begin{aligned} a &= b \\ &= c + d \end{aligned}", ["𝑎", "=𝑏", "=𝑐", "+𝑑"]),
        (r"\frac{a + b}{c}", ["𝑎+𝑏𝑐"]),
    ],
)
def test_a_formula_may_break_at_its_signs(typesetter, tex, lines):
    html = breakable(typesetter(tex, display=True).html)
    assert parts(html) == lines


def test_nothing_is_lost_but_what_holds_a_row(typesetter):
    html = typesetter(r"a = \left( b + \frac{c}{d} \right) + \sqrt{e}", display=True).html
    taken = re.compile(r"</?mjx-(?:part|mrow)\b[^>]*>| space=\"\d\"")
    assert taken.sub("", breakable(html)) == taken.sub("", html)


def test_a_box_says_how_wide_its_formula_is_if_that_may_matter():
    assert "--em" not in _box("<mjx-math></mjx-math>", 12.0, "")
    assert "--em:14.2" in _box("<mjx-math></mjx-math>", 14.2, "")
    table = "<mjx-math><mjx-mtable></mjx-mtable></mjx-math>"
    assert f"stack{17}" in _box(table, 16.5 / SMALLEST, "")


@needs_book
def test_hardly_a_formula_scrolls_on_a_phone_and_no_measurement_is_cut(browser):
    seen, scrolling, cut = 0, [], []
    for page in WITH_FORMULAS:  # a share of all: two pages have more than theirs
        with Visit(browser, url(page), viewport=PHONE) as visit:
            visit.tab.evaluate(OPEN)
            visit.tab.evaluate("() => document.fonts.ready.then(() => true)")
            boxes = visit.tab.evaluate(
                """() => [...document.querySelectorAll("div.math .formula")].map(f =>
                    [f.scrollWidth > f.clientWidth, f.tabIndex === 0,
                     f.querySelector("annotation").textContent])"""
            )
            cut += visit.tab.evaluate(
                """() => [...document.querySelectorAll(".table-scroll:has(> table.measured)")]
                    .filter(box => box.scrollWidth > box.clientWidth + 1)
                    .map(box => box.innerText.slice(0, 200))"""
            )
        seen += len(boxes)
        scrolling += [(page, tex) for scrolls, _, tex in boxes if scrolls]
        assert [tex for scrolls, reached, tex in boxes if scrolls and not reached] == []
    assert cut == []
    assert len(scrolling) <= SCROLLING * seen, scrolling
