"""Right answers as students write them are right, and near misses are told what they are."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from importlib import import_module

import numpy as np
import pytest
import sympy as sp
import torch
from test_exercises import CLOSED, NAMES, QUICK
from tiers import nightly_but

from scorelab import exercises
from scorelab.exercises.engine import registry, texts
from scorelab.exercises.engine.judging import Exercise, Variant
from scorelab.exercises.engine.kinds import Choice, Expression, Function, Number, Values
from scorelab.exercises.engine.varying import function

GREEK = {"epsilon": "ε", "sigma": "σ", "kappa": "κ", "lamda": "λ", "eta": "η"}


class _Guarded(ast.NodeTransformer):
    """Adds a small number to all that is divided by, and within roots and logarithms."""

    def __init__(self, small: float) -> None:
        self.small = small

    def _plus(self, node: ast.expr) -> ast.expr:
        return ast.BinOp(node, ast.Add(), ast.Constant(self.small))

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Div):
            node.right = self._plus(node.right)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in ("log", "sqrt"):
            node.args = [self._plus(node.args[0])]
        return node


def guarded(source: str, small: float) -> str:
    tree = _Guarded(small).visit(ast.parse(textwrap.dedent(source)))
    return ast.unparse(ast.fix_missing_locations(tree))


def formula(variant: Variant) -> sp.Expr:
    right = sp.sympify(variant.right())
    return right.rhs if isinstance(right, sp.Eq) else right


def forms(variant: Variant) -> dict[str, object]:
    """The right answer of an exercise, written in many ways."""
    kind, right = variant.expects, variant.right()
    if isinstance(kind, Choice):
        letters = "".join(right)
        return {
            "capitals": letters.upper(),
            "commas": ", ".join(letters),
            "brackets": "".join(f"({letter})" for letter in letters),
            "set": set(letters),
            "list": list(letters),
        }
    if isinstance(kind, Number):
        value = float(right)
        return {
            "single": np.float32(value),
            "array": np.array([[value]]),
            "tensor": torch.tensor(value, dtype=torch.float32),
            "list": [value],
            "sympy": sp.Float(value),
            "text": str(value),
            "four digits": float(f"{value:.4g}"),
        }
    if isinstance(kind, Values):
        values = [float(value) for value in right]
        return {
            "array": np.array(values),
            "column": torch.tensor(values)[:, None],
            "row": np.array([values]),
            "tuple of sympy": tuple(map(sp.Float, values)),
            "texts": [str(value) for value in values],
            "scalar tensors": [torch.tensor(value, dtype=torch.float64) for value in values],
            # Of a time such as T − 50 T/n the zeros are digits as well.
            "five digits": [float(f"{value:.5g}") for value in values],
        }
    if isinstance(kind, Expression):
        expression = formula(variant)
        text = str(expression)
        greek = re.sub(r"\b[a-z]+\b", lambda m: GREEK.get(m[0], m[0]), text)
        return {
            "expanded": sp.expand(expression),
            "decimals": sp.N(expression, 8),
            "text": text,
            "hats": text.replace("**", "^"),
            "numpy": re.sub(r"\b(exp|log|sqrt)\(", r"np.\1(", text),
            "e": text.replace("exp(", "e^("),
            "greek": greek,
            "lambda": text.replace("lamda", "lambda"),
            "factors": re.sub(r"(\d)\*(?=[a-z(])", r"\1 ", text),
            "close factors": re.sub(r"(\d)\*(?=[a-df-z(])", r"\1", text),
            "eps": text.replace("epsilon", "eps"),
            "v0": text.replace("v_0", "v0"),
            "1e-12": guarded(text, 1e-12),
            "1e-8": guarded(text, 1e-8),
        }
    return {}


@pytest.mark.parametrize("name", nightly_but(QUICK, CLOSED))
def test_a_right_answer_is_right_however_it_is_written(name):
    for form, answer in forms(registry.exercise(name)).items():
        assert exercises.check(name, answer), form


FUNCTIONS = [n for n in QUICK if isinstance(registry.exercise(n).expects, Function)]


@pytest.mark.parametrize("small", [0.0, 1e-12, 1e-8])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_may_guard_its_divisions(name, small):
    """Something that keeps a division from failing is no mistake."""
    variant = registry.exercise(name)
    right = variant.exercise.right
    if callable(right):
        module = import_module(f"scorelab.exercises.{registry.chapter_of(name)}")
        found = variant.right()
        names = {**vars(module), **variant.numbers}
        exec(guarded(inspect.getsource(found), small), names)
        answer = names[found.__name__]
    else:
        answer = function(guarded(right, small), variant.expects.signature, variant._names(right))
    assert exercises.check(name, answer)
    assert exercises.check(name, lambda *arguments: answer(*arguments))


@pytest.mark.parametrize("small", [0.0, 1e-12, 1e-8])
def test_densities_that_underflow_are_named_whatever_keeps_the_division_alive(small):
    def literal(x, weights, means, covariances):
        laws = torch.distributions.MultivariateNormal(means, covariances)
        parts = weights * laws.log_prob(x[:, None]).exp()
        pulls = torch.linalg.solve(covariances, (means - x[:, None])[..., None])[..., 0]
        return (parts[..., None] * pulls).sum(1) / (parts.sum(1, keepdim=True) + small)

    assert exercises.check("ex-softmax", literal).message.startswith("right where the samples are")


EXPRESSIONS = [n for n in QUICK if isinstance(registry.exercise(n).expects, Expression)]


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_a_value_of_the_formula_is_told_so(name):
    """As one gets from the simulation to which a statement invites."""
    variant = registry.exercise(name)
    mistakes = [str(mistake.answer()) for mistake in variant.mistakes]
    symbols = sorted(formula(variant).free_symbols, key=str)
    for first in (0.3, 0.7):
        value = formula(variant).subs({s: first + 0.05 * i for i, s in enumerate(symbols)})
        for given in (float(value), torch.tensor(float(value)), f"{float(value):.4f}"):
            said = exercises.check(name, given)
            assert not said
            assert "Hand in the formula itself" in said.message or str(given) in mistakes


@pytest.mark.parametrize("kind", [Number(meaning="n"), Values(meaning="v", shape=(1,))])
def test_too_few_digits_are_told_so(kind):
    made = Exercise(grade="derive", expects=kind, truth=lambda: [1 / 3], hint="look")
    assert made.judge("ex-made", [0.3333])
    assert made.judge("ex-made", [0.332]).message.startswith("close, but it is wanted to 0.1 %")
    assert made.judge("ex-made", [0.3]).message == "look"


def test_rounded_numbers_in_a_formula_are_told_so():
    kind = Expression(meaning="f", symbols={"v": (1.0, 2.0)})
    made = Exercise(grade="derive", expects=kind, truth="v/3", hint="look")
    assert made.judge("ex-made", "0.33333333 * v")
    assert made.judge("ex-made", "0.333 v").message.startswith("this is close")
    assert made.judge("ex-made", "0.3v").message == "look"


def test_a_function_in_place_of_a_formula_is_told_what_is_wanted():
    with pytest.raises(ValueError, match="hand in what it returns, as a text"):
        exercises.check("ex-square-root", lambda epsilon: epsilon)


@pytest.mark.parametrize("name", CLOSED)
def test_numbers_are_asked_for_with_a_tolerance(name):
    if isinstance(registry.exercise(name).expects, Number | Values):
        assert re.search(r"\bto (\d|a |two )", exercises.about(name).expects)
        assert re.search(r"hasta|décim|centésim", exercises.about(name, language="es").expects)


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_each_text_stands_in_the_place_of_its_exercise(language):
    written = [
        label
        for chapter in registry.CHAPTERS
        for label in re.findall(
            r"^## ([\w-]+):", (texts.FOLDER / language / f"{chapter}.md").read_text("utf8"), re.M
        )
    ]
    assert written == NAMES


def test_a_sheet_has_the_code_of_a_class_with_the_numbers_of_its_variant():
    for seed, level in ((None, "0.02"), (3, "0.01")):
        _, solutions = exercises.sheet("ex-images-clock", to="markdown", seed=seed)
        assert f"        sigma = {level} * math.exp(rate * t)" in solutions
