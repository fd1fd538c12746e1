"""What leaves the book for LaTeX compiles with a stock TeX Live, and no line sticks out."""

import re

import pytest
import sympy as sp
from latex_log import sticking_out
from tiers import nightly_but

from scorelab import derivations
from scorelab.derivations import Derivation, export
from scorelab.derivations.engine.derivation import definition
from scorelab.derivations.engine.proofs import recall
from scorelab.derivations.export.tex import excerpt, latex_text
from scorelab.derivations.printing.macros import MACROS, PREFIX, definitions, expand, fold

NAMES = derivations.available()
DAY = ["dsm-target", "tweedie"]
SOME_BY_DAY = pytest.mark.parametrize(
    "names", [DAY, pytest.param(NAMES, marks=pytest.mark.nightly)], ids=["some", "all"]
)
ARTICLE = r"\documentclass[10pt]{article}\usepackage[textwidth=12cm]{geometry}"
SLIDES = r"\documentclass[aspectratio=169]{beamer}"


def talk(document_class: str, names: list[str]) -> str:
    r"""A document that inputs files."""
    inputs = "\n".join(rf"\input{{{name}}}" for name in names)
    start = document_class + "\n\\usepackage{amsmath,amssymb}\n\\begin{document}\n"
    return f"{start}{inputs}\n\\end{{document}}\n"


@SOME_BY_DAY
@pytest.mark.parametrize(
    ("document_class", "render"), [(ARTICLE, export.latex), (SLIDES, export.beamer)]
)
def test_derivations_can_be_input_into_one_document(document_class, render, names, compiled):
    files = {f"{name}.tex": render(recall(name)) for name in names}
    log = compiled({"main.tex": talk(document_class, list(files))} | files)
    assert not sticking_out(log)
    assert "multiply" not in log  # labels, destinations
    assert "undefined on input" not in log


@SOME_BY_DAY
def test_what_is_pasted_needs_amsmath_alone_and_is_what_latex_shows(names, compiled):
    pasted = [excerpt(recall(name)) for name in names]
    start = ARTICLE + "\n\\usepackage{amsmath}\n\\begin{document}\n"
    log = compiled({"main.tex": start + "\n\n".join(pasted) + "\\end{document}\n"})
    assert not sticking_out(log)
    assert "multiply" not in log
    for name, text in zip(names, pasted, strict=True):
        body = text[text.index(r"\subsection*") :].strip()
        assert body in recall(name).to_latex()
        assert r"\documentclass" not in text


@pytest.mark.parametrize("render", [export.latex, export.beamer])
def test_a_file_compiles_alone_with_other_symbols_and_with_the_macros(render, compiled):
    text = render(recall("ncsn-to-sde"), symbols={"x": r"\mathbf{x}", "T": r"T_1"})
    assert not sticking_out(compiled({"alone.tex": text}))
    changed = export.macros().replace(r"{\mathcal{N}}", r"{\mathrm{NORMAL}}")
    log = compiled({"alone.tex": text, export.MACROS_FILE: changed})
    assert export.MACROS_FILE in log


LONG_NAMES = [
    r"\Delta q_{%d}", r"Q_{\mathrm{%d}}^\star", r"\hat Q_{%d}", r"Q_{%d} - R", r"\theta_{%d}'"
]  # fmt: skip


@pytest.mark.parametrize("new", nightly_but(LONG_NAMES[1:2], LONG_NAMES))
def test_every_symbol_can_have_a_name_of_several_tokens_or_scripts(new, compiled):
    files = {}
    for name in NAMES:
        derivation = derivations.unchecked(name)
        symbols = {old: new % (70 + i) for i, old in enumerate(sorted(derivation.symbols))}
        files[f"{name}.tex"] = export.latex(derivation, symbols=symbols)
    compiled({"main.tex": talk(ARTICLE, list(files))} | files)


def test_overlays_uncover_reason_and_equation(compiled):
    text = export.beamer(derivations.unchecked("tweedie"), overlays=True, per_frame=1)
    assert not sticking_out(compiled({"overlays.tex": text}))
    assert text.count(r"\pause") == len(derivations.unchecked("tweedie").steps)


def test_a_line_that_sticks_out_is_seen(compiled):
    x = sp.Symbol("x")
    long = sp.prod(sp.Function(f"f_{i}")(x) for i in range(40))
    wide = Derivation("wide", "Wide", [definition("f", sp.Function("f")(x), long, "Too long.")])
    assert sticking_out(compiled({"main.tex": talk(ARTICLE, ["w"]), "w.tex": export.latex(wide)}))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("per_frame", [None, 1, 2, 3])
def test_every_step_stands_on_one_frame(name, per_frame):
    derivation = derivations.unchecked(name)
    total = len(derivation.steps)
    frames = derivation.to_beamer(per_frame=per_frame)
    places = re.findall(r"\(Steps? (\d+)(?:--(\d+))? of (\d+)\)\}", frames)
    shown = [range(int(first), int(last or first) + 1) for first, last, _ in places]
    assert [step for steps in shown for step in steps] == list(range(1, total + 1))
    assert {int(of) for *_, of in places} == {total}
    wanted = {per_frame} if per_frame else {1, 2}
    assert {len(steps) for steps in shown[:-1]} <= wanted
    around = 3  # the theorem, its assumptions, its sources
    count = len(places) + around
    assert frames.count(r"\begin{frame}") == frames.count(r"\end{frame}") == count


def test_a_frame_holds_at_least_one_step():
    with pytest.raises(ValueError, match="per_frame must be at least 1, got 0"):
        derivations.unchecked("tweedie").to_beamer(per_frame=0)


@pytest.mark.parametrize("name", NAMES)
def test_macros_are_folded_from_the_table_and_defined(name):
    text = derivations.unchecked(name).to_latex()
    body = text[text.index(r"\subsection*") :]
    assert not re.search(r"\\mathcal\{N\}|\\mathrm\{d\}|\\mathbb\{E\}|\\nabla", body)
    used = set(re.findall(rf"\\{PREFIX}([A-Za-z]+)", body)) - {"end", "theorem"}
    assert used == set(re.findall(rf"\\providecommand\{{\\{PREFIX}([A-Za-z]+)\}}", text))
    assert used <= set(MACROS)


def test_folding_and_expanding_are_inverse():
    tex = r"\mathbb{E}[x] = \int \mathcal{N}(x) \,\mathrm{d}x, g \,\mathrm{d}w, \nabla f, \nablax"
    folded = fold(tex)
    assert folded == (
        r"\scorelabE[x] = \int \scorelabN(x) \,\scorelabdd x, g \,\scorelabdw, "
        r"\scorelabgrad f, \nablax"
    )
    assert expand(folded.replace(rf"\{PREFIX}", "\\")).replace("} x", "}x") == tex
    assert len(definitions().splitlines()) == len(MACROS)
    one = definitions(used_by=r"\scorelabdd x")
    assert one == "\\providecommand{\\scorelabdd}{\\mathrm{d}}\n"


def test_text_becomes_latex():
    assert latex_text("By `a_b`, 99 % of *all* $a_b$") == (
        r"By \texttt{a\_b}, 99 \% of \emph{all} $a_b$"
    )
