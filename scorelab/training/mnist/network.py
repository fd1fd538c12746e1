r"""How the network of the book's last part is trained: `python -m scorelab train mnist`.

The run is one call of `scorelab.training.fit`; this module says what is put in. Two choices differ
from those for the mixture in the plane.

Most levels are not geometric but quantiles of a log-normal law, as Karras et al. (2022) draw them:
many where an image is decided, σ from 0.1 to 3. Below, there is little left to learn but grey steps
of 1/255; above, noisy images are hardly more than one Gaussian. Quantiles alone leave gaps in the
tails, with none of 128 between 13 and the highest, 150, and where a network was never asked it
answers anything. So every eighth level belongs to a geometric sequence from end to end.

The weight is $\lambda(\sigma) = \sigma^2 (\sigma^2 + v) / v$. With it, what the loss sees is the
error of F itself, in the formula of `scorelab.networks`, at all levels alike.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from matplotlib import image
from scipy.special import ndtr, ndtri
from torch import Tensor, nn

from scorelab import __version__
from scorelab._support import checks
from scorelab._support.files import write_whole
from scorelab.figures.plotting import tiled
from scorelab.networks import ScoreUNet
from scorelab.noise import geometric_sigmas
from scorelab.sde import VariancePreserving
from scorelab.solvers import heun
from scorelab.training import History, fit
from scorelab.training.checkpoints import load_checkpoint, refuse_folder, save_checkpoint
from scorelab.training.mnist.data import Digits, load_mnist

if TYPE_CHECKING:
    from accelerate import Accelerator

__all__ = [
    "MNIST_NETWORK",
    "MnistRecipe",
    "contact_sheet",
    "load_mnist_network",
    "log_normal_sigmas",
    "train_mnist",
]

MNIST_NETWORK = Path(__file__).parent / "score.safetensors"
"""The network that comes with the package, trained on the whole of MNIST by this recipe.

