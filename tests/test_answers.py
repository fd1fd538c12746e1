"""Whatever a student hands in, or a user types, ends soon and in one line; nothing of it is run."""

from __future__ import annotations

import itertools
import math
import random
import time
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_exercises import CLOSED, QUICK
from tiers import nightly_but

from scorelab import exercises, lab
from scorelab.__main__ import main
from scorelab.estimate import Estimate
from scorelab.exercises.engine import registry
from scorelab.exercises.engine.evaluating import symbols_of, value_of
from scorelab.exercises.engine.judging import Exercise
from scorelab.exercises.engine.kinds import Choice, Expression, Function, Number, Values

x = sp.Symbol("x")
RUN = "__import__('pathlib').Path('was_run').touch()"
KINDS = [
    Number(meaning="n"),
    Expression(meaning="f", symbols={"x": (0.5, 2.0)}),
    Values(meaning="v", shape=(2,)),
    Choice(question="q", options={"a": "one", "b": "two"}),
    Function(signature="half(x)", meaning="x/2", arguments=lambda: [(1.0,)]),
]


def judged(kind, answer, truth=None):
    if truth is None:
        truth = [1.0, x, [1.0, 2.0], "a", lambda x: x / 2][KINDS.index(kind)]
    made = Exercise(grade="derive", expects=kind, truth=lambda: truth, hint="look")
    return made.judge("ex-made", answer)


def said_of(answer, judge) -> str:
    """The result, or the error, as it is printed."""
    try:
        return repr(judge(answer))
    except ValueError as error:
        return f"ValueError: {error}"


class Hostile:
    """Notes whatever is asked of it."""

    asked: ClassVar[list[str]] = []

    def _note(name):
        def method(self, *args, **kwargs):
            Hostile.asked.append(name)
            raise SystemError(name)

        return method

    for _name in (
        *("repr", "str", "format", "eq", "lt", "gt", "hash", "bool", "len", "iter", "getitem"),
        *("contains", "float", "int", "complex", "index", "array", "torch_function"),
    ):
        locals()[f"__{_name}__"] = _note(_name)
    _sympy_ = _note("sympy")


class HostileFloat(float):
    __float__ = __repr__ = __str__ = __add__ = __eq__ = __abs__ = Hostile.__float__
    __hash__ = float.__hash__


class HostileText(str):
    __repr__ = __str__ = __iter__ = __eq__ = strip = lower = replace = Hostile.__repr__
    __hash__ = str.__hash__


def deep(n: int) -> sp.Expr:
    expression = x
    for _ in range(n):
        expression = sp.sin(expression + 1, evaluate=False)
    return expression


def wide(n: int) -> sp.Expr:
    """A tree of 2ⁿ leaves that is small in memory."""
    expression = x + 1
    for _ in range(n):
        expression = sp.Mul(expression, expression + 1, evaluate=False)
    return expression


def circle() -> list:
    one: list = [1.0]
    one.append(one)
    return one


STRANGE = {
    "list that would be run": lambda: [RUN],
    "tuple that would be run": lambda: (RUN, RUN),
    "dict": lambda: {RUN: RUN},
    "set": lambda: {RUN},
    "text that would be run": lambda: RUN,
    "nested": lambda: [[RUN], {"a": RUN}],
    "bytes": lambda: b"1",
    "none": lambda: None,
    "bool": lambda: True,
    "numpy's bool": lambda: np.True_,
    "huge integer": lambda: 10**400,
    "huger integer": lambda: 10**100_000,
    "towers": lambda: "exp(exp(exp(exp(9))))",
    "powers": lambda: "9**9**9**9",
    "negative tower": lambda: "1/exp(-exp(exp(99)))",
    "sine of a tower": lambda: "sin(exp(exp(9)))",
    "sympy's tower": lambda: sp.exp(sp.exp(sp.exp(100))),
    "sine of sympy's tower": lambda: sp.sin(sp.exp(sp.exp(sp.exp(100)))),
    "a tower of powers": lambda: sp.Pow(9, sp.Pow(9, 9**99, evaluate=False), evaluate=False),
    "deep": lambda: deep(400),
    "wide": lambda: wide(60),
    "long": lambda: sp.Add(*(sp.Symbol(f"x{i}") for i in range(5_000))),
    "sum": lambda: sp.Sum(x**2, (x, 1, 10**9)),
    "derivative": lambda: sp.Derivative(sp.gamma(x), x),
    "own function": lambda: sp.Function("f")(x),
    "triple integral": lambda: sp.Integral(sp.sin(x), *[(sp.Symbol(c), 0, 1) for c in "abc"]),
    "no limits": lambda: sp.Integral(x, x),
    "truth": lambda: sp.true,
    "matrix": lambda: sp.Matrix([1, 2]),
    "text": lambda: "it is about a half",
    "long text": lambda: "1+" * 10**6,
    "brackets": lambda: "(" * 400,
    "nul": lambda: "1\0",
    "surrogate": lambda: "\udcff",
    "lines": lambda: "1\n+\n1",
    "thousand": lambda: "1,000",
    "infinite": lambda: itertools.count(),
    "array of objects": lambda: np.array([None, RUN], dtype=object),
    "array of texts": lambda: np.array(["a"]),
    "dates": lambda: np.datetime64("2020-01-01"),
    "meta": lambda: torch.ones(2, device="meta"),
    "enormous": lambda: torch.ones(1).expand(10**13),
    "sparse": lambda: torch.eye(2).to_sparse(),
    "circle": circle,
    "type": lambda: float,
    "hostile": Hostile,
    "hostiles": lambda: [Hostile(), (Hostile(),)],
    "hostile number": lambda: HostileFloat(3),
    "hostile text": lambda: HostileText("a"),
    "sNaN": lambda: Decimal("sNaN"),
    "large decimal": lambda: Decimal("1e999999"),
    "large fraction": lambda: Fraction(10**400, 3),
    "complex": lambda: 1 + 2j,
    "NaN": lambda: math.nan,
    "infinity": lambda: -math.inf,
    "zoo": lambda: sp.zoo,
}


