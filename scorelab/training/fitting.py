r"""Training a noise-conditional score by denoising score matching.

One optimiser step draws a batch, gives each row one noise level and a noise, and follows the
gradient of `scorelab.matching.ncsn_loss`. The result is not the last network but an exponential
moving average of all of them,

$$ \bar\theta_k = \beta_k \bar\theta_{k-1} + (1 - \beta_k)\, \theta_k, \qquad
   \beta_k = \min\bigl(\beta, \tfrac{1 + k}{10 + k}\bigr), $$

which takes out the noise of the last steps. $\beta_k$ starts small, so that the average forgets the
untrained network.
"""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from tqdm import tqdm

from scorelab._support import checks
from scorelab._support.allocator import keep_freed_memory
from scorelab.matching import Levels, Weight, dsm_floor, square
from scorelab.mixture import GaussianMixture
from scorelab.training import checkpoints
from scorelab.training.batches import Batches, Data
from scorelab.training.checkpoints import CheckpointError, load_checkpoint, save_checkpoint
from scorelab.training.devices import Shared, check_shares
from scorelab.training.identity import described_data, described_model, require_same

if TYPE_CHECKING:
    from accelerate import Accelerator

__all__ = ["CheckpointError", "History", "fit", "load_checkpoint", "save_checkpoint"]

# Level losses are averaged over windows: this many in a run.
_WINDOWS = 100
# The terms of so many steps are added to them together, or small sums would cost as much as a step.
_TOGETHER = 50


@dataclass(frozen=True)
class History:
    r"""What a training run leaves.

    Attributes:
        model: the averaged (EMA) network, in evaluation mode, with no gradients.
        losses: (n_steps,) float64, the weighted loss of every step.
        sigmas: (L,), the levels.
        level_losses: (m, L) float64, the weighted loss λ(σ)·½E‖…‖² of each level in m windows of
            the run; NaN where a window held no sample of a level.
        level_steps: (m,) float64, the middle of each window, in steps.
        floor: (L,) float64, the weighted loss of a perfect model at each level; None if unknown.
    """

    model: nn.Module
    losses: Tensor
    sigmas: Tensor
    level_losses: Tensor
    level_steps: Tensor
    floor: Tensor | None

    @property
    def excess(self) -> Tensor:
        r"""(m, L): `level_losses` above the floor, $\tfrac12 \lambda E\|s_\theta - s\|^2$ + noise.

        Raises:
            ValueError: if the floor is not known.
        """
        if self.floor is None:
            raise ValueError("the floor is not known: give fit a GaussianMixture or a floor")
        return self.level_losses - self.floor


