"""Submissions that are right and wrong in every question, as the grader tells them apart."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from test_lab_checks import MUTANTS, WRONG

import scorelab as sl
from scorelab.__main__ import main

HERE = Path(__file__).parent
BEGIN = (
    "import sys; sys.path.insert(0, 'tests')\nimport test_lab_checks as T\nimport scorelab as sl"
)
N_WRONG = 5


def wrong(question: str, number: int) -> str:
    """Code for one of the wrong answers that the tests know, spread over all of them."""
    mutated = "_, _, *change = T.MUTANTS[{}]\nanswer = getattr(T.solution(*change), T.NAMES[{!r}])"
    known = [
        mutated.format(k, question) for k, mutant in enumerate(MUTANTS) if mutant[0] == question
    ]
    known += [f"answer = T.WRONG[{k}][2]()" for k, case in enumerate(WRONG) if case[0] == question]
    return known[number * len(known) // N_WRONG]


def hand_in(folder: Path, answers: dict[str, str]) -> None:
    """A notebook with these answers and their checks, and what the code of the answers needs."""
    for file in ("tests/test_lab_checks.py", "tests/test_lab_solution.py", "tests/lab_styles.py"):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE.parent / file, folder / file)
    (folder / "book/lab").mkdir(parents=True)
    shutil.copy(HERE.parent / "book/lab/lab-solution.md", folder / "book/lab")
    sources = [BEGIN]
    for question, answer in answers.items():
        sources += [answer, f"sl.lab.check({question!r}, answer)"]
    cells = [{"cell_type": "code", "source": source} for source in sources]
    (folder / "lab.ipynb").write_text(json.dumps({"cells": cells}))


@pytest.mark.nightly
def test_the_table_tells_right_from_wrong(tmp_path):
    questions = sl.lab.available()
    hand_in(tmp_path / "in/right", {q: f"answer = T.RIGHT[{q!r}]()" for q in questions})
    for i in range(N_WRONG):
        hand_in(tmp_path / f"in/wrong {i}", {q: wrong(q, i) for q in questions})
    table = tmp_path / "table.csv"
    assert main(["lab", "grade", str(tmp_path / "in"), "--out", str(table)]) == 0
    with table.open(encoding="utf-8-sig") as file:
        right, *others = csv.DictReader(file)
    assert right["right"] == str(len(questions))
    assert [row["right"] for row in others] == ["0"] * N_WRONG
