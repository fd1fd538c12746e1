"""The model solution: its classes and functions are right, held against the package, and the
notebook has the form that the sheet asks for. `test_mutations_lab` breaks it on purpose."""

from __future__ import annotations

import ast
import math
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import torch
from myst_nb.core.read import read_myst_markdown_notebook
from nbclient import NotebookClient

from scorelab import langevin, matching, sde, solvers
from scorelab.mixture import GaussianMixture

ROOT = Path(__file__).resolve().parent.parent
LAB = ROOT / "book/lab"
SITE = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html")) / "book/lab"
MARKS = {
    "P1": ["a (1.0)", "b (1.5)", "c (0.5)", "d (3.0)"],
    "P2": ["a (0.5)", "b (2.5)", "c (0.75)", "d (1.5)", "e (0.75)"],
    "P3": ["a (2.0)", "b (bonus)", "c (1.0)", "d (1.0)", "e (2.0)", "f (bonus)"],
}
QUESTIONS = [f"{part} · {question}" for part, letters in MARKS.items() for question in letters]


def code() -> str:
    """All code cells of the solution."""
    path = LAB / "lab-solution.md"
    notebook = read_myst_markdown_notebook(path.read_text("utf8"), path=path)
    source = "\n".join(c.source for c in notebook.cells if c.cell_type == "code")
    return ast.unparse(ast.parse(source))  # the same however its lines are broken


def definitions(source: str) -> SimpleNamespace:
    """The imports, classes and functions of the notebook, without what it runs."""
    wanted = (ast.Import, ast.ImportFrom, ast.ClassDef, ast.FunctionDef)
    body = [node for node in ast.parse(source).body if isinstance(node, wanted)]
    names: dict[str, object] = {"generator": torch.Generator().manual_seed(5)}
    exec(compile(ast.Module(body, type_ignores=[]), "lab-solution", "exec"), names)
    return SimpleNamespace(**names)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def close(found: torch.Tensor, wanted: torch.Tensor, tolerance: float = 1e-9) -> None:
    torch.testing.assert_close(
        torch.as_tensor(found).double(), torch.as_tensor(wanted).double(), rtol=1e-9, atol=tolerance
    )


def within_errors(values: torch.Tensor, exact: torch.Tensor) -> None:
    """The mean of the rows is `exact`, within four of its standard errors."""
    error = values.std(0) / math.sqrt(len(values))
    assert ((values.mean(0) - exact).abs() <= 4 * error).all()


WEIGHTS, MEANS = [0.5, 0.2, 0.3], [[-2.0, 1.0], [1.0, 0.0], [4.0, 3.0]]
FULL = [[[1.0, 0.5], [0.5, 0.8]], [[0.4, -0.2], [-0.2, 0.5]], [[0.8, 0.3], [0.3, 0.6]]]
FORMS = {"full": FULL, "diagonal": [[1.0, 0.5], [0.4, 2.0], [0.3, 0.6]], "isotropic": [1.0, 0.5, 2]}


def both(lab: SimpleNamespace, form: str = "full"):
    """The same mixture by the notebook and by the package."""
    as_tensors = [torch.tensor(v, dtype=torch.float64) for v in (WEIGHTS, MEANS, FORMS[form])]
    return lab.GaussianMixture(WEIGHTS, MEANS, FORMS[form]), GaussianMixture(*as_tensors)


# Each of these takes the notebook's definitions, and fails if one that it looks at is wrong.


def the_density_is_that_of_the_package(lab):
    x = 4 * torch.randn(50, 2, dtype=torch.float64, generator=seeded())
    for form in FORMS:
        ours, theirs = both(lab, form)
        close(ours.covariances, theirs.covariances)
        close(ours.log_prob(x), theirs.log_prob(x))
        close(ours.responsibilities(x), theirs.responsibilities(x))
        close(ours.mean(), theirs.mean())
        close(ours.covariance(), theirs.covariance())
    close(ours.log_prob(1e4 * x), theirs.log_prob(1e4 * x), tolerance=1e-3)


