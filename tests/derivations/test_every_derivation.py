"""What holds for every derivation: it checks, breaks when tampered with, and prints.

Parameters are names alone: nothing is derived until a test asks. The build proves what it shows, so
by day some are proved again, and of these one claim is spoilt in each way and one definition in
one; all of them, every step in every way, are for the night.
"""

import json
import re
from functools import cache
from pathlib import Path

import pytest
import sympy as sp
from spoiling import taken, with_equation
from tiers import nightly_but

from scorelab import derivations
from scorelab.derivations import Derivation, DerivationError, export, printing
from scorelab.derivations.engine.proofs import recall
from scorelab.derivations.export.tex import latex_text
from scorelab.derivations.printing.macros import expand

NAMES = derivations.available()
DAY = ["fisher-gaussians", "dsm-target", "ou-moments"]
derived = cache(derivations.unchecked)  # what is spoilt need not have been proved
SLIPS = ("sign", "factor 2", "dropped term", "one more")


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


@pytest.mark.parametrize("name", nightly_but(DAY, NAMES))
def test_every_claim_is_checked_and_most_are_proved(name):
    steps = derivations.get(name).steps
    claims = [step for step in steps if not taken(step)]
    assert claims
    assert [s.name for s in claims if s.checked != "symbolic"] == UNPROVED.get(name, [])
    assert [s.name for s in steps if s.checked == "cited"] == CITED.get(name, [])


# Steps that sympy cannot prove, only confirm by numbers or at points.
UNPROVED: dict[str, list[str]] = {}
# Known theorems that are used.
CITED = {
    "ou-entropy-decay": ["fokker-planck"],
    "reverse-sde": ["fokker-planck"],
    "probability-flow": ["diffusion"],
    "girsanov": ["first", "second"],
}


@pytest.mark.parametrize("name", NAMES)
def test_a_theorem_has_a_statement_assumptions_and_sources(name):
    theorem = derived(name)
    assert re.search(r"\\mathbb ?\{?R\}?\^d|\$D\$ dimensions", theorem.statement)
    assert theorem.assumptions
    assert all(line.rstrip(")").endswith(".") for line in theorem.assumptions)
    assert theorem.sources
    assert all(re.search(r"\b(1[89]|20)\d\d\b", source) for source in theorem.sources)


def tampered(equation: sp.Basic) -> dict[str, sp.Basic]:
    """Return what slips of the pen could have made of the right-hand side."""
    side = equation.rhs
    if not isinstance(equation, sp.Equality):
        return {"sign": -side}
    if side == 0:
        return {"one more": sp.S.One}
    slips = {"sign": -side, "factor 2": 2 * side}
    if side.is_infinite:
        del slips["factor 2"]
    if side.is_Add:
        slips["dropped term"] = sp.Add(*side.args[1:])
    return slips


def cut(derivation: Derivation, step_name: str, slip: str) -> Derivation:
    """Return the derivation with one slip, without the steps that cannot notice."""
    equation = derivation[step_name].equation
    wrong = equation.func(equation.lhs, tampered(equation)[slip], evaluate=False)
    return with_equation(derivation, step_name, wrong)


def steps_for(name: str, slip: str, *, definitions: bool) -> list[str]:
    """Return the steps of a derivation, claims or definitions, that allow this slip."""
    return [
        step.name
        for step in derived(name).steps
        if taken(step) == definitions
        and slip in tampered(step.equation)
        and (name, step.name, slip) not in FREE
    ]


def believed(name: str, slip: str, steps: list[str]) -> list[str]:
    """Return those of the steps whose slip is not noticed, or is laid to another step."""
    missed = []
    for step in steps:
        try:
            cut(derived(name), step, slip).check()
        except DerivationError as error:
            claim = not taken(derived(name)[step])
            if str(error).startswith(f"{name}, step {step!r}:" if claim else f"{name}, step "):
                continue
        missed.append(step)
    return missed


