"""The page for lecturers: its minutes are counted, its plans add up, its listings work."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from bs4 import BeautifulSoup
from docutils import nodes
from latex_log import sticking_out
from sample import PARTS, ROOT, Book
from scorebook.lectures import minutes, timetables
from tiers import nightly_but

from scorelab import derivations

PAGE = ROOT / "book/teaching.md"
SITE = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))


# What is counted


def element(kind: str, *children: nodes.Node, **attributes) -> nodes.Element:
    """A node with these children."""
    node = getattr(nodes, kind)("", **attributes)
    node += list(children)
    return node


def words(n: int) -> nodes.paragraph:
    return element("paragraph", nodes.Text("word " * n))


def formula(label: str = "") -> nodes.math_block:
    return nodes.math_block("x", "x", label=label or None)


def step(label: str) -> nodes.math_block:
    return nodes.math_block("x", "x", label=label, derivation="a", step=label)


def code(lines: int) -> nodes.literal_block:
    text = "\n".join(["x = 1"] * lines)
    return nodes.literal_block(text, text)


def cell(output: list[nodes.Node], *tags: str, lines: int = 4) -> nodes.container:
    source = element("container", code(lines), nb_element="cell_code_source")
    shown = element("container", *output, nb_element="cell_code_output")
    return element("container", source, shown, nb_element="cell_code", classes=["cell", *tags])


def page(*children: nodes.Node, kind: str = "") -> nodes.document:
    section = element("section", nodes.title("", "Uno"), *children, ids=["one"], classes=[kind])
    tree = nodes.document(None, None)
    tree += element("section", nodes.title("", "Page"), words(50), section)
    return tree


def counted(*children: nodes.Node) -> dict[str, int]:
    (section,) = minutes.sections(page(*children))
    return {what: n for what, n in section.count.items() if n}


def test_what_a_section_holds_is_counted():
    caption = element("figure", element("caption", nodes.Text("a caption")), names=["fig-a"])
    assert counted(words(10), formula(), caption) == {
        **{"words": 10, "formulas": 1, "figures": 1},
        "captions": 2,
    }
    assert counted(code(7)) == {"listings": 1, "lines": 7}
    inline = element(
        "paragraph", nodes.Text("where "), nodes.math("x", "x"), nodes.Text(" is small")
    )
    assert counted(inline) == {"words": 5}
    smaller = element("section", nodes.title("", "Two words"), words(3), ids=["two"])
    assert counted(words(1), smaller) == {"words": 6}


def test_the_output_of_a_cell_is_counted_as_what_it_is():
    steps = [step("eq-a-one"), words(9), step("eq-a-two")]
    assert counted(cell(steps)) == {"lines": 4, "steps": 2}
    assert counted(cell([formula()])) == {"lines": 4, "formulas": 1}
    assert counted(cell([element("figure")], "tag_hide-input")) == {"figures": 1}
    assert counted(cell([words(9)])) == {"lines": 4, "words": 9}
    hidden = cell(
        [words(9), element("figure", element("caption", nodes.Text("a")))], "tag_hide-cell"
    )
    assert counted(hidden) == {}


def test_what_is_folded_takes_no_time_and_can_still_be_needed():
    assert counted(element("container", code(90), design_component="dropdown")) == {}
    (section,) = minutes.sections(page(cell([step("eq-a-one")], "tag_hide-output")))
    assert section.count["steps"] == 0
    assert section.folded == 1
    assert section.labels == {"eq-a-one"}
    box = element("container", cell([step("eq-a-one")]), step("eq-b"), design_component="dropdown")
    (section,) = minutes.sections(page(box))
    assert (section.count["steps"], section.folded) == (0, 2)
    assert section.labels == {"eq-a-one", "eq-b"}


def test_minutes_are_counts_times_rates():
    (section,) = minutes.sections(page(words(300), cell([step("a"), step("b")]), formula()))
    told, alone, read = (sum(r[i] * n for r, n in RATES) for i in (0, 1, 2))
    assert section.lecture() == pytest.approx(told)
    assert section.alone() == pytest.approx(alone)
    assert section.reading() == pytest.approx(read)
    assert section.lecture(1) == pytest.approx(told - minutes.PACE["steps"][0])
    assert section.outline() == pytest.approx(
        150 * minutes.PACE["words"][0] + 0.5 * minutes.PACE["formulas"][0]
    )


RATES = [
    (minutes.PACE["words"], 300),
    (minutes.PACE["steps"], 2),
    (minutes.PACE["formulas"], 1),
    (minutes.PACE["lines"], 4),
]


def exercise(first: str) -> nodes.Element:
    class exercise_node(nodes.General, nodes.Element):
        pass

    node = exercise_node("")
    node += element("paragraph", element("emphasis", nodes.Text(first)), nodes.Text(" Do it."))
    return node


def test_exercises_are_timed_by_their_grade():
    tree = page(exercise("Warm-up."), exercise("Derive, then check."), kind="exercises")
    (section,) = minutes.sections(tree)
    assert section.homework() == minutes.GRADES["Warm-up"] + minutes.GRADES["Derive"]
    assert not section.told
    with pytest.raises(ValueError, match="begins with 'Hard'"):
        minutes.sections(page(exercise("Hard")))


def test_a_chapter_says_how_long_its_main_line_and_its_boxes_take(app_of_a_chapter):
    """600 words are 3 minutes; 200 in a box with two formulas 1.7; a solution takes none."""
    box, solution = (
        element("container", element("rubric", nodes.Text(title)), *inside, **DROPDOWN)
        for title, inside in (("A second proof", (words(200), formula(), formula())), ("No", ()))
    )
    goals = element("admonition", classes=["objectives"])
    measured = element("section", nodes.title("", "M"), words(900), ids=["m"], classes=["measured"])
    steps = cell([step("eq-a-one"), step("eq-a-two")], "tag_hide-cell", lines=0)
    steps.attributes |= {"hide_mode": "all", "prompt_show": "Step by step"}
    answer = element("container", solution, classes=["dropdown"])
    tree = page(goals, words(600), box, steps, answer)
    tree[0] += [measured, element("section", nodes.title("", "Q"), classes=["question"], ids=["q"])]
    timetables.tell_reading_times(app_of_a_chapter, tree)
    (said,) = (p for p in tree.findall(nodes.paragraph) if "reading-time" in p["classes"])
    assert said.parent.index(said) == 2
    assert said.astext() == "Main line: 3 minutes · boxes that open: 3 min · exercises: < 1 min"
    assert steps["prompt_show"] == "Step by step (1 min)"
    assert box[0].astext() == "A second proof 2 min"
    assert solution[0].astext() == "No"


DROPDOWN = {"design_component": "dropdown", "has_title": True}


@pytest.fixture
def app_of_a_chapter() -> SimpleNamespace:
    return SimpleNamespace(env=SimpleNamespace(docname="a", metadata={}))


@pytest.mark.skipif(not SITE.is_dir(), reason="the book is not built: make book")
def test_the_main_line_of_every_chapter_is_read_in_25_minutes():
    found = {}
    for file in sorted(SITE.glob("book/*/*.html")):
        for said in BeautifulSoup(file.read_text("utf-8"), "html.parser").select("p.reading-time"):
            found[file.stem] = int(re.search(r"Main line: (\d+) minutes", said.text)[1])
    assert len(found) >= 11
    assert {page: minutes for page, minutes in found.items() if minutes > 25} == {}


def test_a_section_is_needed_where_its_labels_are_named():
    from sphinx.addnodes import pending_xref

    reference = pending_xref("", reftarget="eq-a", refdomain="math", reftype="eq")
    source = minutes.sections(page(formula("eq-a")))
    user = minutes.sections(page(element("paragraph", reference)))
    aside = minutes.sections(page(element("paragraph", reference.deepcopy()), kind="exercises"))
    early = minutes.sections(page(element("paragraph", reference.deepcopy())))
    book = {"early": early, "a": source, "b": user, "c": aside}
    assert minutes.needed_by(source[0], book) == ["b"]
    assert minutes.needed_by(user[0], book) == []
    together = {"a": source + user}
    assert minutes.needed_by(source[0], together) == ["a"]


# What the directives make of it

CHAPTER = """\
# A chapter