def the_score_is_that_of_the_package_at_every_noise(lab):
    x = 4 * torch.randn(50, 2, dtype=torch.float64, generator=seeded())
    several = torch.linspace(0.1, 3, 50, dtype=torch.float64)
    for form in FORMS:
        ours, theirs = both(lab, form)
        close(ours.score(x), theirs.score(x))
        for sigma in (0.3, several):
            close(ours.noisy_score(x, sigma), theirs.noisy_score(x, sigma))
        close(ours.noised(0.7, 0.4).score(x), theirs.noised(0.7, 0.4).score(x))
        close(ours.score(1e3 * x), theirs.score(1e3 * x), tolerance=1e-6)


def draws_have_the_law(lab):
    ours, theirs = both(lab)
    x = ours.sample(40_000, generator=seeded())
    within_errors(x, theirs.mean())
    centred = x - theirs.mean()
    products = torch.einsum("ni,nj->nij", centred, centred).flatten(1)
    within_errors(products, theirs.covariance().flatten())
    within_errors(theirs.responsibilities(x), theirs.weights)
    within_errors(theirs.log_prob(x).unsqueeze(1), theirs.log_prob(_exact(theirs)).mean())


def _exact(mixture: GaussianMixture) -> torch.Tensor:
    return mixture.sample(2_000_000, generator=seeded(9))


def a_bad_mixture_is_refused(lab):
    for weights, means, covariances in (
        ([0.5, 0.6], MEANS[:2], [1.0, 1.0]),
        ([1.5, -0.5], MEANS[:2], [1.0, 1.0]),
        ([0.5, 0.3, 0.2], MEANS[:2], [1.0, 1.0]),
        ([0.5, 0.5], MEANS[:2], [1.0, -1.0]),
        ([0.5, 0.5], MEANS[:2], [[[1.0, 2.0], [2.0, 1.0]]] * 2),
        ([0.5, 0.5], MEANS[:2], [[[1.0, 0.5], [0.2, 1.0]]] * 2),
        ([0.5, math.nan], MEANS[:2], [1.0, 1.0]),
        ([0.5, 0.5], [[0.0, math.inf], [0.0, 0.0]], [1.0, 1.0]),
        ([0.5, 0.5], MEANS[:2], [1.0, 1.0, 1.0]),
        ([0.5, 0.5], MEANS[:2], 1.0),
    ):
        with pytest.raises(ValueError, match="must be"):
            lab.GaussianMixture(weights, means, covariances)


def langevin_takes_the_steps_of_the_package(lab):
    _, mixture = both(lab)
    x0 = torch.randn(30, 2, dtype=torch.float64, generator=seeded())
    options = {"step_size": 0.07, "n_steps": 23, "record_every": 5}
    ours = lab.langevin_dynamics(mixture.score, x0, generator=seeded(1), **options)
    theirs = langevin.langevin_dynamics(mixture.score, x0, generator=seeded(1), **options)
    _same_run(ours, theirs)


def annealing_takes_the_steps_of_the_package(lab):
    _, mixture = both(lab)
    sigmas = lab.geometric_sigmas(5.0, 0.3, 4).double()
    close(sigmas, 5 * (0.3 / 5) ** (torch.arange(4.0, dtype=torch.float64) / 3), tolerance=1e-6)
    x0 = 5 * torch.randn(30, 2, dtype=torch.float64, generator=seeded())
    for denoise in (False, True):
        options = {
            "sigmas": sigmas,
            "step_size": 0.02,
            "n_steps": 6,
            "denoise": denoise,
            "record_every": 3,
        }
        ours, theirs = (
            sampler(mixture.noisy_score, x0, generator=seeded(1), **options)
            for sampler in (lab.annealed_langevin_dynamics, langevin.annealed_langevin_dynamics)
        )
        _same_run(ours, theirs)


