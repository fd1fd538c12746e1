"""Training: it learns the score, repeats itself, survives being killed, and says what is wrong."""

import copy
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import scorelab
from scorelab.examples import book_mixture
from scorelab.langevin import annealed_langevin_dynamics
from scorelab.matching import dsm_floor, relative_fisher_error
from scorelab.metrics import mode_weights
from scorelab.mixture import GaussianMixture
from scorelab.networks import ScoreMLP
from scorelab.noise import geometric_sigmas
from scorelab.training import CheckpointError, fit, load_checkpoint, save_checkpoint

SIGMAS = [2.0, 0.5]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small(seed: int = 0) -> ScoreMLP:
    torch.manual_seed(seed)
    return ScoreMLP(2, width=8, depth=2)


def train(model, data=None, **options):
    options = {"n_steps": 60, "batch_size": 16, "learning_rate": 1e-2, "progress": False} | options
    options.setdefault("generator", generator())
    data = torch.randn(50, 2, generator=generator(5)) if data is None else data
    return fit(model, data, options.pop("sigmas", SIGMAS), **options)


def same(a: nn.Module, b: nn.Module) -> bool:
    pairs = zip(a.state_dict().values(), b.state_dict().values(), strict=True)
    return all(torch.equal(x, y) for x, y in pairs)


# -------------------------------------------------------------------------------------- learning


@pytest.fixture(scope="module")
def learned():
    """A third of the chapter's training: 1,200 steps in place of 4,000."""
    mixture, source = book_mixture(), generator()
    torch.manual_seed(0)
    model = ScoreMLP.for_data(mixture.sample(10_000, generator=source))
    return fit(
        model,
        mixture,
        geometric_sigmas(12, 0.05, 20),
        n_steps=1200,
        batch_size=512,
        learning_rate=8e-3,
        antithetic=True,
        generator=source,
        progress=False,
    )


@pytest.mark.parametrize(
    ("sigma", "at_most"), [(10, 0.003), (1.9, 0.007), (0.35, 0.03), (0.15, 0.07), (0.07, 0.12)]
)
def test_it_learns_the_score(learned, sigma, at_most):
    """The bounds are what a plain network reached in the chapter's 4,000 steps."""
    error = relative_fisher_error(
        learned.model, book_mixture(), sigma, n_samples=5000, generator=generator(1)
    )
    assert error + 4 * error.standard_error < at_most


@pytest.mark.nightly
def test_learned_scores_give_every_mode_its_weight(learned):
    mixture = book_mixture()
    found = annealed_langevin_dynamics(
        learned.model,
        12 * torch.randn(2000, 2, generator=generator(1)),
        sigmas=learned.sigmas,
        step_size=0.2 * 0.05**2,
        n_steps=100,
        generator=generator(2),
    )
    for weight, exact in zip(mode_weights(mixture, found.final), mixture.weights, strict=True):
        # 0.05 is the promise; the standard error at this n is up to 0.011.
        assert abs(weight - exact.item()) < 0.05 + weight.standard_error


def test_history_tells_the_excess_of_every_level(learned):
    assert learned.losses.shape == (1200,)
    assert learned.level_losses.shape == learned.excess.shape == (100, 20)
    assert learned.level_steps[0] == 6
    assert learned.level_steps[-1] == 1194
    floor = dsm_floor(book_mixture(), 0.05, n_samples=20_000, generator=generator(3))
    assert learned.floor[-1].item() == pytest.approx(0.05**2 * floor, rel=1e-3)
    # Windows are means of 12 · 512 / 20 samples of a loss of size 1: 0.06 each, over half of them
    # 0.008. What the network itself lacks is smaller.
    assert learned.excess[50:].mean(0).abs().max() < 4 * 0.008
    # Every level counts the same in every step, up to 1 in 25.
    mean = learned.level_losses.mean().item()
    assert learned.losses.mean().item() == pytest.approx(mean, rel=0.01)
    assert learned.losses[:20].mean() > learned.losses[-400:].mean()


def test_optimum_of_a_linear_model_in_closed_form():
    """For N(0, v) the best slope at one level is −1/(v + σ²), and the average finds it."""

    class Slope(nn.Module):
        def __init__(self):
            super().__init__()
            self.slope = nn.Parameter(torch.zeros(()))

        def forward(self, x, sigma):
            return self.slope * x

    law = GaussianMixture([1.0], [[0.0, 0.0]], [2.0])
    model = Slope()
    history = train(
        model, law, sigmas=[1.0], n_steps=800, batch_size=256, learning_rate=0.02, ema=0.98
    )
    assert history.model.slope.item() == pytest.approx(-1 / 3, abs=0.01)
    assert model.slope.item() != history.model.slope.item()


