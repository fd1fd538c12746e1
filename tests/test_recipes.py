"""The training on MNIST as a command: it learns, survives SIGKILL, and can be shared out."""

import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from matplotlib import image

import scorelab
from scorelab.__main__ import main
from scorelab.matching import ncsn_loss
from scorelab.training import CheckpointError, checkpoints, load_checkpoint
from scorelab.training.devices import Shared, check_shares
from scorelab.training.mnist.data import load_mnist
from scorelab.training.mnist.network import (
    MnistRecipe,
    contact_sheet,
    log_normal_sigmas,
    train_mnist,
)

TINY = {
    "n_steps": 12,
    "batch_size": 8,
    "widths": (8, 8, 8),
    "depth": 1,
    "n_levels": 8,
    "n_outer": 2,
    "bfloat16": False,
}
ENVIRONMENT = os.environ | {
    "PYTHONPATH": str(Path(scorelab.__file__).parents[1]),
    "OMP_NUM_THREADS": "1",
}


def command(out: Path, *, every: int = 4, **options) -> list[str]:
    """The words of the command for a tiny run."""
    words = [sys.executable, "-m", "scorelab", "train", "mnist", "--out", str(out), "--quiet"]
    words += ["--checkpoint-every", str(every)]
    for name, value in (TINY | options).items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words += [f"--{flag}" if value else f"--no-{flag}"]
        else:
            values = value if isinstance(value, tuple) else (value,)
            words += [f"--{flag}", *map(str, values)]
    return words


def run(words: list[str], **environment: str) -> None:
    subprocess.run(words, env=ENVIRONMENT | environment, check=True, timeout=300)


def same(a: Path, b: Path) -> bool:
    """Whether two checkpoints hold the same, whatever the order in their headers."""
    (one, says), (two, tells) = load_checkpoint(a), load_checkpoint(b)
    pairs = zip(one.state_dict().values(), two.state_dict().values(), strict=True)
    return says == tells and all(torch.equal(x, y) for x, y in pairs)


def weights(path: Path) -> dict[str, torch.Tensor]:
    return load_checkpoint(path)[0].state_dict()


# ---------------------------------------------------------------------------------------- levels


def test_the_levels_of_the_recipe_leave_no_gap():
    """The quantiles alone would: a factor of eleven, from 150 to 13."""
    sigmas = MnistRecipe().sigmas().double()
    assert (sigmas[0], sigmas[-1]) == (150, pytest.approx(0.01))
    ratios = sigmas[:-1] / sigmas[1:]
    assert ((ratios > 1) & (ratios < 2)).all()
    inner = ((sigmas > 0.1) & (sigmas < 3)).double().mean()
    assert inner > 0.7


def test_levels_hold_equal_shares_of_a_log_normal_law():
    sigmas = log_normal_sigmas(150, 0.01, 2001, median=0.35, spread=1.5).double()
    assert sigmas[0] == 150
    assert sigmas[-1] == pytest.approx(0.01)
    assert (sigmas.diff() < 0).all()
    # The share of levels below σ, for the law that is cut off; a step of levels is 1 / 2000.
    law = torch.distributions.LogNormal(math.log(0.35), 1.5)
    low, high = law.cdf(torch.tensor([0.01, 150.0], dtype=torch.float64))
    for sigma in (0.05, 0.35, 2.0):
        exact = (law.cdf(torch.tensor(sigma, dtype=torch.float64)) - low) / (high - low)
        assert (sigmas < sigma).double().mean().item() == pytest.approx(exact.item(), abs=1e-3)


def test_the_recipe_reaches_the_noise_of_every_process_of_the_book():
    from scorelab.sde import OrnsteinUhlenbeck

    process = OrnsteinUhlenbeck()
    scale, std = process.perturbation(process.T)
    images = load_mnist().images[:1000].flatten(1)
    assert MnistRecipe().sigma_max >= float(std / scale)
    assert MnistRecipe().sigma_max >= torch.pdist(images).max()
    scale, std = process.perturbation(process.t_min)
    assert MnistRecipe().sigma_min <= float(std / scale)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"sigma_min": 0.0}, "sigma_min"),
        ({"sigma_max": 0.005}, "sigma_max"),
        ({"n_levels": 1}, "n_levels"),
        ({"sigma_median": -1.0}, "median"),
        ({"sigma_spread": float("inf")}, "spread"),
    ],
)
def test_bad_levels_are_named(change, name):
    with pytest.raises(ValueError, match=name):
        replace(MnistRecipe(), **change).sigmas()


