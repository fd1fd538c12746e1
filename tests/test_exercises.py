"""Every exercise knows its right answer from the wrong ones, and never gives it away."""

from __future__ import annotations

import ast
import inspect
import math
import re
import subprocess
import sys
from operator import itemgetter
from pathlib import Path

import pytest
import sympy as sp
import torch
from latex_log import sticking_out
from tiers import first_of_each, nightly_but

import scorelab
from scorelab import exercises
from scorelab.__main__ import main
from scorelab.exercises.engine import reading, registry
from scorelab.exercises.engine.judging import GRADES, Exercise, Mistake, Variant
from scorelab.exercises.engine.kinds import Choice, Expression, Function, Number, Open, Values

NAMES = exercises.available()
CLOSED = [n for n in NAMES if not isinstance(registry.exercise(n).expects, Open)]
MISTAKES = [(name, i) for name in CLOSED for i in range(len(registry.exercise(name).mistakes))]
# Their answers take seconds to compute.
SLOW = ("ex-better-schedule", "ex-denoise-twice", "ex-prior", "ex-prior-mismatch")
QUICK = [name for name in CLOSED if name not in SLOW]
epsilon = sp.Symbol("varepsilon", positive=True)


# Every exercise


@pytest.mark.parametrize("name", nightly_but(QUICK, CLOSED))
def test_the_right_answer_is_right(name):
    result = exercises.check(name, registry.exercise(name).right())
    assert result, result
    assert repr(result).startswith("Right: ")


@pytest.mark.parametrize("name", nightly_but(QUICK, CLOSED))
def test_the_truth_is_a_number_everywhere(name):
    """NaN counts as equal to NaN, so that a mistake which gives it is known: no truth may."""
    exercise = registry.exercise(name)
    assert exercises.check(name, exercise.truth())
    assert all(bool(t.isfinite().all()) for t in exercise.expects.read(exercise.truth()))


SOME_BY_DAY = pytest.mark.parametrize(
    "mistake",
    nightly_but([m for m in first_of_each(MISTAKES, itemgetter(0)) if m[0] in QUICK], MISTAKES),
    ids="{0[0]}-{0[1]}".format,
)


@SOME_BY_DAY
def test_a_known_mistake_gets_its_own_hint(mistake):
    name, i = mistake
    mistake = registry.exercise(name).mistakes[i]
    result = exercises.check(name, mistake.answer())
    assert not result
    assert result.message == mistake.hint
    assert repr(result).startswith("Not yet: ")


@SOME_BY_DAY
def test_a_mistake_is_known_in_another_form_too(mistake):
    """Rounded to four digits, or a formula with decimals."""
    name, i = mistake
    exercise = registry.exercise(name)
    wrong = exercise.mistakes[i].answer()
    if isinstance(exercise.expects, Number):
        wrong = float(f"{float(wrong):.4g}")
    elif isinstance(exercise.expects, Expression):
        wrong = sp.N(sp.expand(wrong))
    assert exercises.check(name, wrong).message == exercise.mistakes[i].hint


@pytest.mark.parametrize("name", CLOSED)
def test_every_exercise_knows_mistakes_and_says_what_it_checked(name):
    exercise = registry.exercise(name)
    hints = [exercise.hint, *(mistake.hint for mistake in exercise.mistakes)]
    assert exercise.mistakes
    assert all(hints)
    assert exercise.checked
    assert exercise.grade in GRADES


@pytest.mark.parametrize("name", nightly_but(QUICK, CLOSED))
def test_no_hint_gives_the_answer_away(name):
    exercise = registry.exercise(name)
    for hint in (exercise.hint, *(mistake.hint for mistake in exercise.mistakes)):
        assert not _gives_away(exercise, hint), hint