def test_average_follows_its_formula():
    class Constant(nn.Module):
        def __init__(self):
            super().__init__()
            self.bias = nn.Parameter(torch.ones(2))
            self.register_buffer("calls", torch.zeros(()))

        def forward(self, x, sigma):
            path.append(self.bias.detach().clone())
            self.calls += 1
            return self.bias.expand_as(x)

    path: list[torch.Tensor] = []
    model = Constant()
    history = train(model, n_steps=40, ema=0.8)
    weights = [*path[1:], model.bias.detach()]
    average = path[0]
    for k, theta in enumerate(weights):
        keep = min(0.8, (1 + k) / (10 + k))
        average = keep * average + (1 - keep) * theta
    torch.testing.assert_close(history.model.bias, average)
    assert history.model.calls == 40  # buffers are copied, not averaged
    assert not history.model.bias.requires_grad
    assert not history.model.training


def test_no_average_keeps_the_last_network():
    model = small()
    assert same(train(model, ema=0.0).model, model)


# ------------------------------------------------------------------------------------------ data


def test_every_row_is_seen_once_before_any_is_seen_twice():
    seen = []

    class Spy(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, x, sigma):
            seen.append(x.detach().round().flatten())
            return self.scale * x

    # Rows 0, 10, 20, … with noise far too small to hide them.
    data = 10 * torch.arange(7.0)[:, None]
    train(Spy(), data, sigmas=[0.01], n_steps=7, batch_size=3)
    rows = torch.cat(seen) / 10
    for number in range(3):
        assert sorted(rows[7 * number : 7 * number + 7].tolist()) == list(range(7))
    assert rows[:7].tolist() != rows[7:14].tolist()


def test_callable_and_mixture_give_the_same_run():
    mixture = book_mixture()
    one = train(small(), mixture)
    two = train(small(), lambda n, g: mixture.sample(n, generator=g))
    assert same(one.model, two.model)
    assert two.floor is None
    with pytest.raises(ValueError, match="floor is not known"):
        _ = two.excess
    three = train(small(), lambda n, g: mixture.sample(n, generator=g), floor=[0.1, 0.2])
    assert same(one.model, three.model)
    torch.testing.assert_close(three.floor, torch.tensor([0.4, 0.05], dtype=torch.float64))