def fit(
    model: nn.Module,
    data: Data,
    sigmas: Tensor | Sequence[float],
    *,
    n_steps: int,
    batch_size: int,
    learning_rate: float,
    ema: float = 0.999,
    weight: Weight = square,
    antithetic: bool = False,
    floor: Tensor | Sequence[float] | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 500,
    on_checkpoint: Callable[[int, nn.Module], None] | None = None,
    accelerator: "Accelerator | None" = None,
    generator: torch.Generator | None = None,
    progress: bool = True,
) -> History:
    r"""Train `model`, in place, by Adam on `ncsn_loss` with one level a sample.

    The learning rate rises linearly over the first fiftieth of the run and falls to 0 as a cosine.
    A tensor of data is read in random order, every row once before any row twice.

    With `checkpoint`, the whole state of the run is written there every so many steps. If the file
    exists, the run is taken up from it, and ends with the same bits as one that was never stopped.
    It knows the data, λ and the model that it was begun with, and is not taken up with others. (Of
    a callable it knows the shape and dtype of its rows; a file of before it knew is still read.)

    Args:
        model: called as model(x̃, σ) with σ (n,); on the device and in the dtype of the data.
        data: rows (n, …), or a GaussianMixture or a callable (n, generator) -> (n, …), which gives
            a fresh batch every step.
        sigmas: the noise levels, (L,).
        n_steps: number of optimiser steps.
        batch_size: rows a step.
        learning_rate: the largest learning rate.
        ema: β, in [0, 1); 0 keeps the last network.
        weight: λ, as in `ncsn_loss`; called once a run.
        antithetic: noise and its mirror image for every row, as in `dsm_terms`; twice the work a
            row, far less noise in the gradient at small σ.
        floor: (L,), `dsm_floor` at each level, without λ; computed here if the data is a mixture.
            It goes into the history and the progress bar and has no influence on the training.
        checkpoint: a file for the state of the run.
        checkpoint_every: steps from one checkpoint to the next.
        on_checkpoint: called with the step and the averaged network after each checkpoint, in the
            main process alone. It must not draw from `generator`.
        accelerator: of the library accelerate, to share each batch among several processes or
            devices; see `scorelab.training.devices`. All processes must be given the same
            arguments.
        generator: the source of all randomness of the training.
        progress: show a progress bar, with the loss and, if the floor is known, the excess loss.

    Returns:
        The history, with the averaged network.

    Raises:
        ValueError: for bad arguments, or if `checkpoint` belongs to a run with other arguments,
            data or model, with what differs.
        CheckpointError: if `checkpoint` is damaged.
        FloatingPointError: with the step and the likely cause, if the loss is not finite.

    Source: Song and Ermon (2020), section 3.5, for the moving average.
    """
    n_steps, batch_size = checks.count("n_steps", n_steps), checks.count("batch_size", batch_size)
    learning_rate, ema = checks.positive("learning_rate", learning_rate), _decay(ema)
    checkpoint_every = checks.count("checkpoint_every", checkpoint_every)
    check_shares(batch_size, accelerator)
    _refuse_half(model)
    batches = Batches(data, batch_size)
    like = batches.example(generator)
    sigmas = checks.levels("sigmas", sigmas, like).detach()
    with torch.no_grad():
        levels = Levels(sigmas, weight, like)
    settings = {"n_steps": n_steps, "batch_size": batch_size, "learning_rate": learning_rate}
    settings |= {"ema": ema, "antithetic": antithetic, "sigmas": sigmas.tolist()}
    if checkpoint is not None:
        settings |= {"weight": levels.weights.tolist(), "data": described_data(data, like)}
        settings["model"] = described_model(model)
    floor = _weighted_floor(data, sigmas, levels.weights, floor)
    run = _Run(model, len(sigmas), n_steps, generator, batches)
    if checkpoint is not None and Path(checkpoint).exists():
        run.restore(checkpoint, settings)
    model.train()
    keep_freed_memory()
    shared = Shared(model, accelerator)
    progress = progress and shared.is_main
    with tqdm(total=n_steps, initial=run.step, disable=not progress, unit="step") as bar:
        while run.step < n_steps:
            x = batches.draw(generator)
            terms, level = levels.terms(shared, x, antithetic=antithetic, generator=generator)
            loss = terms.mean()
            value = loss.item()
            if not math.isfinite(value):
                raise FloatingPointError(_cause(run, value, x, learning_rate))
            rate = learning_rate * _rate(run.step, n_steps)
            run.forget_gradient()
            shared.backward(loss)
            run.update(value, rate, ema, terms, level)
            if checkpoint is not None and (run.step % checkpoint_every == 0 or run.step == n_steps):
                if shared.is_main:
                    run.save(checkpoint, settings)
                    if on_checkpoint is not None:
                        on_checkpoint(run.step, run.average)
                shared.wait()
            if progress and (run.step % 50 == 0 or run.step == n_steps):
                bar.set_postfix_str(run.summary(floor))
                bar.update(run.step - bar.n)
    model.eval()
    return run.history(sigmas, floor)