def _gives_away(exercise: Variant, hint: str) -> bool:
    """Whether a hint holds the number, the formula, the statement or the code of the answer."""
    expects = exercise.expects
    answers = [exercise.truth(), exercise.right()]
    if isinstance(expects, Choice):
        letters = [letter for letter in expects.options if letter in str(answers[0])]
        told = [expects.options[letter] for letter in letters]
        return any(text.lower() in hint.lower() for text in told) or bool(
            re.search(rf"[(`\"'][{''.join(letters)}][)`\"']", hint)
        )
    if isinstance(expects, Function):
        written = [
            a for a in (exercise.exercise.truth, exercise.exercise.right) if isinstance(a, str)
        ]
        if any(_plain(a) in _plain(hint) for a in written):
            return True
        answers = [a for a in answers if a.__name__ != "<lambda>"]
        lines = [line for a in answers for line in inspect.getsource(a).splitlines()]
        code = [_plain(line.split("return ")[-1]) for line in lines if "return " in line]
        return any(line in _plain(hint) for line in code)
    if isinstance(expects, Expression):
        forms = {_plain(str(sp.sympify(a))) for a in answers}
        # A single symbol or number is part of any sentence about it.
        if any(form in _plain(hint) for form in forms if len(form) > 3):
            return True
        candidates = re.findall(r"`([^`]+)`", hint)
    else:
        candidates = re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", hint.replace("−", "-"))
    truth = expects.read(answers[0])
    return any(_is_same(expects, candidate, truth) for candidate in candidates)


def _is_same(expects, text: str, truth) -> bool:
    try:
        return expects.same(expects.read(sp.sympify(text)), truth)
    except (ValueError, TypeError, sp.SympifyError):
        return False


def _plain(text: str) -> str:
    text = re.sub(r"[\s`$]", "", text).replace("**", "^").replace("−", "-")
    return text.replace("varepsilon", "ε").replace("epsilon", "ε").replace("kappa", "κ")


def test_the_search_for_answers_in_hints_finds_them():
    number = Exercise(
        grade="derive", expects=Number(meaning="n"), truth=lambda: 0.25, right=lambda: 1 / 4
    ).variant("ex-made")
    assert _gives_away(number, "it is 0.25, of course")
    assert not _gives_away(number, "it is not 0.5")
    formula = Exercise(
        grade="derive",
        expects=Expression(meaning="f", symbols={"epsilon": (0.1, 1)}),
        truth=lambda: epsilon / (1 - epsilon / 4),
        right=lambda: epsilon / (1 - epsilon / 4),
    ).variant("ex-made")
    assert _gives_away(formula, "try ε/(1 − ε/4)")
    assert _gives_away(formula, "try `4*epsilon/(4 - epsilon)`")
    assert not _gives_away(formula, "not 1/(1 − ε/4)")
    choice = Exercise(
        grade="explore",
        expects=Choice(question="q", options={"a": "It grows", "b": "It falls"}),
        truth=lambda: "b",
        right=lambda: "b",
    ).variant("ex-made")
    assert _gives_away(choice, "in truth it falls")
    assert _gives_away(choice, "see (b)")
    assert not _gives_away(choice, "see (a): does it grow?")


@pytest.mark.parametrize("name", NAMES)
def test_about_says_what_is_expected_and_its_stub_can_be_checked(name):
    about = exercises.about(name)
    assert about.grade in GRADES
    assert about.expects in repr(about)
    names: dict = {"exercises": exercises}
    exec(about.stub, names)
    result = eval(about.check, names)
    assert not result
    assert result.verdict in ("nothing to check yet", "open")
    right = registry.exercise(name).right
    if right is not None:
        assert "right" not in repr(about)
        assert repr(right()) not in repr(about)


# Variants


VARYING = [name for name in NAMES if exercises.about(name).varies]


def _variants(name: str) -> dict[int | None, Variant]:
    """Those of fifty seeds that differ, each by one seed, and the book's own."""
    found = [(seed, registry.exercise(name, seed)) for seed in (None, *range(50))]
    kept: dict[int | None, Variant] = {}
    for seed, variant in found:
        if variant.numbers not in [other.numbers for other in kept.values()]:
            kept[seed] = variant
    return kept


@pytest.mark.parametrize("name", nightly_but([n for n in VARYING if n not in SLOW], VARYING))
def test_a_variant_knows_its_own_answer_and_its_own_mistakes(name):
    """So none degenerates: no mistake is right, and none is taken for another."""
    variants = _variants(name)
    assert len(variants) > 2
    for seed, variant in variants.items():
        assert exercises.check(name, variant.right(), seed=seed), variant.numbers
        for mistake in variant.mistakes:
            result = exercises.check(name, mistake.answer(), seed=seed)
            assert not result, variant.numbers
            assert result.message == mistake.hint, variant.numbers
        hints = [variant.hint, *(mistake.hint for mistake in variant.mistakes)]
        assert not any(_gives_away(variant, hint) for hint in hints), variant.numbers


