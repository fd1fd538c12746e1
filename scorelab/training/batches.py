"""Where a training run takes its batches from: stored rows, or a law that is drawn from."""

from collections.abc import Callable

import torch
from torch import Tensor

from scorelab._support import checks
from scorelab.mixture import GaussianMixture

__all__ = ["Batches", "Data"]

Data = Tensor | GaussianMixture | Callable[[int, torch.Generator | None], Tensor]
"""What `fit` trains on: rows (n, …), a law to draw from, or a callable (n, generator) -> batch."""


class Batches:
    """Draws batches of one size; from a tensor without replacement, pass after pass.

    Args:
        data: where the rows come from.
        size: rows a batch.

    Attributes:
        order: for a tensor, the numbers of the rows still to read; with the state of the generator
            it is all that must be kept to go on where one stopped.

    Raises:
        ValueError: if `data` is none of the three kinds.
    """

    def __init__(self, data: Data, size: int) -> None:
        self.data, self.size = data, size
        self.order = torch.zeros(0, dtype=torch.int64)
        if isinstance(data, Tensor):
            checks.batch("data", data)
            if data.ndim < 2 or not data.numel():
                raise ValueError(f"data must have shape (n, …), n >= 1, got {tuple(data.shape)}")
        elif not isinstance(data, GaussianMixture) and not callable(data):
            raise ValueError(
                "data must be a tensor, a GaussianMixture or a callable (n, generator) -> batch, "
                f"got {type(data).__name__}"
            )

    def example(self, generator: torch.Generator | None) -> Tensor:
        """A batch that shows dtype and device, drawn without moving the generator.

        Raises:
            ValueError: if `generator` is none, or what a callable gives are no rows.
        """
        if not isinstance(generator, torch.Generator | None):
            raise ValueError(
                f"generator must be a torch.Generator or None, got {type(generator).__name__}"
            )
        if isinstance(self.data, Tensor):
            return self.data[:1]
        if isinstance(self.data, GaussianMixture):
            return self.data.means
        source = torch.default_generator if generator is None else generator
        state = source.get_state()
        batch = self.draw(generator)
        source.set_state(state)
        return batch

    def draw(self, generator: torch.Generator | None) -> Tensor:
        """The next batch, (size, …)."""
        if isinstance(self.data, GaussianMixture):
            return self.data.sample(self.size, generator=generator)
        if not isinstance(self.data, Tensor):
            rows = checks.batch("data(n, generator)", self.data(self.size, generator))
            if rows.ndim < 2 or not rows.numel():
                raise ValueError(
                    f"data(n, generator) must have shape (n, …), n >= 1, got {tuple(rows.shape)}"
                )
            return rows
        device = "cpu" if generator is None else generator.device
        while len(self.order) < self.size:
            again = torch.randperm(len(self.data), generator=generator, device=device)
            self.order = torch.cat([self.order, again.cpu()])
        rows, self.order = self.order[: self.size], self.order[self.size :]
        return self.data[rows.to(self.data.device)]

    def go_on(self, order: Tensor) -> None:
        """Go on where a run stopped that had the rows `order` still to read.

        Raises:
            ValueError: if there are no such rows.
        """
        n = len(self.data) if isinstance(self.data, Tensor) else 0
        if len(order) and int(order.max()) >= n:
            raise ValueError(
                f"the checkpoint is of a run whose data has a row {int(order.max())}; data has {n}"
            )
        self.order = order