def test_images_train_too():
    class Pixelwise(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Conv2d(1, 1, 3, padding=1)

        def forward(self, x, sigma):
            return self.net(x) / sigma[:, None, None, None]

    data = torch.randn(20, 1, 6, 6, generator=generator())
    losses = train(Pixelwise(), data, n_steps=200).losses
    assert losses[-50:].mean() < 0.9 * losses[:20].mean()


def test_same_seed_same_bits_other_seed_other_bits():
    one, two, three = (train(small(), generator=generator(seed)) for seed in (0, 0, 1))
    assert same(one.model, two.model)
    assert torch.equal(one.losses, two.losses)
    assert not same(one.model, three.model)


def test_progress_bar_shows_loss_and_excess(capsys):
    train(small(), book_mixture(), progress=True)
    shown = capsys.readouterr().err
    assert "60/60" in shown
    assert "loss " in shown
    assert "excess " in shown


# ----------------------------------------------------------------------------------- checkpoints


class Killed(Exception):
    pass


def stop_at(step, data):
    """A source of batches that stops the run at a step."""
    calls = iter(range(10**6))

    def draw(n, source):
        if next(calls) == step + 1:  # the first call is the example
            raise Killed
        return data.sample(n, generator=source)

    return draw


@pytest.mark.parametrize("step", [20, 35, 59])
def test_a_run_taken_up_again_ends_with_the_same_bits(tmp_path, step):
    mixture, file = book_mixture(), tmp_path / "run.safetensors"
    whole_model = small()
    whole = train(whole_model, lambda n, g: mixture.sample(n, generator=g))
    with pytest.raises(Killed):
        train(small(), stop_at(step, mixture), checkpoint=file, checkpoint_every=10)
    model = small(7)  # what it starts with is overwritten
    # The generator too: its state is in the file.
    again = train(
        model,
        lambda n, g: mixture.sample(n, generator=g),
        checkpoint=file,
        checkpoint_every=10,
        generator=generator(99),
    )
    assert same(again.model, whole.model)
    assert same(model, whole_model)
    assert torch.equal(again.losses, whole.losses)
    assert torch.equal(again.level_losses, whole.level_losses)
    assert [f.name for f in tmp_path.iterdir()] == ["run.safetensors"]


def test_rows_go_on_where_they_stopped(tmp_path):
    data = torch.randn(50, 2, generator=generator(5))

    class Stops(ScoreMLP):
        left = 10**6

        def forward(self, x, sigma):
            self.left -= 1
            if self.left < 0:
                raise Killed
            return super().forward(x, sigma)

    def network():
        torch.manual_seed(0)
        return Stops(2, width=8, depth=2)

    whole = train(network(), data)
    stopped = network()
    stopped.left = 33
    with pytest.raises(Killed):
        train(stopped, data, checkpoint=tmp_path / "run", checkpoint_every=10)
    again = train(network(), data, checkpoint=tmp_path / "run", checkpoint_every=10)
    assert same(again.model, whole.model)


def test_a_finished_run_is_not_trained_again(tmp_path):
    one = train(small(), checkpoint=tmp_path / "run")
    two = train(small(3), checkpoint=tmp_path / "run")
    assert same(one.model, two.model)
    assert torch.equal(one.losses, two.losses)


KILLED_RUN = """
import sys, torch
from scorelab.networks import ScoreMLP
from scorelab.training import fit
fit(ScoreMLP(2, width=64), torch.randn(100, 2), [2.0, 0.5], n_steps=10**4, batch_size=4,
    learning_rate=1e-3, checkpoint=sys.argv[1], checkpoint_every=1, progress=False)
"""


def test_a_killed_run_leaves_a_whole_checkpoint(tmp_path):
    """SIGKILL at an arbitrary moment of a run that does little else than write."""
    file = tmp_path / "run.safetensors"
    env = os.environ | {"PYTHONPATH": str(Path(scorelab.__file__).parents[1])}
    process = subprocess.Popen([sys.executable, "-c", KILLED_RUN, str(file)], env=env)
    try:
        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.3)
    finally:
        process.kill()
        process.wait()
    from scorelab.training.checkpoints import read

    tensors, header = read(file, "training run")
    assert header["step"] >= 1
    assert (tensors["losses"][: header["step"]] > 0).all()


def test_who_watches_the_run_sees_each_checkpoint_with_the_average_so_far(tmp_path):
    seen = {}
    history = train(
        small(),
        checkpoint=tmp_path / "run",
        checkpoint_every=25,
        on_checkpoint=lambda step, model: seen.update({step: copy.deepcopy(model)}),
    )
    assert list(seen) == [25, 50, 60]
    assert same(seen[60], history.model)
    assert not same(seen[50], history.model)


def test_other_arguments_than_the_checkpoints_are_refused(tmp_path):
    file = tmp_path / "run"
    train(small(), checkpoint=file)
    with pytest.raises(ValueError, match=r"a run with learning_rate = 0\.01, not 0\.02"):
        train(small(), checkpoint=file, learning_rate=0.02)
    with pytest.raises(ValueError, match="another model"):
        train(ScoreMLP(2, width=9), checkpoint=file)


ROWS = torch.randn(50, 2, generator=generator(5))
OTHER_ROWS = ROWS.clone()
OTHER_ROWS[17, 1] += 1e-3


class Other(ScoreMLP):
    pass