def test_a_seed_means_the_same_numbers_everywhere():
    """Typed here: another version of Python must draw these too."""
    drawn = [registry.exercise("ex-full-step", seed).numbers["alpha"] for seed in (None, 0, 1, 7)]
    assert drawn == [0.01, 0.005, 0.03, 0.03]
    with pytest.raises(ValueError, match="seed must be an integer"):
        exercises.check("ex-full-step", 1, seed=1.5)


def test_a_variant_refuses_the_answer_of_the_book():
    assert exercises.check("ex-full-step", 0.02)
    result = exercises.check("ex-full-step", 0.02, seed=7)
    assert not result
    about = exercises.about("ex-full-step", seed=7)
    assert about.check == 'exercises.check("ex-full-step", answer, seed=7)'
    assert "0.03" in about.expects


def test_a_made_exercise_varies():
    made = Exercise(
        grade="derive",
        expects=Values(meaning="twice {{n}} and a third", shape=(2,)),
        varies={"n": (1, 2, 3), "m": (3, 4)},
        admits=lambda n, m: n != m,
        truth=["2*n", "n/m"],
        mistakes=(Mistake("n/m**2", "not {{m**2}}, the second.", entry=1),),
        hint="-",
    )
    seen = set()
    for seed in range(50):
        variant = made.variant("ex-made", seed)
        n, m = variant.numbers["n"], variant.numbers["m"]
        assert (n, m) not in [(1, 3), (3, 3)]
        seen.add((n, m))
        assert variant.judge("ex-made", [2 * n, n / m])
        assert variant.judge("ex-made", [7, n / m**2]).message == f"not {m**2}, the second."
        assert variant.expects.meaning == f"twice {n} and a third"
    assert len(seen) == 4


# Sheets


def test_every_text_is_there_in_both_languages_and_says_as_much():
    for name in NAMES:
        english, spanish = (registry.exercise(name, language=n).text for n in ("en", "es"))
        for part in ("statement", "solution", "asks"):
            one, other = (
                re.findall(r"\{\{.+?\}\}|\{eq\}`.+?`", getattr(t, part)) for t in (english, spanish)
            )
            assert sorted(one) == sorted(other), (name, part)
        assert english.title != spanish.title
        assert registry.exercise(name).minutes > 0


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_sheet_stands_alone(language, compiled):
    quick = [name for name in NAMES if name not in SLOW]
    files = exercises.sheet(quick, to="latex", language=language, seed=7)
    for text in files:
        assert not sticking_out(compiled({"sheet.tex": text}))
    for text in exercises.sheet(quick, to="markdown", language=language, seed=7):
        assert not re.search(r"\{\w+\}`|\{\{\w|\]\(|\]\[", text)
        prose = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.S)  # brackets of code cite nothing
        cited = set(re.findall(r"(?<!\w)\((\d)\)", prose))
        assert cited <= set(re.findall(r"\\tag\{(\d)\}", text))


def test_a_sheet_names_what_is_wrong(tmp_path):
    with pytest.raises(ValueError, match="did you mean ex-stein"):
        exercises.sheet(["ex-steins"])
    with pytest.raises(ValueError, match="select must name at least one"):
        exercises.sheet([])
    with pytest.raises(ValueError, match="twice"):
        exercises.sheet(["ex-full-step", "ex-full-step"])
    with pytest.raises(ValueError, match="language must be one of en, es, got 'fr'"):
        exercises.sheet(["ex-full-step"], language="fr")
    with pytest.raises(ValueError, match="to must be one of latex, markdown"):
        exercises.sheet(["ex-full-step"], to="pdf")


def test_the_command_lists_and_writes(tmp_path, capsys):
    assert main(["exercises"]) == 0
    assert len(re.findall(r"^  ex-", capsys.readouterr().out, re.M)) == len(NAMES)
    out, solutions = tmp_path / "sheet.md", tmp_path / "solutions.md"
    command = ["exercises", "--select", "ex-full-step", "--to", "markdown", "--seed", "7"]
    command += ["--lang", "es", "--out", str(out), "--solutions", str(solutions)]
    assert main(command) == 0
    assert "0.03" in out.read_text("utf-8")
    assert "0.06" not in out.read_text("utf-8")
    assert "0.06" in solutions.read_text("utf-8")
    assert main(["exercises", "--seed", "7"]) == 1
    assert "--seed needs --select" in capsys.readouterr().err


