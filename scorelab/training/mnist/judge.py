r"""A small classifier of handwritten digits, an instrument that looks at generated images.

It gives each image the probabilities of the ten digits, and 64 features, the numbers from which it
takes them. The largest probability, its *confidence*, says whether an image looks like a digit to
it; features of many images say whether two sets of images are alike, by
`scorelab.metrics.frechet_distance`.

A classifier has been shown digits alone. What is no digit at all it may still call one with
confidence, so neither number means much without the same number for a sample that is known to be
bad, and for one that is known to be good.
"""

import math
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from scorelab import __version__
from scorelab._support import checks
from scorelab.networks.registry import architecture
from scorelab.training.checkpoints import load_checkpoint, refuse_folder, save_checkpoint
from scorelab.training.mnist.data import load_mnist

__all__ = [
    "CLASSIFIER",
    "DigitClassifier",
    "DigitsRecipe",
    "accuracy",
    "load_classifier",
    "train_digits",
]

CLASSIFIER = Path(__file__).parent / "classifier.safetensors"
"""The classifier that comes with the package, trained on the whole of MNIST.

:meta hide-value:
"""


@architecture
class DigitClassifier(nn.Module):
    """Three convolutions, each followed by a maximum over 2 × 2, and two linear layers.

    Args:
        widths: channels after each convolution.
        n_features: numbers from which the last layer takes the digits.

    Raises:
        ValueError: for bad arguments.

    Source: LeCun et al. (1998), with what has replaced its sigmoids and averages since.
    """

    def __init__(self, *, widths: tuple[int, int, int] = (16, 32, 64), n_features: int = 64):
        super().__init__()
        if len(widths) != 3:
            raise ValueError(f"widths must be three numbers, got {widths!r}")
        for i, width in enumerate(widths):
            checks.count(f"widths[{i}]", width)
        checks.count("n_features", n_features)
        self.config = {"widths": list(widths), "n_features": n_features}
        sizes = [1, *widths]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1) for before, after in pairwise(sizes)
        )
        self.hidden = nn.Linear(9 * widths[-1], n_features)  # 28, 14, 7, 3 pixels a side
        self.last = nn.Linear(n_features, 10)

    def features(self, x: Tensor) -> Tensor:
        """What the last layer sees: (n, 1, 28, 28) in, (n, n_features) out, each ≥ 0.

        Raises:
            ValueError: if x does not have that shape.
        """
        checks.batch("x", x)
        if x.shape[1:] != (1, 28, 28):
            raise ValueError(f"x must have shape (n, 1, 28, 28), got {tuple(x.shape)}")
        h = x
        for convolution in self.convolutions:
            h = functional.max_pool2d(functional.relu(convolution(h)), 2)
        return functional.relu(self.hidden(h.flatten(1)))

    def forward(self, x: Tensor) -> Tensor:
        """Logits: (n, 1, 28, 28) in, (n, 10) out."""
        return self.last(self.features(x))

    @torch.no_grad()
    def probabilities(self, x: Tensor) -> Tensor:
        """Of the ten digits: (n, 1, 28, 28) in, (n, 10) out, rows that sum to 1."""
        return self(x).softmax(1)


@torch.no_grad()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The share of images whose most probable digit is their label.

    Args:
        model: gives logits, (n, 10).
        images: (n, 1, 28, 28), n ≥ 1.
        labels: (n,).
    """
    hits = [
        (model(x).argmax(1) == y).sum()
        for x, y in zip(images.split(1_000), labels.split(1_000), strict=True)
    ]
    return int(torch.stack(hits).sum()) / len(images)


def load_classifier(path: str | Path = CLASSIFIER) -> tuple[DigitClassifier, dict]:
    """The trained classifier, and the record of its making with its accuracy on test images.

    Raises:
        FileNotFoundError, CheckpointError: as `load_checkpoint`.
    """
    return load_checkpoint(path)


@dataclass(frozen=True)
class DigitsRecipe:
    """What decides the classifier.

    Attributes:
        n_epochs: how often every image is seen.
        batch_size: images a step.
        learning_rate: the first learning rate; it falls to 0 as a cosine.
        dropout: share of features that are left out at random while training.
        seed: of the first weights, of the order of images and of what is left out.
    """

    n_epochs: int = 6
    batch_size: int = 128
    learning_rate: float = 2e-3
    dropout: float = 0.3
    seed: int = 0


def train_digits(
    data: str | Path | None,
    out: str | Path,
    recipe: DigitsRecipe | None = None,
    *,
    progress: bool = True,
) -> dict:
    """Train the classifier and write it to a file, with its accuracy on the test images.

    Args:
        data: a folder as in `load_mnist`; None for the part that comes with the package.
        out: the checkpoint to write, in half precision.
        recipe: what to do; the recipe of the book if not given.
        progress: show a progress bar.

    Returns:
        The record that the checkpoint holds; `accuracy` is that of the file, on all test images.

    Raises:
        FileNotFoundError, DataError: as `load_mnist`.
        ValueError: for bad numbers in the recipe, or if `out` is a folder.
    """
    recipe = DigitsRecipe() if recipe is None else recipe
    checks.count("n_epochs", recipe.n_epochs)
    checks.count("batch_size", recipe.batch_size)
    checks.positive("learning_rate", recipe.learning_rate)
    if not 0 <= recipe.dropout < 1:
        raise ValueError(f"dropout must lie in [0, 1), got {recipe.dropout}")
    refuse_folder(out)
    digits = load_mnist(data)
    torch.manual_seed(recipe.seed)
    model = DigitClassifier()
    n_batches = math.ceil(len(digits.images) / recipe.batch_size)
    n_steps = recipe.n_epochs * n_batches
    optimizer = torch.optim.Adam(model.parameters(), lr=recipe.learning_rate)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
    with tqdm(total=n_steps, disable=not progress, unit="step") as bar:
        for _ in range(recipe.n_epochs):
            for rows in torch.randperm(len(digits.images)).split(recipe.batch_size):
                features = model.features(digits.images[rows])
                logits = model.last(functional.dropout(features, recipe.dropout))
                loss = functional.cross_entropy(logits, digits.labels[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                rates.step()
                bar.update()
    record = {
        "data": digits.digests,
        "n_images": len(digits.images),
        "n_test_images": len(digits.test_images),
        "recipe": asdict(recipe),
        "versions": {"scorelab": __version__, "torch": str(torch.__version__)},
    }
    # The accuracy is that of the weights as they are in the file.
    rounded = DigitClassifier()
    rounded.load_state_dict({name: p.half().float() for name, p in model.state_dict().items()})
    record["accuracy"] = accuracy(rounded.eval(), digits.test_images, digits.test_labels)
    save_checkpoint(out, model, record, dtype=torch.float16)
    return record