class _Run:
    """All that changes while training, so that it can be saved and restored as one thing."""

    def __init__(
        self,
        model: nn.Module,
        n_levels: int,
        n_steps: int,
        generator: torch.Generator | None,
        batches: Batches,
    ) -> None:
        self.model = model
        self.average = copy.deepcopy(model).eval().requires_grad_(False)
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.averages = [
            a
            for a, p in zip(self.average.parameters(), model.parameters(), strict=True)
            if p.requires_grad
        ]
        self.buffers = list(zip(self.average.buffers(), model.buffers(), strict=True))
        self.optimizer = torch.optim.Adam(self.parameters, fused=True)
        self.generator = torch.default_generator if generator is None else generator
        self.batches = batches
        self.step = 0
        windows = min(n_steps, _WINDOWS)
        self.losses = torch.zeros(n_steps, dtype=torch.float64)
        self.sums = torch.zeros(windows, n_levels, dtype=torch.float64)
        self.counts = torch.zeros(windows, n_levels, dtype=torch.float64)
        self.recent: list[tuple[int, float, Tensor, Tensor]] = []

    def forget_gradient(self) -> None:
        """What the optimiser's own method does, which asks each parameter far more questions."""
        for p in self.parameters:
            p.grad = None

    def update(self, loss: float, rate: float, ema: float, terms: Tensor, level: Tensor) -> None:
        """One step of Adam, of the average, and of the records."""
        self.optimizer.param_groups[0]["lr"] = rate
        self.optimizer.step()
        keep = min(ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(self.averages, self.parameters, 1 - keep)
        self.recent.append((self._window(), loss, level, terms.detach()))
        self.step += 1
        if len(self.recent) == _TOGETHER:
            self.settle()

    @torch.no_grad()
    def settle(self) -> None:
        """Bring up to date what a step does not need: losses, windows, the average's buffers."""
        for mine, theirs in self.buffers:
            mine.copy_(theirs)
        losses = torch.tensor([loss for _, loss, _, _ in self.recent], dtype=torch.float64)
        self.losses[self.step - len(losses) : self.step] = losses
        for window, steps in groupby(self.recent, key=itemgetter(0)):
            _, _, level, terms = (list(part) for part in zip(*steps, strict=True))
            level, terms = torch.cat(level).cpu(), torch.cat(terms).double().cpu()
            self.sums[window].index_add_(0, level, terms)
            self.counts[window].index_add_(0, level, torch.ones_like(terms))
        self.recent.clear()

    def _window(self) -> int:
        return self.step * len(self.sums) // len(self.losses)

    def summary(self, floor: Tensor | None) -> str:
        """The mean loss of the last hundred steps, and its excess over the floor."""
        self.settle()
        recent = self.losses[max(0, self.step - 100) : self.step].mean().item()
        excess = "" if floor is None else f", excess {recent - floor.mean().item():.4f}"
        return f"loss {recent:.4f}{excess}"

    def history(self, sigmas: Tensor, floor: Tensor | None) -> History:
        self.settle()
        edges = torch.linspace(0, len(self.losses), len(self.sums) + 1, dtype=torch.float64)
        return History(
            model=self.average,
            losses=self.losses,
            sigmas=sigmas,
            level_losses=self.sums / self.counts,
            level_steps=(edges[1:] + edges[:-1]) / 2,
            floor=floor,
        )

    def save(self, path: str | Path, settings: dict) -> None:
        self.settle()
        tensors = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        tensors |= {f"average.{k}": v for k, v in self.average.state_dict().items()}
        for i, p in enumerate(self.parameters):
            tensors |= {f"adam.{i}.{k}": v for k, v in self.optimizer.state[p].items()}
        tensors |= {"losses": self.losses, "sums": self.sums, "counts": self.counts}
        tensors |= {"generator": self.generator.get_state(), "order": self.batches.order}
        header = {"kind": "training run", "step": self.step, "settings": settings}
        checkpoints.write(path, tensors, header)

    def restore(self, path: str | Path, settings: dict) -> None:
        tensors, header = checkpoints.read(path, "training run")
        require_same(path, header["settings"], settings)
        try:
            self.model.load_state_dict(_part(tensors, "model."))
            self.average.load_state_dict(_part(tensors, "average."))
        except RuntimeError as error:
            raise ValueError(f"checkpoint {path} is of a run with another model: {error}") from None
        state = {i: _part(tensors, f"adam.{i}.") for i in range(len(self.parameters))}
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})
        for mine, name in ((self.losses, "losses"), (self.sums, "sums"), (self.counts, "counts")):
            mine.copy_(tensors[name])
        try:
            self.generator.set_state(tensors["generator"])
        except RuntimeError as error:
            raise ValueError(f"checkpoint {path}: another kind of generator: {error}") from None
        self.batches.go_on(tensors["order"])
        self.step = header["step"]


def _rate(step: int, n_steps: int) -> float:
    """The learning rate at a step, as a share of the largest: linear up, cosine down."""
    warm = min(1.0, (step + 1) * 50 / n_steps)
    return warm * 0.5 * (1 + math.cos(math.pi * step / n_steps))


def _weighted_floor(
    data: Data, levels: Tensor, weights: Tensor, floor: Tensor | Sequence[float] | None
) -> Tensor | None:
    if floor is None and isinstance(data, GaussianMixture):
        # A generator of its own: the floor must not change what the training draws.
        own = torch.Generator(data.means.device).manual_seed(0)
        floor = [dsm_floor(data, s, n_samples=20_000, generator=own) for s in levels.tolist()]
    if floor is None:
        return None
    values = torch.as_tensor(floor, dtype=torch.float64).cpu()
    if values.shape != levels.shape:
        raise ValueError(f"floor must have shape {tuple(levels.shape)}, got {tuple(values.shape)}")
    return weights.double().cpu() * values


def _refuse_half(model: nn.Module) -> None:
    """Raise `ValueError` if weights are too coarse for small steps, and for an average of them."""
    for name, p in model.named_parameters():
        if p.requires_grad and p.dtype.itemsize < 4:
            raise ValueError(
                f"model must hold float32 or float64 weights, but {name} is {p.dtype}, in which "
                "small steps are lost in rounding: train under torch.autocast instead"
            )


def _decay(ema: float) -> float:
    if not 0 <= ema < 1:
        raise ValueError(f"ema must lie in [0, 1), got {ema}")
    return float(ema)


def _cause(run: _Run, loss: float, x: Tensor, learning_rate: float) -> str:
    """What to say when the loss is not finite."""
    finite = torch.isfinite(x.reshape(len(x), -1)).all(1)
    if not bool(finite.all()):
        cause = f"row {int((~finite).nonzero()[0, 0])} of the batch is not finite: clean the data"
    elif not all(bool(torch.isfinite(p).all()) for p in run.parameters):
        cause = f"the last step broke the weights: lower learning_rate = {learning_rate:g}"
    else:
        cause = f"the model's output overflows: lower learning_rate = {learning_rate:g}"
    return f"the loss is {loss} at step {run.step + 1}: {cause}"


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