# The mechanism


@pytest.fixture
def judge(monkeypatch):
    """Judges an answer to an exercise that a test makes."""

    def judge(answer, expects, truth=lambda: None, **more):
        exercise = Exercise(grade="derive", expects=expects, truth=truth, **more)
        return exercise.judge("ex-made", answer)

    return judge


def test_an_unknown_name_lists_near_ones():
    with pytest.raises(ValueError, match=r"ex-steins.*did you mean ex-stein"):
        exercises.check("ex-steins", 1)
    with pytest.raises(ValueError, match="no exercise is called 3"):
        exercises.about(3)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ("a lot", "the text 'a lot'"),
        ("nan", "it is nan"),
        (True, "of type bool"),
        (None, "of type NoneType"),
        (torch.zeros(2), "a tensor of shape \\(2,\\)"),
        (float("nan"), "it is nan"),
        (lambda: 1, "the function"),
        (sp.Symbol("x"), "of type Symbol"),
    ],
)
def test_what_is_no_number(judge, answer, complaint):
    with pytest.raises(ValueError, match=f"ex-made: the answer must be a number, n.*{complaint}"):
        judge(answer, Number(meaning="n"), lambda: 1)


@pytest.mark.parametrize("answer", [2, 2.0, torch.tensor(2.0), sp.Integer(2), sp.sqrt(4)])
def test_what_is_a_number(judge, answer):
    assert judge(answer, Number(meaning="n"), lambda: 2)


EXPRESSION = Expression(meaning="f", symbols={"epsilon": (0.1, 1.0)})


@pytest.mark.parametrize(
    "answer",
    [
        epsilon**2 - 1,
        (sp.Symbol("epsilon") - 1) * (sp.Symbol("epsilon") + 1),
        sp.Symbol("ε", real=True) ** 2 - 1,
        sp.Eq(sp.Symbol("v"), epsilon**2 - 1),
        sp.N(epsilon**2 - 1),
        epsilon**2 + 1e-9 - 1,
        2 * sp.Integral(sp.Symbol("t"), (sp.Symbol("t"), 0, epsilon)) - 1,
    ],
)
def test_an_expression_counts_by_its_values(judge, answer):
    assert judge(answer, EXPRESSION, lambda: epsilon**2 - 1)


@pytest.mark.parametrize("answer", [epsilon, 1 - epsilon**2, epsilon**2 - 1 + 0.1, sp.zoo])
def test_an_expression_with_other_values(judge, answer):
    assert judge(answer, EXPRESSION, lambda: epsilon**2 - 1, hint="look").message == "look"


@pytest.mark.parametrize(
    ("given", "name"),
    [("varphi", "phi"), ("\\sigma", "sigma"), ("κ", "kappa"), ("variance", "variance"), ("v", "v")],
)
def test_a_symbol_is_known_under_its_other_names(judge, given, name):
    expects = Expression(meaning="f", symbols={name: (1.0, 2.0)})
    assert judge(2 * sp.Symbol(given), expects, lambda: 2 * sp.Symbol(name))


def test_a_power_with_a_symbol_in_its_exponent_is_soon_compared(judge):
    """sympy would look for exact roots of fractions to the power of fractions, and not return."""
    expects = Expression(meaning="f", symbols={"v": (2.0, 20.0), "epsilon": (0.1, 1.0)})
    v = sp.Symbol("v", positive=True)
    answer = sp.sqrt(v) ** (1 + epsilon**2) / 3
    assert judge(answer, expects, lambda: v ** ((1 + epsilon**2) / 2) / 3)
    assert not judge(answer, expects, lambda: v ** ((1 - epsilon**2) / 2) / 3, hint="-")


def test_what_is_no_expression(judge):
    with pytest.raises(ValueError, match="in `epsilon`: f; but it also holds `kappa`"):
        judge(sp.Symbol("kappa"), EXPRESSION, lambda: epsilon)
    with pytest.raises(ValueError, match="the text"):
        judge("epsilon +", EXPRESSION, lambda: epsilon)
    with pytest.raises(ValueError, match="but it is"):
        judge(sp.true, EXPRESSION, lambda: epsilon)