def is_one_line(text: str) -> bool:
    return bool(text) and "\n" not in text and len(text) < 1_000


@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize("kind", KINDS[:4], ids=lambda kind: type(kind).__name__)
def test_a_strange_answer_is_refused_or_wrong_within_a_second(kind, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = STRANGE[name]()
    Hostile.asked.clear()
    start = time.process_time()
    said = said_of(answer, lambda answer: judged(kind, answer))
    assert time.process_time() - start < 1
    assert is_one_line(said)
    if said.startswith("ValueError"):
        assert said.startswith("ValueError: ex-made: the answer must be ")
    else:
        assert not said.startswith("Right") or (kind, name) == (KINDS[3], "hostile text")
    assert Hostile.asked == []
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [name for name in STRANGE if name != "type"])
def test_what_is_no_function_is_not_taken_for_one(name):
    answer = STRANGE[name]()
    Hostile.asked.clear()
    with pytest.raises(ValueError, match=r"^ex-made: the answer must be a function .*but it is"):
        judged(KINDS[4], answer)
    assert Hostile.asked == []


QUARTERS = [
    *("25 %", "25%", "0.25", " .25 ", "0,25", "2.5e-1", "1/4", "0.2 + 0.05", "2,5e-1", "5^2 %"),
    *(sp.Rational(1, 4), Fraction(1, 4), Decimal("0.25"), 0.25, np.float64(0.25)),
    *(
        Estimate(0.25, 0.1),
        np.float32(0.25),
        np.array(0.25),
        np.array([0.25]),
        torch.tensor(0.25),
        sp.Float("0.25"),
    ),
    *(torch.tensor([0.25], requires_grad=True), sp.sqrt(sp.Rational(1, 16))),
]


@pytest.mark.parametrize("answer", QUARTERS, ids=repr)
def test_a_number_in_many_forms(answer):
    assert judged(KINDS[0], answer, 0.25)
    if not isinstance(answer, str):
        assert judged(KINDS[1], answer, 0.25)


@pytest.mark.parametrize("answer", ["1,000", "12,500", "1,234.5", "0.24 nats", "24 % of it", "%"])
def test_a_number_that_may_mean_two_things_or_none(answer):
    with pytest.raises(ValueError, match="the answer must be a number, n; but"):
        judged(KINDS[0], answer)


ONE_TWO = [
    *([1, 2], (1.0, 2.0), range(1, 3), np.array([1, 2]), np.array([2.0, 1.0])[::-1]),
    *(torch.tensor([1, 2]), [torch.tensor(1.0), sp.Integer(2)], [np.float32(1), Fraction(2)]),
    *(["1", "2"], [Decimal(1), "4/2"]),
]


@pytest.mark.parametrize("answer", ONE_TWO, ids=repr)
def test_numbers_in_many_forms(answer):
    assert judged(KINDS[2], answer)