def frozen() -> ScoreMLP:
    model = small()
    model.first.requires_grad_(False)
    return model


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data": OTHER_ROWS}, r"data = a tensor of 50 float32 .*digest \w+, not a tensor of 50 "),
        ({"data": ROWS[:40]}, r"tensor of 50 .*, not a tensor of 40 "),
        ({"data": ROWS.flip(0)}, "digest .*, not a tensor of 50 "),
        ({"data": ROWS.double(), "model": small().double()}, "float32 .*, not .* float64 "),
        ({"data": book_mixture()}, "a tensor of 50 .*, not a mixture"),
        ({"data": lambda n, g: torch.randn(n, 2, generator=g)}, "a tensor .*, not a callable"),
        ({"weight": lambda s: s}, r"weight = \[4\.0, 0\.25\], not \[2\.0, 0\.5\]"),
        ({"sigmas": [2.0, 0.4]}, r"sigmas = \[2\.0, 0\.5\], not \[2\.0, 0\.4"),
        ({"batch_size": 17}, "batch_size = 16, not 17"),
        ({"n_steps": 61}, "n_steps = 60, not 61"),
        ({"ema": 0.9}, r"ema = 0\.999, not 0\.9"),
        ({"antithetic": True}, "antithetic = False, not True"),
        ({"model": ScoreMLP(2, width=8, depth=3)}, r"another model: without that, not layers\.1"),
        ({"model": ScoreMLP(2, width=9, depth=2)}, r"first\.weight: \(8, 2\) .*not .*\(9, 2\)"),
        ({"model": small().double()}, "another model: .*float32.*not .*float64"),
        ({"model": Other(2, width=8, depth=2)}, "model: ScoreMLP, not model: Other"),
        ({"model": frozen()}, "first.weight: .*, trained; .* not first.weight: "),
    ],
    ids=range(17),
)
def test_a_run_is_not_taken_up_with_something_else(tmp_path, options, message):
    file = tmp_path / "run"
    begun = train(small(), ROWS, checkpoint=file)
    content = file.read_bytes()
    with pytest.raises(ValueError, match=f"{file} is of a run with .*{message}"):
        train(**({"model": small(), "data": ROWS, "checkpoint": file} | options))
    assert file.read_bytes() == content
    again = train(small(3), ROWS.clone(), checkpoint=file, learning_rate=0.01)
    assert same(again.model, begun.model)


def test_a_run_from_a_mixture_or_a_callable_is_not_taken_up_with_another(tmp_path):
    mixture = book_mixture()
    train(small(), mixture, checkpoint=tmp_path / "mixture")
    other = GaussianMixture(mixture.weights, mixture.means + 1e-3, mixture.covariances)
    with pytest.raises(ValueError, match=r"data = a mixture .*, not a mixture"):
        train(small(), other, checkpoint=tmp_path / "mixture")
    train(small(), book_mixture(), checkpoint=tmp_path / "mixture")
    train(small(), lambda n, g: mixture.sample(n, generator=g), checkpoint=tmp_path / "callable")
    with pytest.raises(ValueError, match=r"a callable .*, not a mixture"):
        train(small(), mixture, checkpoint=tmp_path / "callable")


def test_a_run_of_before_its_data_were_noted_is_taken_up(tmp_path):
    from scorelab.training import checkpoints

    file = tmp_path / "run"
    begun = train(small(), ROWS, checkpoint=file)
    tensors, header = checkpoints.read(file, "training run")
    for name in ("data", "weight", "model"):
        del header["settings"][name]
    checkpoints.write(file, tensors, header)
    assert same(train(small(3), ROWS, checkpoint=file).model, begun.model)
    with pytest.raises(ValueError, match="has a row 49; data has 20"):
        train(small(), ROWS[:20], checkpoint=file)
    with pytest.raises(ValueError, match="another model"):
        train(ScoreMLP(2, width=9, depth=2), ROWS, checkpoint=file)


def test_large_data_are_told_apart_in_a_part_of_their_rows(monkeypatch):
    from scorelab.training import identity

    monkeypatch.setattr(identity, "_DIGESTED", 100)
    described = identity.described_data
    data = torch.randn(1000, 3, generator=generator())
    assert described(data, data[:1]) == described(data.clone(), data[:1])
    for row in (0, 501, 999):
        other = data.clone()
        other[row, 1] += 1e-6
        assert described(data, data[:1]) != described(other, data[:1])
    half = data.bfloat16()
    assert described(half, half[:1]) == described(half.T.contiguous().T, half[:1])


def test_weights_in_half_precision_are_refused():
    with pytest.raises(ValueError, match=r"first.weight is torch.bfloat16, .*autocast"):
        fit(small().bfloat16(), ROWS, [1.0], n_steps=1, batch_size=4, learning_rate=0.1)


def test_a_model_that_was_read_does_not_follow_its_file(tmp_path):
    file = tmp_path / "model"
    save_checkpoint(file, small(), {})
    model, _ = load_checkpoint(file)
    content = file.read_bytes()
    with file.open("r+b") as over:  # in place, where a memory map would see it
        over.write(b"\xff" * len(content))
    assert same(model, small())
    file.write_bytes(b"")
    assert same(model, small())
    with pytest.raises(CheckpointError, match=r"model: damaged"):
        load_checkpoint(file)