@pytest.mark.parametrize("text", ["epsilon/2+3*pi", "3*π + ε/2", " -(-varepsilon)/2 + 3*pi "])
def test_a_formula_may_be_text(judge, text):
    assert judge(text, EXPRESSION, lambda: epsilon / 2 + 3 * sp.pi)
    assert not judge(f"({text})^2", EXPRESSION, lambda: epsilon / 2 + 3 * sp.pi, hint="-")
    assert judge("sqrt(exp(epsilon)) + 0.5", EXPRESSION, lambda: sp.exp(epsilon / 2) + 0.5)


@pytest.mark.parametrize(
    "text",
    [
        "(c)(",
        "",
        "__import__('pathlib').Path('was_run').touch()",
        "open('was_run', 'w')",
        "epsilon.__class__",
        "(lambda: epsilon)()",
        "[epsilon]",
        "True",
        "9**9**9**9",
        "((9**1000)**1000)**1000",
        "(" * 500 + "1" + ")" * 500,
        "1" * 2_000,
    ],
)
def test_text_that_is_no_formula_is_refused_and_not_run(judge, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="ex-made: the answer must be a sympy expression"):
        judge(text, EXPRESSION, lambda: epsilon)
    assert not list(tmp_path.iterdir())


def test_a_number_may_be_text_and_a_letter_may_have_brackets(judge):
    assert judge(" 0.01", Number(meaning="n"), lambda: 0.01)
    choice = Choice(question="which", options={"a": "one", "b": "two", "c": "three"})
    assert judge("(c)", choice, lambda: "c")
    assert not judge("(b)", choice, lambda: "c", hint="-")
    with pytest.raises(ValueError, match="it names 0 letters"):
        judge("()", choice, lambda: "c")


def test_a_tensor_of_another_shape(judge):
    values = Values(meaning="the levels", shape=(2,))
    assert judge([1, 2], values, lambda: torch.tensor([1.0, 2.0]))
    assert not judge([2, 1], values, lambda: torch.tensor([1.0, 2.0]), hint="-")
    with pytest.raises(ValueError, match=r"its shape is \(3,\) where \(2,\) was expected"):
        judge([1, 2, 3], values, lambda: torch.tensor([1.0, 2.0]))
    with pytest.raises(ValueError, match="the text"):
        judge("12", values, lambda: torch.tensor([1.0, 2.0]))


def test_a_mistake_with_another_shape_is_named_all_the_same(judge):
    transposed = Mistake(lambda: torch.ones(3, 2), "rows and columns are exchanged.")
    kind = Values(meaning="a matrix", shape=(2, 3))
    result = judge(torch.ones(3, 2), kind, lambda: torch.ones(2, 3), mistakes=(transposed,))
    assert result.message == transposed.hint


def test_a_wrong_entry_is_named_whatever_the_others_are(judge):
    first = Mistake(3.0, "the first.", entry=0)
    options = {"expects": Values(meaning="v", shape=(2,)), "truth": [1.0, 2.0], "hint": "-"}
    for given, message in (([3, 2], "the first."), ([3.0, 7], "the first."), ([1, 3], "-")):
        assert judge(given, mistakes=(first,), **options).message == message
    with pytest.raises(ValueError, match=r"its shape is \(1,\)"):
        judge([3], mistakes=(first,), **options)


FUNCTION = Function(signature="half(x)", meaning="x/2", arguments=lambda: [(1.0,), (2.0,)])


def test_a_function_that_cannot_be_called_so(judge):
    with pytest.raises(
        ValueError, match=r"`half\(x\)`, which returns x/2; but it cannot be called"
    ):
        judge(lambda: 1, FUNCTION, lambda: lambda x: x / 2)
    with pytest.raises(ValueError, match="but it is of type int"):
        judge(3, FUNCTION, lambda: lambda x: x / 2)
    with pytest.raises(ValueError, match="it is, or returns, of type dict"):
        judge(lambda x: {}, FUNCTION, lambda: lambda x: x / 2)


