"""What holds for every derivation: it checks, breaks when tampered with, and prints."""

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import sympy as sp

from scorelab import derivations
from scorelab.derivations import Derivation, DerivationError, printing

NAMES = derivations.available()
STEPS = [(name, step.name) for name in NAMES for step in derivations.get(name).steps]


@pytest.fixture(scope="module")
def katex():
    """A function that returns KaTeX's error for some TeX, or None."""
    quickjs = pytest.importorskip("quickjs")
    import sphinxcontrib.katex

    script = Path(sphinxcontrib.katex.__file__).with_name("katex.min.js")
    context = quickjs.Context()
    context.eval("var self = this, window = undefined, document = undefined;")
    context.eval(script.read_text(encoding="utf-8"))

    def error_of(tex: str) -> str | None:
        call = (
            f"(() => {{ try {{ katex.renderToString({json.dumps(tex)}, "
            "{displayMode: true, throwOnError: true, strict: 'error'}); return ''; }"
            "catch (e) { return String(e); } })()"
        )
        return context.eval(call) or None

    return error_of


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_is_checked_and_most_are_proved(name):
    steps = derivations.get(name).steps
    claims = [step for step in steps if step.checked != "definition"]
    assert claims
    assert {step.checked for step in claims} <= {"symbolic", "numeric"}
    assert claims[-1].checked == "symbolic" or name in NUMERIC_RESULTS


# Derivations whose last equation sympy can only confirm by numbers.
NUMERIC_RESULTS = {"ou-stationarity"}


@pytest.mark.parametrize("name", NAMES)
def test_the_list_of_titles_is_that_of_the_derivations(name):
    assert derivations.title(name) == derivations.get(name).title


def tampered(side: sp.Basic) -> dict[str, sp.Basic]:
    """Return what a slip of the pen could have made of the right-hand side."""
    if side == 0:
        return {"one more": sp.S.One}
    slips = {"sign": -side, "factor 2": 2 * side}
    if side.is_infinite:
        del slips["factor 2"]
    if side.is_Add:
        slips["dropped term"] = sp.Add(*side.args[1:])
    return slips


def cut(derivation: Derivation, step_name: str, slip: str) -> Derivation:
    """Return the derivation with one equation spoilt; claims after it are left out."""
    steps = list(derivation.steps)
    place = [step.name for step in steps].index(step_name)
    step = steps[place]
    lhs, rhs = step.equation.args
    spoilt = replace(step, equation=step.equation.func(lhs, tampered(rhs)[slip], evaluate=False))
    is_definition = step.checked == "definition"
    steps[place] = spoilt
    end = len(steps) if is_definition else place + 1
    kept = [*steps[:place], spoilt, *steps[place + 1 : end]]
    # The claims above a spoilt claim are known to hold: definitions are needed from there, and
    # what else was said of the same left side.
    if not is_definition:
        kept = [s for s in kept[:-1] if s.checked == "definition" or s.equation.lhs == lhs] + kept[
            -1:
        ]
    return Derivation(
        derivation.name,
        derivation.title,
        kept,
        notation=derivation.notation,
        concrete=derivation.concrete,
    )


@cache
def slips_of(name: str, step_name: str) -> tuple[str, ...]:
    step = derivations.get(name)[step_name]
    if not isinstance(step.equation, sp.Equality):
        return ("sign",)
    return tuple(tampered(step.equation.rhs))


CLAIMS = [
    (name, step, slip)
    for name, step in STEPS
    if derivations.get(name)[step].checked != "definition"
    for slip in slips_of(name, step)
]


@pytest.mark.parametrize(("name", "step", "slip"), CLAIMS)
def test_a_slip_in_a_claim_is_caught(name, step, slip):
    with pytest.raises(DerivationError, match=rf"{name}, step '{step}'"):
        cut(derivations.get(name), step, slip).check()