def test_who_reads_while_another_writes_gets_one_of_two_models(tmp_path):
    """Written in one step; and in place, by somebody else, it is said by name."""
    file = tmp_path / "model"
    contents, errors = [], []
    for seed in (0, 1):
        model = small(seed)
        nn.init.constant_(model.last.bias, seed)
        save_checkpoint(file, model, {"seed": seed})
        contents.append(file.read_bytes())
    stop = threading.Event()

    def write():
        while not stop.is_set():
            for content in contents:
                file.write_bytes(content)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(100):
            try:
                model, record = load_checkpoint(file)
            except CheckpointError as error:
                errors.append(str(error))
            else:
                assert (model.last.bias == record["seed"]).all()
    finally:
        stop.set()
        writer.join()
    assert all(str(file) in error for error in errors)


def test_model_comes_back_with_its_metadata(tmp_path):
    model = train(small()).model
    file = tmp_path / "deep" / "model.safetensors"
    save_checkpoint(file, model, {"sigmas": SIGMAS, "seed": 0})
    again, metadata = load_checkpoint(file)
    assert metadata == {"sigmas": SIGMAS, "seed": 0}
    assert isinstance(again, ScoreMLP)
    assert same(again, model)
    assert again.config == model.config
    assert not again.training
    save_checkpoint(file, model.double(), {})
    assert load_checkpoint(file)[0].last.weight.dtype == torch.float64


def test_half_precision_is_for_the_file_alone(tmp_path):
    model = train(small()).model
    whole, half = tmp_path / "whole", tmp_path / "half"
    save_checkpoint(whole, model, {})
    save_checkpoint(half, model, {"seed": 0}, dtype=torch.float16)
    again, metadata = load_checkpoint(half)
    assert metadata == {"seed": 0}
    assert half.stat().st_size < whole.stat().st_size
    for p, q in zip(again.parameters(), model.parameters(), strict=True):
        assert p.dtype == q.dtype
        assert torch.equal(p, q.half().to(q.dtype))
    for p, q in zip(again.buffers(), model.buffers(), strict=True):
        assert torch.equal(p, q)


def test_a_damaged_file_is_named_and_a_failed_write_leaves_the_old_one(tmp_path):
    file = tmp_path / "model.safetensors"
    save_checkpoint(file, small(), {})
    content = file.read_bytes()
    flipped = bytearray(content)
    flipped[-5] ^= 1
    for damaged in (content[:-1], content[:100], b"", b"\xff" * 200, bytes(flipped)):
        file.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=r"model\.safetensors.*damaged"):
            load_checkpoint(file)
    file.write_bytes(content)
    with pytest.raises(ValueError, match="metadata must be JSON"):
        save_checkpoint(file, small(), {"x": torch.ones(1)})
    with pytest.raises(ValueError, match="model must be one of"):
        save_checkpoint(file, nn.Linear(2, 2), {})
    assert file.read_bytes() == content
    with pytest.raises(FileNotFoundError, match="none"):
        load_checkpoint(tmp_path / "none")


def test_a_write_that_fails_half_way_leaves_nothing(tmp_path, monkeypatch):
    def fail(*args):
        raise OSError("disk full")

    file = tmp_path / "model"
    save_checkpoint(file, small(), {})
    content = file.read_bytes()
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(file, small(1), {})
    assert file.read_bytes() == content
    assert list(tmp_path.iterdir()) == [file]


def test_files_of_another_kind_are_refused(tmp_path):
    from safetensors.torch import save_file

    from scorelab.training import checkpoints

    file = tmp_path / "file"
    train(small(), checkpoint=file)
    with pytest.raises(CheckpointError, match="holds a training run, not a model"):
        load_checkpoint(file)
    save_file({"a": torch.ones(1)}, file)
    with pytest.raises(CheckpointError, match="not written by scorelab"):
        load_checkpoint(file)
    header = {"kind": "model", "class": "Other", "config": {}, "metadata": {}}
    checkpoints.write(file, {}, header)
    with pytest.raises(CheckpointError, match="'Other'"):
        load_checkpoint(file)
    checkpoints.write(file, {}, header | {"class": "ScoreMLP", "config": {"dim": 2}})
    with pytest.raises(CheckpointError, match="does not fit ScoreMLP"):
        load_checkpoint(file)