# -------------------------------------------------------------------------------------- training


@pytest.mark.nightly
def test_a_tiny_training_learns(tmp_path):
    """60 steps take a third of the loss away, and an average of the networks keeps it.

    The untrained network is the score of one Gaussian, whose weighted loss is 784 / 2 = 392 at all
    levels, on average over levels and images.
    """
    recipe = replace(
        MnistRecipe(), n_steps=60, batch_size=32, widths=(8, 16, 32), ema=0.9, n_levels=32
    )
    history = train_mnist(None, tmp_path / "net.safetensors", recipe, progress=False)
    assert history.losses[0] == pytest.approx(392, rel=0.1)
    assert history.losses[-10:].mean() < 275
    # The averaged network that was written, half of its digits left out, on images held out.
    model, _ = load_checkpoint(tmp_path / "net.safetensors")
    images = load_mnist().test_images[:128]
    variance = float(model.data_variance)
    losses = [
        ncsn_loss(
            network,
            images,
            recipe.sigmas(),
            weight=lambda s: s**2 * (s**2 + variance) / variance,
            generator=torch.Generator().manual_seed(1),
        ).item()
        for network in (model, history.model)
    ]
    assert losses[0] < 275
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_the_checkpoint_says_how_it_was_made(tmp_path):
    out = tmp_path / "net.safetensors"
    history = train_mnist(None, out, MnistRecipe(**TINY), progress=False)
    _, record = load_checkpoint(out)
    assert record["data"] == load_mnist().digests
    assert record["n_images"] == 10_000
    assert MnistRecipe(**record["recipe"] | {"widths": TINY["widths"]}) == MnistRecipe(**TINY)
    assert record["sigmas"] == MnistRecipe(**TINY).sigmas().tolist()
    torch.testing.assert_close(
        torch.tensor(record["losses"], dtype=torch.float64), history.losses, rtol=0, atol=1e-4
    )
    assert set(record["versions"]) == {"scorelab", "torch"}


@pytest.mark.nightly
def test_a_killed_run_taken_up_again_ends_as_one_never_stopped(tmp_path):
    """SIGKILL as soon as there is a state of the run; the ends are the same to the last bit."""
    whole, killed = tmp_path / "whole.safetensors", tmp_path / "killed.safetensors"
    run(command(whole))
    state = killed.with_name("killed.safetensors.run")
    process = subprocess.Popen(command(killed), env=ENVIRONMENT)
    try:
        deadline = time.monotonic() + 120
        while not state.exists() and time.monotonic() < deadline:
            time.sleep(0.005)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGKILL, "the run ended before it could be killed"
    assert not killed.exists()
    _, header = checkpoints.read(state, "training run")
    assert 4 <= header["step"] < 12
    run(command(killed))
    assert same(killed, whole)


@pytest.mark.nightly
def test_samples_on_the_way_change_nothing(tmp_path):
    """More checkpoints, and so more sheets of samples, give the same network."""
    for every, name in ((100, "rare"), (6, "often")):
        train_mnist(
            None, tmp_path / name, MnistRecipe(**TINY), checkpoint_every=every, progress=False
        )
    assert same(tmp_path / "rare", tmp_path / "often")
    assert image.imread(tmp_path / "often.png").shape[:2] == (6 * 28, 6 * 28)


