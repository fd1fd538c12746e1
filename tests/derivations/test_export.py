"""Every derivation in every format: it compiles, it runs, it says what was checked."""

import contextlib
import io
import json
import re
import runpy
import subprocess
import sys

import nbformat
import pytest
import sympy as sp
from nbclient import NotebookClient
from tiers import nightly_but

from scorelab import derivations
from scorelab.derivations import Derivation, export
from scorelab.derivations.engine.derivation import definition
from scorelab.derivations.engine.proofs import recall

NAMES = derivations.available()
DAY = ["ou-moments"]  # proved again by day, in each format that runs


@pytest.mark.parametrize("name", nightly_but(DAY, NAMES))
def test_the_script_rebuilds_and_checks_every_step_with_sympy_alone(name, tmp_path):
    derivation = recall(name)
    file = tmp_path / "script.py"
    file.write_text(export.script(derivation), encoding="utf-8")
    assert not re.search(r"(?m)^\s*(?:from|import)\s+(?!sympy|random|collections|functools|typing)",
                         file.read_text("utf-8"))  # fmt: skip
    script = runpy.run_path(str(file))
    for step, (title, defines, relation) in zip(derivation.steps, script["STEPS"], strict=True):
        assert (title, defines) == (step.name, step.checked == "definition")
        assert type(relation) is type(step.equation)
        # What Python evaluates while it reads, 2·(x + y), may be written otherwise: 2·x + 2·y.
        for rebuilt, side in zip(relation.args, step.equation.args, strict=True):
            assert rebuilt == side or sp.expand(rebuilt - side).doit(integrals=False) == 0
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        script["main"]()
    assert printed.getvalue() == "".join(f"{s.name}: {s.checked}\n" for s in derivation.steps)


def test_a_script_runs_where_there_is_no_scorelab_and_stops_at_a_slip(tmp_path):
    right = export.script(recall("tweedie"))
    slip = right.replace('claim("kernel-mass", Integral(N(y, x), (y, -oo, oo)), 1)',
                         'claim("kernel-mass", Integral(N(y, x), (y, -oo, oo)), 2)')  # fmt: skip
    assert slip != right
    for code, status, said in [(right, 0, "tweedie: symbolic"), (slip, 1, "kernel-mass: the side")]:
        (tmp_path / "sample.py").write_text(code, encoding="utf-8")
        hidden = "import sys, runpy; sys.modules['scorelab'] = None; runpy.run_path(sys.argv[1]"
        done = subprocess.run(
            [sys.executable, "-I", "-c", f"{hidden}, run_name='__main__')", "sample.py"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stderr
        assert said in done.stdout + done.stderr


def test_a_script_draws_what_a_derivation_draws(tmp_path):
    x, f = sp.Symbol("x", real=True), sp.Function("f")
    steps = [definition("f", f(x), sp.exp(sp.Rational(1, 3) * x) / 2, "A half.")]
    random = Derivation(
        "d", "D", steps, concrete=lambda rng: {f: sp.Lambda(x, x ** rng.randint(1, 99))}
    )
    (tmp_path / "d.py").write_text(export.script(random), encoding="utf-8")
    drawn = runpy.run_path(str(tmp_path / "d.py"))["CONCRETE"]
    assert len({str(replacement) for replacement in drawn}) > 1


@pytest.mark.parametrize("name", nightly_but(DAY, NAMES))
def test_the_notebook_is_valid_and_holds_every_step(name):
    derivation = recall(name)
    notebook = nbformat.reads(export.notebook(derivation), as_version=4)
    nbformat.validate(notebook)
    shown = [cell.source for cell in notebook.cells if cell.source.startswith("show(")]
    assert shown == [f'show("{step.name}")' for step in derivation.steps]
    assert "book" not in "".join(c.source for c in notebook.cells if c.cell_type == "code")


@pytest.mark.parametrize(
    ("name", "symbols"),
    [
        pytest.param("tweedie", {"x": r"\mathbf{x}"}, marks=pytest.mark.nightly),
        ("ou-moments", {"x": r"\mathbf{x}"}),
        pytest.param("schedule-overlap", {}, marks=pytest.mark.nightly),
    ],
)
def test_the_notebook_runs_and_shows_what_it_showed_before(name, symbols):
    text = export.notebook(recall(name), symbols=symbols)
    before = nbformat.reads(text, as_version=4)
    after = NotebookClient(nbformat.reads(text, as_version=4), timeout=300).execute()
    printed = 0
    for old, new in zip(before.cells, after.cells, strict=True):
        for one, other in zip(old.get("outputs", []), new.get("outputs", []), strict=False):
            printed += 1
            assert one.get("text") == other.get("text")
            if "data" in one:
                assert one.data["text/latex"] == other.data["text/latex"]
    assert printed == len(recall(name).steps) + 1


@pytest.mark.parametrize("name", nightly_but(DAY, NAMES))
def test_the_cells_of_every_notebook_run_in_their_order(name, capsys):
    """In one process: a kernel for each takes ten times as long, and three have one above."""
    notebook = nbformat.reads(export.notebook(recall(name)), as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    namespace = {"__name__": "__main__"}
    for cell in cells:
        exec(compile(cell.source, cell["id"], "exec"), namespace)
    told = "".join(o.get("text", "") for cell in cells for o in cell.outputs)
    assert told.strip()
    assert told.strip() in capsys.readouterr().out


def test_a_notebook_is_the_same_every_time_and_its_cells_have_names_of_their_own():
    first, second = (export.notebook(recall("tweedie")) for _ in range(2))
    assert first == second
    ids = [cell["id"] for cell in json.loads(first)["cells"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", nightly_but(DAY, NAMES))
def test_text_formats_hold_every_equation_and_reason(name):
    derivation = recall(name)
    markdown, notebook = derivation.to_markdown(), export.notebook(derivation)
    cells = "".join(cell["source"] for cell in json.loads(notebook)["cells"])
    for step in export.prepared(derivation).steps:
        assert step.tex in markdown
        assert step.reason in markdown
        assert step.reason in cells


def test_unknown_formats_are_answered_with_near_ones():
    with pytest.raises(ValueError, match="did you mean notebook"):
        export.format_called("notebok")
    with pytest.raises(ValueError, match="latex, beamer"):
        export.format_called("????")