def euler_maruyama_takes_the_steps_of_the_package(lab):
    _, mixture = both(lab)
    x0 = torch.randn(30, 2, dtype=torch.float64, generator=seeded())
    for ours, theirs in _processes(lab):
        # Against time the package takes a process that is reversed; here with 0 for the score.
        down = [p.reverse(lambda x, t: 0 * x) for p in (ours, theirs)]
        ways = [(10, None, (ours, theirs)), (7, (0.2, 0.9), (ours, theirs)), (7, (0.9, 0.2), down)]
        for n_steps, span, (one, other) in ways:
            options = {"n_steps": n_steps, "t_span": span, "record_every": 3}
            _same_run(
                lab.euler_maruyama(one, x0, generator=seeded(1), **options),
                solvers.euler_maruyama(other, x0, generator=seeded(1), **options),
            )
        back = [p.reverse(p.score_at(mixture.noisy_score)) for p in (ours, theirs)]
        _same_run(
            lab.euler_maruyama(back[0], x0, n_steps=50, generator=seeded(1)),
            solvers.euler_maruyama(back[1], x0, n_steps=50, generator=seeded(1)),
        )


def _same_run(ours, theirs: solvers.Trajectory) -> None:
    close(ours.final, theirs.final)
    close(ours.final, ours.states[-1])
    close(ours.states, theirs.states)
    close(ours.times, theirs.times, tolerance=1e-5)


def _processes(lab: SimpleNamespace) -> list[tuple]:
    return [
        (lab.OrnsteinUhlenbeck(T=3.0), sde.OrnsteinUhlenbeck(T=3.0)),
        # Not T = 1, at which a forgotten T does not show.
        (lab.VarianceExploding(0.2, 5.0, T=2.0), sde.VarianceExploding(0.2, 5.0, T=2.0)),
    ]


def processes_are_those_of_the_package(lab):
    _, mixture = both(lab)
    x = torch.randn(30, 2, dtype=torch.float64, generator=seeded())
    for ours, theirs in _processes(lab):
        assert (ours.T, ours.t_span) == (theirs.T, theirs.t_span)
        for t in (0.3, 0.8):
            close(ours.drift(x, t), theirs.drift(x, t))
            close(ours.diffusion(t), theirs.diffusion(t))
            for a, b in zip(ours.perturbation(t), theirs.perturbation(t), strict=True):
                close(a, b)
            score = theirs.score_at(mixture.noisy_score)
            close(ours.score_at(mixture.noisy_score)(x, t), score(x, t))
            close(ours.reverse_drift(x, t, score), theirs.reverse_drift(x, t, score))
            close(ours.reverse(score).drift(x, t), theirs.reverse(score).drift(x, t))
        assert ours.reverse(score).t_span == theirs.reverse(score).t_span


def _linear(x, sigma):
    """A model whose answer depends on σ, row by row."""
    return torch.as_tensor(sigma).expand(len(x)).reshape(-1, *[1] * (x.ndim - 1)) * x - 0.1


def the_loss_of_one_level_is_that_of_the_package(lab):
    for shape in ((40, 2), (40, 3), (5, 1, 4, 4)):
        x = torch.randn(shape, dtype=torch.float64, generator=seeded())
        several = torch.linspace(0.5, 2, len(x), dtype=torch.float64)
        for sigma in (0.4, several):
            ours = lab.dsm_loss(_linear, x, sigma, generator=seeded(1))
            close(ours, matching.dsm_loss(_linear, x, sigma, generator=seeded(1)))
    one = torch.tensor([1.0, 2.0])
    ours = lab.dsm_loss(_linear, one, 0.4, generator=seeded(1))
    close(ours, matching.dsm_loss(_linear, one[None], 0.4, generator=seeded(1)), 1e-6)


def the_loss_has_the_gradient_of_the_package(lab):
    torch.manual_seed(0)
    network = lab.ScoreNetwork(2, width=8).double()
    x = torch.randn(40, 2, dtype=torch.float64, generator=seeded())
    gradients = []
    for loss in (lab.dsm_loss, matching.dsm_loss):
        network.zero_grad()
        loss(network, x, 0.4, generator=seeded(1)).backward()
        gradients.append(torch.cat([p.grad.flatten() for p in network.parameters()]))
    close(*gradients)
    assert gradients[0].abs().max() > 0