:::{admonition} What you will be able to do
:class: tip objectives
- Nothing.
:::

## The start
WORDS

$$
x = 1
$$ (eq-one)

## The end
By {eq}`eq-one` all is said.
"""
PLAN = """\
# Teaching

```{pace}
```

```{chapter-minutes}
one
```

```{section-minutes} one
```

PLANS
"""
LECTURE = """
```{course-plan} lecture-NUMBER
```
"""
FILE = """\
title: A lecture
minutes: 30
items:
  - section: one#the-start
    show: "{eq}`eq-one`"
ITEM
"""


END = "  - {section: one#the-end, how: outline}"


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Book:
    """A book of a chapter and a page with plans for it; see `build`."""
    book = Book(tmp_path_factory.mktemp("course"))
    book.configure("one", "teaching", parts=(*PARTS, "timetables"))
    return book


def build(book: Book, *items: str, words: int = 880) -> tuple[int, str]:
    """Build the book with a chapter of so many words, and a plan for each of the items."""
    book.write("one.md", CHAPTER.replace("WORDS", "word " * words))
    plans = ""
    for number, item in enumerate(items):
        plans += LECTURE.replace("NUMBER", str(number))
        book.write(f"book/lectures/lecture-{number}.yml", FILE.replace("ITEM", item))
    book.write("teaching.md", PLAN.replace("PLANS", plans))
    return book.build()


def tables(html: str) -> list[list[list[str]]]:
    """The cells of the timetables of a page, as text."""
    found = BeautifulSoup(html, "html.parser").select("table.timetable")
    return [
        [[c.get_text(" ", strip=True) for c in r.find_all(["td", "th"])] for r in t.find_all("tr")]
        for t in found
    ]


def test_a_plan_adds_up_and_links_to_its_sections(book):
    status, output = build(book, END)
    assert status == 0, output
    html = book.page("teaching")
    _, _, sections, plan = tables(html)
    assert [row[-1] for row in sections[1:]] == ["this chapter", ""]
    # 880 words at 100 a minute and a formula; then at least a minute for whatever there is.
    assert [row[2] for row in plan[1:]] == ["10", "1", "19", "30"]
    assert 'href="one.html#the-start"' in html


BROKEN = {
    "  - section: one#the-start\n  - section: one#the-start": "takes 30 of 30 minutes",
    "  - section: one#the-middle": "one#the-middle, which is not there",
    "  - section: two#the-start": "two#the-start, which is not there",
    "  - {section: one#the-end, slides: [{a: b c d}]}": "has 0 steps, a plan wants 3",
    "  - section: one, the start": "item 2: a section is PAGE#SECTION",
    "  - {section: one#the-end, how: outlin}": "how must be one of outline, board",
}


@pytest.mark.parametrize("items", nightly_but([[*BROKEN]], [[*BROKEN], *([i] for i in BROKEN)]))
def test_a_plan_that_cannot_be_kept_stops_the_build(book, items):
    """All plans on one page by day, each alone at night."""
    status, output = build(book, *items)
    assert status != 0
    for item in items:
        assert BROKEN[item] in " ".join(output.split())


@pytest.mark.nightly
def test_the_minutes_follow_an_edit_of_the_chapter(book):
    assert build(book, END)[0] == 0
    status, output = build(book, END, words=1_380)
    assert status == 0, output
    assert [row[2] for row in tables(book.page("teaching"))[3][1:]] == ["15", "1", "14", "30"]
    status, output = book.build()
    assert status == 0, output
    assert "no targets are out of date" in output  # nothing was read, so nothing is written


# The page itself


def test_every_chapter_has_its_place_on_the_page():
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    files = [entry["file"] for part in parts for entry in part["chapters"]]
    files = [file for file in files if not file.startswith("book/lab/")]
    goals = ":class: tip objectives"
    chapters = [f for f in files if f.count("/") == 2 and goals in (ROOT / f"{f}.md").read_text()]
    assert len(chapters) >= 11
    text = PAGE.read_text()
    named = re.findall(r"```\{section-minutes\} (\S+)", text)
    assert [f"book/{name}" for name in named] == chapters
    for name in named:
        assert text.count(f"\n{name}\n") == 1, f"{name} is not in the table of all chapters"


@pytest.mark.skipif(
    not (SITE / "book/teaching.html").exists() and not os.environ.get("CI"),
    reason="the book is not built (make book)",
)
def test_the_plans_of_the_built_page_add_up():
    found = tables((SITE / "book/teaching.html").read_text(encoding="utf8"))
    plans = [table for table in found if table[0][2:3] == ["min"]]
    assert len(plans) == 1 + 3 + 6
    for plan in plans:
        *parts, total = [int(row[2]) for row in plan[1:]]
        assert sum(parts) == total == 90
        assert parts[-1] >= 5


# The listings


def listings() -> dict[str, str]:
    """The blocks of the page that have a caption, by it."""
    found = re.findall(
        r"```\{code-block\} \w+\n *:caption: ([^\n]+)\n\n(.*?)\n *```", PAGE.read_text(), flags=re.S
    )
    return {name: re.sub(r"(?m)^   ", "", text) for name, text in found}


@pytest.fixture
def typed(tmp_path):
    """A function that types the lines of a listing, in a folder with the page's talk."""
    if shutil.which("pdflatex") is None and not os.environ.get("CI"):
        pytest.skip("no pdflatex (Debian: texlive-latex-recommended texlive-pictures)")
    (tmp_path / "talk.tex").write_text(listings()["talk.tex"], encoding="utf8")

    def type_(name: str) -> str:
        for line in listings()[name].replace("\\\n", "").splitlines():
            program, *rest = shlex.split(line)
            options = ["-interaction=nonstopmode", "-halt-on-error"]
            command = {"python": [sys.executable], "pdflatex": ["pdflatex", *options]}[program]
            done = subprocess.run(
                [*command, *rest],
                cwd=tmp_path,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                capture_output=True,
                check=False,
                timeout=300,
            )
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr
        return (tmp_path / "talk.log").read_text(encoding="utf8", errors="replace")

    type_.folder = tmp_path
    return type_


def pages_of(log: str) -> int:
    return int(re.search(r"Output written on talk\.pdf \((\d+) pages?", log)[1])


def test_an_empty_talk_becomes_a_proof_on_frames(typed):
    log = typed("The frames")
    assert not sticking_out(log)
    told = re.findall(r"(?m)^\| (\d(?:, \d)?) \| (.+?) \|", PAGE.read_text())
    assert [n for numbers, _ in told for n in numbers.split(", ")] == list("123456789")
    assert pages_of(log) == 9
    steps = re.findall("`(.+?)`", " ".join(row for _, row in told))
    derivation = derivations.unchecked("dsm-equivalence")
    assert steps == [step.name for step in derivation.choose(["explicit:difference"]).steps]


def test_the_talk_takes_other_symbols_and_macros(typed):
    (typed.folder / "own.toml").write_text(listings()["own.toml"], encoding="utf8")
    log = typed("Own notation, in Spanish")
    assert not sticking_out(log)
    text = (typed.folder / "dsm.tex").read_text()
    assert r"\scorelabN(x_t; x_0, \sigma_t^2)" in text
    assert "Teorema" in text
    assert "(./scorelab-macros.tex)" not in log
    assert "(./scorelab-macros.tex)" in typed("Own macros")