def test_formulas_are_as_exact_as_sympy():
    a, t = sp.symbols("a t", positive=True)
    for expression in (
        sp.erf(a) + sp.gamma(a + 2) * sp.log(a),
        sp.Piecewise((a**2, a < 1), (sp.sqrt(a), True)),
        sp.Integral(sp.exp(-t * a), (t, 0, sp.oo)),
        sp.Integral(t * a, (t, 0, a)) + sp.cosh(a) / sp.tanh(a) + sp.EulerGamma,
        sp.Max(a, 1) * sp.Heaviside(a - 1) + sp.Abs(sp.I * a - 1),
        (1 - sp.cos(a / 10**9)) * 10**18,
        sp.tanh(sp.exp(30 * a)) + sp.exp(-sp.exp(30 * a)),
    ):
        for at in (0.3, 1.7):
            exact = complex(sp.N(expression.subs(a, sp.Float(at, 40)), 20))
            assert value_of(expression, {"a": at}) == pytest.approx(exact, rel=1e-9)
    assert symbols_of(sp.Integral(t * a, (t, 0, a))) == {"a"}
    assert math.isnan(value_of(1 / (a - 1), {"a": 1.0}).real)


TEXTS = st.text("0123456789.,%eExp()+-*/^ _[]{}'\"\\ab\n∂é=:<", max_size=30)
NUMBERS = st.one_of(
    st.integers(), st.floats(), st.complex_numbers(), st.decimals(), st.fractions(), st.booleans()
)
LEAVES = st.one_of(TEXTS, NUMBERS, st.none(), st.binary(max_size=5))
ANSWERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(TEXTS, inner, max_size=3),
        st.sets(LEAVES.filter(lambda v: not isinstance(v, Decimal)), max_size=3),
    ),
    max_leaves=8,
)
NAMES = exercises.available()


@settings(max_examples=500)
@given(ANSWERS, st.sampled_from(KINDS))
def test_any_answer_ends_in_a_line(answer, kind):
    start = time.process_time()
    assert is_one_line(said_of(answer, lambda answer: judged(kind, answer)))
    assert time.process_time() - start < 1


@pytest.mark.parametrize("name", nightly_but(QUICK, CLOSED))
def test_every_exercise_takes_strange_answers(name):
    """Six of them each, and some that its kind takes, so that its mistakes are asked too."""
    draw = random.Random(name)
    strange = draw.sample([n for n in STRANGE if n != "type"], 6)
    fitting = {Number: 1e9, Expression: "1e9", Choice: "a", Values: [1e9]}
    answers = [*(STRANGE[n]() for n in strange), torch.zeros(())]
    answers += [fitting.get(type(registry.exercise(name).expects), "x")]
    for answer in answers:
        assert is_one_line(said_of(answer, lambda answer: exercises.check(name, answer)))


@pytest.mark.parametrize("question", lab.available())
def test_every_question_of_the_lab_takes_strange_answers(question):
    for name in STRANGE:
        Hostile.asked.clear()
        if name in ("type", "infinite", "enormous"):
            continue
        start = time.process_time()
        result = lab.check(question, STRANGE[name]())
        assert not result, name
        assert is_one_line(repr(result)), name
        assert time.process_time() - start < 5, name


# The command line

WORDS = [
    *("derive", "lab", "train", "grade", "mnist", "digits", "tweedie", "tweedi", "ou-moments"),
    *("--to", "--to", "--out", "--list", "--macros", "--steps", "--symbol", "--overlays"),
    *("--per-frame", "latex", "beamer", "late", "markdown", "sympy", "notebook", "reveal"),
    *("kernel:", ":", "a:b", "x=é", "x=y", "sigma=\\tau", "x=", "=", "x=\\", "σ=ς", "x=$", "x={"),
    *("", " ", "-", "--", "é", "\0", "1", "-1", "0", "1e9", "nan", "/dev/full", "-h"),
    *("--help", "--seconds", "--jobs", "--memory", "--data", "--language", "fr", "x" * 300),
]


def test_any_command_line_ends_in_a_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    draw = random.Random(0)
    n_run = 0
    for _ in range(100):
        head = draw.choice([["derive", "tweedie", "--to"], ["derive"], ["lab", "grade"], []])
        arguments = head + draw.choices(WORDS, k=draw.randrange(5))
        if arguments[:1] == ["train"]:  # it would train
            arguments += ["--data", "nowhere", "--out", "model"]
        try:
            status = main(arguments)
        except SystemExit as exit_:  # argparse's way
            status = exit_.code
        said = capsys.readouterr()
        assert status in (0, 1, 2), arguments
        assert bool(said.err) == (status != 0), (arguments, said.err)
        if status == 1:
            assert said.err.count("\n") == 1, (arguments, said.err)
        assert "Traceback" not in said.err, arguments
        n_run += status == 0
    assert n_run > 2
