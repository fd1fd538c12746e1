"""What a page says of its exercises: the grade, the line that checks, a proof that it works."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
from sample import PARTS, Book
from scorebook.lectures.exercises import exercise_source

from scorelab import exercises
from scorelab.exercises.engine.judging import GRADES
from scorelab.exercises.engine.registry import CHAPTERS

ROOT = Path(__file__).parent.parent
ASKS = r"\{exercise-start\}|\{ask\}"


def _page(chapter: str) -> str:
    """The source of a page, with the exercises that it takes from the package written out."""
    (path,) = ROOT.glob(f"book/**/{chapter.replace('_', '-')}.md")
    return re.sub(r"^```\{ask\} (\S+)\n```$", _asked, path.read_text(encoding="utf8"), flags=re.M)


def _asked(match: re.Match) -> str:
    label = match[1]
    _, _, said = exercise_source(label).partition("\n\n")
    return f"```{{exercise-start}} …\n:label: {label}\n```\n{said[:-5]}```{{exercise-end}}\n```"


def _parts(kind: str, page: str) -> dict[str, str]:
    """The text of each exercise or solution of a page, by the exercise's label."""
    found = re.findall(
        rf"^(`{{3,}}){{{kind}-start}}(.*?)\n(.*?)\1\n(.*?)^`{{3,}}{{{kind}-end}}", page, re.M | re.S
    )
    if kind == "solution":
        return {argument.strip(): text for _, argument, _, text in found}
    return {re.search(r":label: *(\S+)", head)[1]: text for _, _, head, text in found}


def _code(text: str) -> str:
    return "\n".join(re.findall(r"^```{code-cell}.*?\n(.*?)^```", text, re.M | re.S))


def test_every_page_with_exercises_is_in_the_table():
    pages = {p.stem for p in ROOT.glob("book/**/*.md") if re.search(ASKS, p.read_text("utf8"))}
    assert pages == {chapter.replace("_", "-") for chapter in CHAPTERS}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_labels_of_a_page_are_in_the_table(chapter):
    assert tuple(_parts("exercise", _page(chapter))) == CHAPTERS[chapter]


def test_every_exercise_has_its_checker():
    known = set(exercises.available())
    missing = [name for c in CHAPTERS for name in CHAPTERS[c] if name not in known]
    assert missing == []


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_exercise_opens_with_its_grade_and_all_grades_occur(chapter):
    grades = []
    for name, text in _parts("exercise", _page(chapter)).items():
        grade = exercises.about(name).grade
        assert text.startswith(f"*{grade.capitalize()}.* "), name
        grades.append(grade)
    assert set(grades) == set(GRADES)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_exercise_ends_with_the_line_that_checks_it(chapter):
    for name, text in _parts("exercise", _page(chapter)).items():
        last = text.strip().splitlines()[-1]
        if exercises.check(name, ...).verdict == "open":
            assert "exercises.check" not in text
            continue
        assert last.startswith(f'*Check:* `exercises.check("{name}", '), name
        assert text.strip().splitlines()[-2] == "", name


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_solution_proves_that_its_answer_is_accepted(chapter):
    page = _page(chapter)
    solutions = _parts("solution", page)
    for name in _parts("exercise", page):
        if exercises.check(name, ...).verdict != "open":
            assert f'assert exercises.check("{name}", ' in _code(solutions[name]), name


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_page_imports_the_checks_before_its_exercises(chapter):
    before, _, _ = _page(chapter).partition("{exercise-start}")
    assert "from scorelab import exercises" in _code(before)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_equations_of_sheets_are_those_of_the_page(chapter):
    module = import_module(f"scorelab.exercises.{chapter}")
    for label, tex in getattr(module, "EQUATIONS", {}).items():
        pages = [p.read_text("utf8") for p in ROOT.glob("book/**/*.md")]
        assert any(f"$$\n{tex.strip()}\n$$ ({label})" in page for page in pages), label


def test_a_page_shows_an_exercise_and_what_its_solution_says(tmp_path):
    book = Book(tmp_path)
    book.write("scorelab/__init__.py", "")
    book.write("one.md", ONE)
    book.configure("one", parts=(*PARTS, "exercises"))
    code, output = book.build()
    assert code == 0, output
    page = book.page("one")
    assert "The full step" in page
    assert "step_size=0.02" in page
    assert 'href="#equation-eq-langevin"' in page
    assert "{{" not in page


ONE = """\
# One

$$
x = 1
$$ (eq-langevin)

```{ask} ex-full-step
```

````{solution-start} ex-full-step
:class: dropdown
````
```{answer} ex-full-step
```
````{solution-end}
````
"""