# What a slip in a definition leaves true, and why.
FREE = {
    # Any multiple of a function has the same share to spare.
    ("ou-spectrum", "function", "sign"),
    # Only g² enters: noise has no sign.
    ("ncsn-to-sde", "diffusion", "sign"),
    # A Gaussian is as far from N(0, 1) as its mirror image.
    ("ou-entropy-decay", "mean", "sign"),
    # The second derivative of x is zero.
    ("ou-moments", "generator-1", "dropped term"),
    # No current, however it is counted.
    ("ou-stationarity", "current", "sign"),
    ("ou-stationarity", "current", "factor 2"),
}


def test_the_list_of_what_stays_true_names_steps_that_there_are():
    for name, step, slip in FREE:
        assert slip in tampered(derived(name)[step].equation)


# The last step is the result. At night every step of every derivation is spoilt, this one too.


@pytest.mark.parametrize("slip", SLIPS)
@pytest.mark.parametrize("name", DAY)
def test_a_slip_in_a_claim_is_caught(name, slip):
    assert not believed(name, slip, steps_for(name, slip, definitions=False)[-1:])


@pytest.mark.parametrize("name", DAY)
def test_a_slip_in_a_definition_breaks_what_follows(name):
    slip, steps = next((s, d) for s in SLIPS if (d := steps_for(name, s, definitions=True)))
    assert not believed(name, slip, steps[-1:])


@pytest.mark.nightly
@pytest.mark.parametrize("definitions", [False, True], ids=["claims", "definitions"])
@pytest.mark.parametrize("slip", SLIPS)
@pytest.mark.parametrize("name", NAMES)
def test_every_slip_is_caught(name, slip, definitions):
    assert not believed(name, slip, steps_for(name, slip, definitions=definitions))


def test_a_slip_that_is_believed_is_found():
    """The search itself can fail: what is listed as free is believed."""
    assert believed("ou-moments", "dropped term", ["generator-1"]) == ["generator-1"]


@pytest.mark.parametrize("name", NAMES)
def test_every_equation_parses_in_katex_and_fits_the_page(name, katex):
    derivation = derived(name)
    for step in derivation.steps:
        tex = printing.latex_equation(step.equation, derivation.notation)
        assert katex(tex) is None, tex
        assert printing.width(tex) <= printing.MAX_WIDTH, tex
        # A font of LaTeX has no σ outside of a formula.
        assert not re.search("[α-ωΑ-Ω]", re.sub(r"\$[^$]*\$", "", step.reason)), step.reason
        for inline in re.findall(r"(?<!\$)\$([^$]+)\$(?!\$)", step.reason):
            assert katex(expand(inline)) is None, inline


@pytest.mark.parametrize("name", nightly_but(DAY, NAMES))
def test_no_trace_of_python_is_printed(name):
    derivation = recall(name)
    text = derivation.to_markdown() + derivation.to_latex() + derivation.to_beamer()
    assert not re.search(
        r"(?<!\\)Lambda|Subs|Derivative|Integral\(|\bTrue\b|\\sqrt\{2\} \\sqrt", text
    )
    assert r"\operatorname" not in re.sub(r"\\operatorname\{(?:erf|Var|Cov|tr)\}", "", text)


def test_labels_are_unique_across_the_book():
    labels = [label for name in NAMES for label in labels_of(derivations.unchecked(name))]
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize("name", nightly_but(DAY, NAMES))
def test_all_three_formats_hold_every_step(name):
    derivation = recall(name)
    expected = [f"eq-{name}-{step.name}" for step in derivation.steps]
    assert labels_of(derivation) == expected
    assert re.findall(r"\\label\{([^}]+)\}", derivation.to_latex()) == expected
    frames = derivation.to_beamer()
    assert all(latex_text(step.title) in frames for step in export.prepared(derivation).steps)


def labels_of(derivation: Derivation) -> list[str]:
    return re.findall(r"^\$\$ \(([^)]+)\)$", derivation.to_markdown(), flags=re.MULTILINE)