def the_loss_over_all_levels_is_equation_1(lab):
    """Its mean over many draws is that of the package, level by level."""
    x = torch.randn(200_000, 2, generator=seeded())
    sigmas = torch.tensor([3.0, 1.0, 0.5])
    for options in ({}, {"weight": lambda s: s**4}):
        terms = torch.stack(
            [
                lab.ncsn_loss(_linear, rows, sigmas, generator=seeded(i), **options)
                for i, rows in enumerate(x.split(1_000))
            ]
        )
        wanted = matching.ncsn_loss(
            _linear, x, sigmas, levels="all", generator=seeded(1), **options
        )
        error = terms.std() / math.sqrt(len(terms))
        assert abs(terms.mean() - wanted) <= 4 * math.sqrt(2) * error  # both are estimates


def the_divergence_is_that_of_the_package(lab):
    x = torch.randn(40, 2, dtype=torch.float64, generator=seeded())
    p, q = (lambda y: -y), (lambda y: -y / 2 + 1)
    ours, theirs = lab.fisher_divergence(p, q, x).mean(), matching.fisher_divergence(p, q, x)
    close(ours, torch.tensor(float(theirs), dtype=torch.float64))


def training_learns(lab):
    """A line in σz: the loss of N(0, I) falls to its floor."""
    torch.manual_seed(0)
    data = torch.randn(4_000, 2, generator=seeded())
    network = lab.ScoreNetwork(2, width=16)
    sigmas = torch.tensor([2.0, 0.5])
    losses = lab.train(network, data, sigmas, n_steps=400, batch_size=128, learning_rate=1e-2)
    floor = (sigmas**0 / (1 + sigmas**2)).mean()  # ½ d σ² v/(σ² (v + σ²)), d = 2, v = 1
    assert len(losses) == 400
    # The start is at least the silent network's 1; 0.06 is 4 standard errors of the last hundred.
    assert losses[:5].mean() > 0.9
    assert abs(losses[-100:].mean() - float(floor)) < 0.06
    assert network(data[:3], 0.5).shape == (3, 2)


def the_denoiser_of_images_is_a_score(lab):
    torch.manual_seed(0)
    network = lab.DenoisingNetwork(width=8, depth=1).double()
    torch.nn.init.normal_(network.last.weight, std=2.0)  # an image has values in (−1, 1) even so
    x = torch.randn(5, 1, 28, 28, dtype=torch.float64, generator=seeded())
    sigma = torch.linspace(0.3, 2, 5, dtype=torch.float64)
    means = x + sigma.reshape(5, 1, 1, 1) ** 2 * network(x, sigma)
    close(means, network.denoiser(x, sigma))
    assert means.abs().max() < 1


CHECKS: list[Callable[[SimpleNamespace], None]] = [
    the_density_is_that_of_the_package,
    the_score_is_that_of_the_package_at_every_noise,
    draws_have_the_law,
    a_bad_mixture_is_refused,
    langevin_takes_the_steps_of_the_package,
    annealing_takes_the_steps_of_the_package,
    processes_are_those_of_the_package,
    euler_maruyama_takes_the_steps_of_the_package,
    the_loss_of_one_level_is_that_of_the_package,
    the_loss_has_the_gradient_of_the_package,
    the_loss_over_all_levels_is_equation_1,
    the_divergence_is_that_of_the_package,
    training_learns,
    the_denoiser_of_images_is_a_score,
]


@pytest.fixture(scope="module")
def lab() -> SimpleNamespace:
    return definitions(code())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_what_the_notebook_defines(lab, check):
    check(lab)


# The notebook that is handed in


@pytest.fixture(scope="module", params=["lab-solution", "lab-solucion"])
def notebook(request) -> nbformat.NotebookNode:
    path = SITE / f"{request.param}.ipynb"
    if not path.exists() and not os.environ.get("CI"):
        pytest.skip("the book is not built (make book)")
    return nbformat.read(path, as_version=4)