# -------------------------------------------------------------------------------------- failures


def test_a_loss_that_is_not_finite_stops_the_run_with_its_cause(tmp_path):
    data = torch.randn(16, 2, generator=generator())
    data[5, 1] = float("nan")
    with pytest.raises(FloatingPointError, match=r"nan at step 1: row \d+ of the batch"):
        train(small(), data)
    with pytest.raises(FloatingPointError, match=r"step \d+: .* lower learning_rate = 1e\+30"):
        train(small(), learning_rate=1e30)

    class Overflows(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(1e30))

        def forward(self, x, sigma):
            return self.scale * x

    with pytest.raises(FloatingPointError, match="step 1: the model's output overflows"):
        train(Overflows())


X = torch.zeros(4, 2)
BAD = [
    ({"n_steps": 0}, "n_steps"),
    ({"batch_size": 0}, "batch_size"),
    ({"learning_rate": 0.0}, "learning_rate"),
    ({"ema": 1.0}, "ema"),
    ({"sigmas": [1.0, -1.0]}, r"sigmas\[1\]"),
    ({"floor": [1.0]}, "floor must have shape"),
    ({"checkpoint_every": 0}, "checkpoint_every"),
    ({"data": torch.zeros(0, 2)}, "data must have shape"),
    ({"data": X.long()}, "data must be a floating-point tensor"),
    ({"data": "mnist"}, "data must be a tensor"),
    ({"data": lambda n, g: [0.0]}, "data"),
    ({"data": torch.zeros(4, 0)}, "data must have shape"),
    ({"data": lambda n, g: torch.zeros(0, 2)}, r"data\(n, generator\) must have .*\(0, 2\)"),
    ({"data": lambda n, g: torch.zeros(n)}, r"data\(n, generator\) must have .*\(16,\)"),
    ({"generator": 0}, "generator must be a torch.Generator or None, got int"),
    ({"generator": np.random.default_rng(0)}, "generator must be a torch.Generator"),
    ({"n_steps": np.int64(0)}, "n_steps"),
    ({"n_steps": 3.0}, "n_steps"),
    ({"n_steps": True}, "n_steps"),
]


@pytest.mark.parametrize(("options", "message"), BAD, ids=[m for _, m in BAD])
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        train(small(), **({"data": X} | options))


def test_counts_may_be_numbers_of_numpy(tmp_path):
    options = {"n_steps": 60, "batch_size": 16, "checkpoint_every": 25}
    plain = train(small(), checkpoint=tmp_path / "run", **options)
    counts = {name: np.int64(value) for name, value in options.items()}
    again = train(small(3), checkpoint=tmp_path / "run", **counts)
    assert same(plain.model, again.model)
    assert same(plain.model, train(small(), **counts).model)


def test_a_callable_may_give_more_rows_than_asked_for():
    """What reads whole files need not be exact: first 16 rows, then two more, with three levels."""
    sizes = iter([16])

    def data(n, generator):
        return torch.randn(next(sizes, 18), 2, generator=generator)

    assert train(small(), data, sigmas=[2.0, 1.0, 0.5]).losses.isfinite().all()


def test_levels_and_weights_that_carry_a_graph_are_taken_as_numbers():
    slope = nn.Parameter(torch.tensor(2.0))
    sigmas = torch.tensor(SIGMAS, requires_grad=True)
    train(small(), sigmas=sigmas, weight=lambda s: slope * s**2)
    assert slope.grad is None
    assert sigmas.grad is None


@pytest.mark.parametrize("data", [None, book_mixture()], ids=["rows", "mixture"])
def test_the_weight_is_called_once_a_run(data):
    calls = []

    def weight(sigma):
        calls.append(sigma)
        return sigma**2

    history = train(small(), data, weight=weight)
    assert len(calls) == 1
    if data is not None:
        floors = [dsm_floor(data, s, n_samples=20_000, generator=generator()) for s in SIGMAS]
        expected = torch.tensor([s**2 * float(f) for s, f in zip(SIGMAS, floors, strict=True)])
        torch.testing.assert_close(
            history.floor, expected.double(), rtol=0.05, atol=0
        )  # errors below 1 %


def test_a_buffer_that_asks_for_gradients_does_no_harm():
    model = small()
    model.register_buffer("shift", torch.zeros(2, requires_grad=True))
    train(model)