:meta hide-value:
"""


@dataclass(frozen=True)
class MnistRecipe:
    r"""What decides the network that is trained on MNIST.

    Attributes:
        n_steps: steps of the optimiser.
        batch_size: images a step.
        learning_rate: the largest learning rate.
        ema: decay of the moving average.
        seed: of the first weights and of all that is drawn.
        widths: of `ScoreUNet`.
        depth: of `ScoreUNet`.
        sigma_min: the lowest level, in grey values: 0.01 is 2.5 steps of 1/255, so that noise of
            that size is not seen, and the steps are no longer what is learned.
        sigma_max: the highest level: $\sqrt{e^T - 1}$ for the Ornstein-Uhlenbeck process to
            T = 10 is 148, above the largest distance between two images.
        sigma_median: of the log-normal law of levels.
        sigma_spread: standard deviation of log σ under it.
        n_levels: number of levels by that law.
        n_outer: number of levels besides, geometric from end to end.
        bfloat16: evaluate the network in bfloat16 while training, with weights in float32.
    """

    n_steps: int = 36_000
    batch_size: int = 128
    learning_rate: float = 2e-3
    ema: float = 0.999
    seed: int = 0
    widths: tuple[int, int, int] = (16, 32, 96)
    depth: int = 2
    sigma_min: float = 0.01
    sigma_max: float = 150.0
    sigma_median: float = 0.7
    sigma_spread: float = 1.1
    n_levels: int = 112
    n_outer: int = 16
    bfloat16: bool = True

    def sigmas(self) -> Tensor:
        """The levels, (n_levels + n_outer,), descending."""
        ends = self.sigma_max, self.sigma_min
        inner = log_normal_sigmas(
            *ends, self.n_levels, median=self.sigma_median, spread=self.sigma_spread
        )
        outer = geometric_sigmas(*ends, self.n_outer + 2)[1:-1]  # the ends are there already
        return torch.cat([inner, outer]).sort(descending=True).values


def load_mnist_network(path: str | Path = MNIST_NETWORK) -> tuple[ScoreUNet, dict]:
    """The trained network, called as model(x, σ) with images in [0, 1], and how it was made.

    Returns:
        The network, with no gradients of its own, and the record that `train_mnist` has left in
        the file: digests of the data, recipe, levels, losses and versions.

    Raises:
        FileNotFoundError, CheckpointError: as `load_checkpoint`.
    """
    model, record = load_checkpoint(path)
    return model.requires_grad_(False), record


def log_normal_sigmas(
    sigma_max: float, sigma_min: float, n_levels: int, *, median: float, spread: float
) -> Tensor:
    r"""Levels at equal steps of probability of a log-normal law, cut off at both ends.

    Args:
        sigma_max: σ₁, the first level.
        sigma_min: σ_L, the last level, with 0 < σ_L < σ₁.
        n_levels: L ≥ 2.
        median: of the law before it is cut off.
        spread: standard deviation of log σ before it is cut off.

    Returns:
        (L,), descending, in the default dtype.

    Raises:
        ValueError: for bad arguments.

    Source: Karras et al. (2022), table 1, "noise distribution".
    """
    checks.count("n_levels", n_levels, least=2)
    for name, value in (("sigma_min", sigma_min), ("median", median), ("spread", spread)):
        checks.positive(name, value)
    if checks.positive("sigma_max", sigma_max) <= sigma_min:
        raise ValueError(f"sigma_max must exceed sigma_min = {sigma_min}, got {sigma_max}")
    ends = ndtr([math.log(sigma / median) / spread for sigma in (sigma_max, sigma_min)])
    sigmas = median * np.exp(spread * ndtri(np.linspace(*ends, n_levels)))
    sigmas[0], sigmas[-1] = sigma_max, sigma_min  # where the tail of the law has no digits left
    return torch.tensor(sigmas, dtype=torch.get_default_dtype())


def train_mnist(
    data: str | Path | None,
    out: str | Path,
    recipe: MnistRecipe | None = None,
    *,
    checkpoint_every: int = 500,
    accelerator: "Accelerator | None" = None,
    progress: bool = True,
) -> History:
    """Train `ScoreUNet` on MNIST and write it to a file, with all that says how it was made.

    Beside the file, `out`.run holds the state of the run, from which a run that was killed is taken
    up with nothing lost, and `out`.png shows samples of the network so far.

    Args:
        data: a folder as in `load_mnist`; None for the part that comes with the package.
        out: the checkpoint to write.
        recipe: what to do; the recipe of the book if not given.
        checkpoint_every: steps from one state of the run to the next.
        accelerator: as in `fit`.
        progress: show a progress bar.

    Returns:
        The history of the run.

    Raises:
        FileNotFoundError, DataError: as `load_mnist`.
        ValueError, CheckpointError: as `fit`, if a state was left by a run with other settings, or
            is damaged.
    """
    recipe = MnistRecipe() if recipe is None else recipe
    out = Path(out)
    refuse_folder(out)
    digits = load_mnist(data)
    device = torch.device("cpu") if accelerator is None else accelerator.device
    torch.manual_seed(recipe.seed)
    model = ScoreUNet.for_data(digits.images, widths=recipe.widths, depth=recipe.depth).to(device)
    variance = float(model.data_variance)
    # No cache: it would keep the weights of the first step for the whole run.
    with torch.autocast(device.type, torch.bfloat16, enabled=recipe.bfloat16, cache_enabled=False):
        history = fit(
            model,
            digits.images.to(device),
            recipe.sigmas(),
            n_steps=recipe.n_steps,
            batch_size=recipe.batch_size,
            learning_rate=recipe.learning_rate,
            ema=recipe.ema,
            weight=lambda sigma: sigma**2 * (sigma**2 + variance) / variance,
            checkpoint=out.with_name(out.name + ".run"),
            checkpoint_every=checkpoint_every,
            on_checkpoint=_sampler(out.with_name(out.name + ".png")),
            accelerator=accelerator,
            generator=torch.Generator(device).manual_seed(recipe.seed),
            progress=progress,
        )
    if accelerator is None or accelerator.is_main_process:
        model = history.model.cpu()
        record = _record(recipe, digits, history)
        record["processes"] = 1 if accelerator is None else accelerator.num_processes
        save_checkpoint(out, model, record, dtype=torch.float16)
    return history


def _record(recipe: MnistRecipe, digits: Digits, history: History) -> dict:
    """What the checkpoint says about its making."""
    windows = history.losses.tensor_split(min(100, len(history.losses)))
    return {
        "data": digits.digests,
        "n_images": len(digits.images),
        "recipe": asdict(recipe),
        "sigmas": history.sigmas.tolist(),
        "losses": [round(window.mean().item(), 4) for window in windows],
        "versions": {"scorelab": __version__, "torch": str(torch.__version__)},
    }


def _sampler(path: Path) -> Callable[[int, nn.Module], None]:
    """What draws samples of the network on the way, always from the same noise."""

    def draw(step: int, model: nn.Module) -> None:
        like = next(model.parameters())
        noise = torch.randn(36, 1, 28, 28, generator=torch.Generator().manual_seed(0)).to(like)
        process = VariancePreserving()
        flow = process.probability_flow(process.score_at(model))
        contact_sheet(heun(flow, noise, n_steps=20, t_span=(1.0, 0.01)).final, path)

    return draw


def contact_sheet(images: Tensor, path: str | Path, *, columns: int = 6) -> None:
    """Write images as one PNG, row by row, in one step or not at all.

    Args:
        images: (n, 1, H, W), grey values; what lies outside [0, 1] is cut off.
        path: the file.
        columns: images a row.

    Raises:
        ValueError: as `scorelab.figures.plotting.tiled`.
    """
    sheet = tiled(images, columns=columns)
    content = BytesIO()
    image.imsave(
        content, sheet.numpy(), cmap="gray_r", vmin=0, vmax=1, format="png", origin="upper"
    )
    write_whole(path, content.getvalue())