@pytest.mark.parametrize("kind", [ValueError, TypeError, ZeroDivisionError])
def test_an_error_of_the_answer_is_its_own(judge, kind):
    def half(x):
        raise kind("my own")

    with pytest.raises(kind, match=r"^my own") as caught:
        judge(half, FUNCTION, lambda: lambda x: x / 2)
    assert caught.value.__notes__ == ["This was raised inside your answer `half`."]
    assert any(entry.name == "half" for entry in caught.traceback)


def test_nothing_to_check_yet(judge):
    def half(x): ...

    for answer, kind in ((..., Number(meaning="n")), (half, FUNCTION), (..., FUNCTION)):
        result = judge(answer, kind)
        assert result.verdict == "nothing to check yet"
        assert not result
    assert repr(judge(..., Number(meaning="n"))) == "Nothing to check yet: a number, n."


def test_one_choice_and_several(judge):
    options = {"a": "one", "b": "two", "c": "three"}
    one = Choice(question="q", options=options)
    assert judge("B", one, lambda: "b")
    assert not judge("a", one, lambda: "b", hint="-")
    for answer, complaint in (("d", "no d"), ("ab", "names 2"), ("", "names 0"), (1, "type int")):
        with pytest.raises(ValueError, match=complaint):
            judge(answer, one, lambda: "b")
    several = Choice(question="q", options=options, several=True)
    for answer in ("ac", "c, a", {"a", "c"}, ["c", "a"]):
        assert judge(answer, several, lambda: "ac")
    assert not judge("abc", several, lambda: "ac", hint="-")


def test_an_open_exercise_says_so(judge):
    result = judge(17, Open(why="it depends on your taste"))
    assert not result
    assert repr(result) == "Open: there is no single answer: it depends on your taste"


def test_a_check_leaves_no_trace(judge):
    torch.set_default_dtype(torch.float32)
    state = torch.get_rng_state()
    draw = Function(signature="draw()", meaning="n", arguments=lambda: [()])
    judge(lambda: torch.randn(3), draw, lambda: lambda: torch.randn(3), hint="-")
    with pytest.raises(ZeroDivisionError):
        judge(lambda: 1 / 0, draw)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_default_dtype() == torch.float32


def test_results_print_the_same_everywhere(judge):
    result = judge(1, Number(meaning="n"), lambda: 1, checked="by hand.")
    assert repr(result) == "Right: by hand."
    assert result._repr_markdown_() == "**Right:** by hand."


# The package


def test_only_the_lab_and_lectures_depend_on_the_exercises():
    root = Path(scorelab.__path__[0])
    for path in root.rglob("*.py"):
        if {"exercises", "lab", "lectures", "__main__.py"} & {*path.relative_to(root).parts}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert "exercises" not in ast.unparse(node), path


def test_a_chapter_s_exercises_are_imported_when_they_are_asked_for():
    program = (
        "import sys; from scorelab import exercises; exercises.available();"
        'exercises.check("ex-stein", ...);'
        'print(*(m for m in sys.modules if m.startswith("scorelab.exercises.")))'
    )
    command = [sys.executable, "-c", program]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    chapters = {f"scorelab.exercises.{chapter}" for chapter in registry.CHAPTERS}
    assert chapters & set(loaded) == {"scorelab.exercises.mixture"}


@pytest.mark.parametrize("chapter", registry.CHAPTERS)
def test_the_table_and_the_modules_agree(chapter):
    names = registry.CHAPTERS[chapter]
    module = __import__(f"scorelab.exercises.{chapter}", fromlist=["EXERCISES"])
    assert set(module.EXERCISES) == set(names)


def test_a_list_may_hold_the_numbers_of_sympy():
    halves = [2 * sp.log(2), sp.sqrt(2), 1]
    assert reading.tensor(halves).tolist() == pytest.approx([2 * math.log(2), math.sqrt(2), 1])
    with pytest.raises(ValueError, match="type list"):
        reading.tensor([sp.Symbol("x"), 1])


def test_an_exam_has_its_title_and_does_not_say_how_answers_are_checked():
    plain, _ = exercises.sheet(["ex-softmax"], to="markdown")
    exam, solutions = exercises.sheet(["ex-softmax"], to="markdown", title="Finals", checks=False)
    assert "exercises.check" in plain
    assert "exercises.check" not in exam
    assert exam.startswith("# Finals\n")
    assert solutions.startswith("# Solutions")