def cells(notebook: nbformat.NotebookNode, kind: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def questions(text: str) -> list[str]:
    """The questions among the headings: `P1 · a (1.0)`."""
    return re.findall(r"(?m)^### (P\d · [a-f] \([\d.]+\)|P\d · [a-f] \(bonus\)) \S", text)


def test_it_is_whole_and_concise(notebook):
    nbformat.validate(notebook)
    text = "\n\n".join(cell.source for cell in cells(notebook, "markdown"))
    assert questions(text) == QUESTIONS
    assert re.findall(r"(?m)^## (P\d) · ", text) == list(MARKS)
    assert len(notebook.cells) <= 110
    assert len(text.split()) <= 5_000
    pictures = [
        o for c in cells(notebook, "code") for o in c.outputs if "image/png" in o.get("data", {})
    ]
    assert len(pictures) >= 8


def test_it_stands_alone(notebook):
    allowed = {
        "abc",
        "gzip",
        "inspect",
        "math",
        "matplotlib",
        "numpy",
        "pathlib",
        "sympy",
        "time",
        "torch",
        "typing",
    }
    imported = set()
    for cell in cells(notebook, "code"):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.partition(".")[0])
    assert imported <= allowed
    assert "scorelab" not in "".join(cell.source for cell in notebook.cells).replace(
        "../../scorelab/training/mnist", ""
    )


def test_it_was_executed_in_order_from_a_new_kernel(notebook):
    code_cells = cells(notebook, "code")
    assert [c.execution_count for c in code_cells] == [*range(1, len(code_cells) + 1)]
    outputs = [o for c in code_cells for o in c.outputs]
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]


def test_both_languages_have_the_same_code_and_outputs():
    notebooks = [
        nbformat.read(SITE / f"{name}.ipynb", as_version=4)
        for name in ("lab-solution", "lab-solucion")
    ]
    kinds = [[cell.cell_type for cell in notebook.cells] for notebook in notebooks]
    assert kinds[0] == kinds[1]
    one, other = (cells(notebook, "code") for notebook in notebooks)
    assert [(c.source, c.outputs) for c in one] == [(c.source, c.outputs) for c in other]


@pytest.mark.parametrize("page", ["laboratory", "laboratorio"])
def test_the_page_asks_each_question_with_its_marks_and_divides_them(page):
    text = (LAB / f"{page}.md").read_text("utf8")
    assert questions(text) == QUESTIONS
    for section in re.split(r"(?m)^### ", text)[1:]:
        marks = re.match(r"P\d · [a-f] \(([\d.]+)\)", section)
        if marks:
            shares = [float(share) for share in re.findall(r"(?m)^- (\d\.\d+): ", section)]
            assert sum(shares) == pytest.approx(float(marks[1])), section[:40]
    assert len(re.findall(r"(?m)^:::\{admonition\} (?:Care|Advertencia) (\d)", text)) == 8


@pytest.mark.nightly
def test_it_runs_without_the_package_in_an_empty_folder_and_gives_its_numbers(
    tmp_path, monkeypatch
):
    """One kernel of one thread; the digits lie beside the notebook, and `scorelab` is not there."""
    name = "lab-solution.ipynb"
    for file in (name, "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"):
        shutil.copy(SITE / file, tmp_path)
    hidden = tmp_path / "path" / "scorelab"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ModuleNotFoundError('scorelab')")
    monkeypatch.setenv("PYTHONPATH", str(hidden.parent))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    shown = nbformat.read(tmp_path / name, as_version=4)
    fresh = nbformat.from_dict(shown)
    NotebookClient(fresh, timeout=900, resources={"metadata": {"path": tmp_path}}).execute()

    def printed(notebook):
        text = "".join(o.text for c in cells(notebook, "code") for o in c.outputs if "text" in o)
        return text.splitlines()

    for here, there in zip(printed(fresh), printed(shown), strict=True):
        if here.startswith("x̂"):
            # 300 steps of a network amplify the last bit of a sum: an image or two may look
            # otherwise, of 200.
            found, wanted = ([float(n) for n in line.split()[1:]] for line in (here, there))
            assert found == pytest.approx(wanted, abs=0.1)
        else:
            assert here == there