def test_a_damaged_state_of_the_run_is_named(tmp_path, capsys):
    out = tmp_path / "net"
    train_mnist(None, out, MnistRecipe(**TINY), progress=False)
    state = tmp_path / "net.run"
    content = state.read_bytes()
    state.write_bytes(content[: len(content) // 2])
    with pytest.raises(CheckpointError, match=r"net\.run.*damaged"):
        train_mnist(None, out, MnistRecipe(**TINY), progress=False)
    assert main(command(out)[3:]) == 1
    assert "net.run" in capsys.readouterr().err


def test_the_command_says_what_is_wrong_in_one_line(tmp_path, capsys):
    words = ["train", "mnist", "--data", str(tmp_path), "--out", str(tmp_path / "net")]
    assert main(words) == 1
    assert "train-images-idx3-ubyte" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert main([*words[:2], *words[4:], "--n-steps", "0"]) == 1
    assert "n_steps" in capsys.readouterr().err


# --------------------------------------------------------------------------------- several devices


@pytest.mark.nightly
def test_two_processes_train_the_network_of_one(tmp_path):
    """What differs is the order of sums in float32: a part in 10⁷ a step, for twelve steps.

    Adam divides a gradient by its size, so where a gradient is nearly 0 its rounding error counts
    in full: a step up instead of down, twice the learning rate of 2e-3 and half of that on average
    over the run. A few weights in a thousand are such, so the mean difference is small.
    """
    one, two = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    run(command(one))
    words = command(two)
    # `accelerate launch --cpu` starts one process, whatever number it is given.
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    run([words[0], *launch, *words[1:], "--devices"], ACCELERATE_USE_CPU="true")
    records = [load_checkpoint(file)[1] for file in (one, two)]
    assert [record["processes"] for record in records] == [1, 2]
    alone, shared = (record["losses"] for record in records)
    assert shared == pytest.approx(alone, rel=1e-6)
    pairs = [(weights(one)[name], weights(two)[name]) for name in weights(one)]
    difference = torch.cat([(a - b).flatten() for a, b in pairs]).abs()
    assert difference.max() < 12 * 2e-3
    assert difference.mean() < 2e-5


def test_gradients_of_the_shares_average_to_that_of_the_batch():
    """Adam hides a factor of the gradient, so the gradient itself is looked at.

    The engine is played: each of two processes has its rows' outputs with a graph and the other's
    without, and what it averages over the processes is averaged here.
    """

    class Engine:
        num_processes, is_main_process = 2, True

        def __init__(self, process_index, outputs):
            self.process_index, self.outputs = process_index, outputs

        def prepare(self, model):
            return model

        def gather(self, _):
            return self.outputs

        def backward(self, loss):
            loss.backward()

    torch.manual_seed(0)
    model = torch.nn.Linear(2, 2, dtype=torch.float64)
    x, target = torch.randn(2, 8, 2, dtype=torch.float64)

    def network(x, sigma):
        return model(x) * sigma[:, None]

    network_of_one = Shared(network)
    sigma = torch.linspace(0.5, 2, 8, dtype=torch.float64)
    outputs = network(x, sigma).detach()
    gradients = []
    for shared in (network_of_one, *(Shared(network, Engine(i, outputs)) for i in (0, 1))):
        model.zero_grad()
        shared.backward((shared(x, sigma) - target).square().mean())
        gradients.append(model.weight.grad.clone())
    whole, first, second = gradients
    torch.testing.assert_close((first + second) / 2, whole)
    assert not torch.allclose(first, whole)


def test_a_batch_that_cannot_be_shared_out_is_refused():
    class Three:
        num_processes = 3

    with pytest.raises(ValueError, match="batch_size must be a multiple of the 3 processes, got 8"):
        check_shares(8, Three())


# ------------------------------------------------------------------------------------------ sheets


def test_contact_sheet_keeps_the_order_of_the_images(tmp_path):
    images = torch.zeros(5, 1, 4, 6)
    for i in range(5):
        images[i, 0, :, i] = 1.0
    contact_sheet(images, tmp_path / "sheet.png", columns=3)
    sheet = 1 - torch.from_numpy(image.imread(tmp_path / "sheet.png"))[..., 0]
    assert sheet.shape == (8, 18)
    for i in range(5):
        row, column = divmod(i, 3)
        tile = sheet[4 * row : 4 * row + 4, 6 * column : 6 * column + 6]
        torch.testing.assert_close(tile, images[i, 0])
    assert [p.name for p in tmp_path.iterdir()] == ["sheet.png"]


def test_bad_sheets_are_named(tmp_path):
    for images in (torch.zeros(2, 3, 4, 4), torch.zeros(4, 4), torch.zeros(0, 1, 4, 4)):
        with pytest.raises(ValueError, match="images must have shape"):
            contact_sheet(images, tmp_path / "sheet.png")
    with pytest.raises(ValueError, match="columns"):
        contact_sheet(torch.zeros(1, 1, 4, 4), tmp_path / "sheet.png", columns=0)