# What a slip in a definition leaves true, and why.
FREE = {
    # A score does not see a constant in front of a density.
    ("ula-bias", "target", "sign"),
    ("ula-bias", "target", "factor 2"),
    ("fisher-gaussians", "q", "sign"),
    ("fisher-gaussians", "q", "factor 2"),
    ("mixture-score", "gaussian-2d", "sign"),
    ("mixture-score", "gaussian-2d", "factor 2"),
    ("dsm-target", "printed-kernel", "sign"),
    ("dsm-target", "printed-kernel", "factor 2"),
    ("dsm-target", "standard-kernel", "sign"),
    ("dsm-target", "standard-kernel", "factor 2"),
    # Two wrong signs make a right one.
    ("ula-bias", "gaussian", "sign"),
    ("annealed-contraction", "gaussian", "sign"),
    ("ou-spectrum", "function", "sign"),
    ("euler-maruyama-bias", "gaussian", "sign"),
    ("implicit-score-matching", "signs", "sign"),
    # Only g² enters: noise has no sign.
    ("ncsn-to-sde", "diffusion", "sign"),
    # A Gaussian is as far from N(0, 1) as its mirror image.
    ("ou-entropy-decay", "mean", "sign"),
    # The theorem holds for every model.
    ("dsm-equivalence", "family", "sign"),
    ("dsm-equivalence", "family", "factor 2"),
    ("dsm-equivalence", "family", "dropped term"),
    # The second derivative of x is zero.
    ("ou-moments", "generator-1", "dropped term"),
    # No current, however it is counted; and detailed balance in any units.
    ("ou-stationarity", "current", "sign"),
    ("ou-stationarity", "current", "factor 2"),
    ("ou-reversibility", "transition", "sign"),
    ("ou-reversibility", "transition", "factor 2"),
}
DEFINITIONS = [
    (name, step, slip)
    for name, step in STEPS
    if derivations.get(name)[step].checked == "definition"
    for slip in slips_of(name, step)
    if (name, step, slip) not in FREE
]


@pytest.mark.parametrize(("name", "step", "slip"), DEFINITIONS)
def test_a_slip_in_a_definition_breaks_what_follows(name, step, slip):
    with pytest.raises(DerivationError, match=name):
        cut(derivations.get(name), step, slip).check()


@pytest.mark.parametrize(("name", "step"), STEPS)
def test_every_equation_parses_in_katex_and_fits_the_page(name, step, katex):
    derivation = derivations.get(name)
    tex = printing.latex_equation(derivation[step].equation, derivation.notation)
    assert katex(tex) is None, tex
    assert printing.width(tex) <= printing.MAX_WIDTH, tex
    for inline in re.findall(r"(?<!\$)\$([^$]+)\$(?!\$)", derivation[step].reason):
        assert katex(inline) is None, inline


@pytest.mark.parametrize("name", NAMES)
def test_no_trace_of_python_is_printed(name):
    derivation = derivations.get(name)
    text = derivation.to_markdown() + derivation.to_latex() + derivation.to_beamer()
    assert not re.search(r"Lambda|Subs|Derivative|Integral\(|\bTrue\b|\\sqrt\{2\} \\sqrt", text)
    assert r"\operatorname" not in re.sub(r"\\operatorname\{(?:erf|Var)\}", "", text)


def test_labels_are_unique_across_the_book():
    labels = [label for name in NAMES for label in labels_of(derivations.get(name))]
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize("name", NAMES)
def test_all_three_formats_hold_every_step(name):
    derivation = derivations.get(name)
    expected = [f"eq-{name}-{step.name}" for step in derivation.steps]
    assert labels_of(derivation) == expected
    assert re.findall(r"\\label\{([^}]+)\}", derivation.to_latex()) == expected
    assert all(f"{step.name}" in derivation.to_beamer() for step in derivation.steps)


def labels_of(derivation: Derivation) -> list[str]:
    return re.findall(r"^\$\$ \(([^)]+)\)$", derivation.to_markdown(), flags=re.MULTILINE)
