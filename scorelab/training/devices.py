r"""One training run on several devices.

The loss of a batch is a mean over its rows, so its gradient is the sum of what each row gives, and
the rows can be shared out. Every process draws the same batch, levels and noise from the same
generator; each runs the network on its own rows; all see all outputs, so that every process knows
the whole loss and keeps the same records. Only the gradient is put together, by the library
accelerate, which also brings the network and its numbers to the devices. The result is that of one
process, up to the order of sums.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from accelerate import Accelerator

__all__ = ["Shared", "check_shares"]


def check_shares(batch_size: int, accelerator: "Accelerator | None") -> None:
    """Raise `ValueError` unless a batch can be shared out evenly."""
    if accelerator is not None and batch_size % accelerator.num_processes:
        raise ValueError(
            f"batch_size must be a multiple of the {accelerator.num_processes} processes, "
            f"got {batch_size}"
        )


class Shared:
    """A network that the processes of a run evaluate together.

    Args:
        model: called as model(x, sigma); on this process's device.
        accelerator: what joins the processes; None for a run of one process.

    Attributes:
        is_main: whether this process is the one that writes and shows.
    """

    def __init__(self, model: nn.Module, accelerator: "Accelerator | None" = None) -> None:
        self.accelerator = accelerator
        self.model = model if accelerator is None else accelerator.prepare(model)
        self.is_main = accelerator is None or accelerator.is_main_process

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        """The network's output for all rows of x; gradients flow through this process's rows."""
        if self.accelerator is None:
            return self.model(x, sigma)
        rows = len(x) // self.accelerator.num_processes
        mine = slice(self.accelerator.process_index * rows, None)
        output = self.model(x[mine][:rows], sigma[mine][:rows])
        whole = self.accelerator.gather(output.detach())
        return torch.cat([whole[: mine.start], output, whole[mine.start + rows :]])

    def backward(self, loss: Tensor) -> None:
        """The gradient of the whole loss, in every process.

        The engine averages over the processes what each has; their sum is wanted.
        """
        if self.accelerator is None:
            loss.backward()
        else:
            self.accelerator.backward(self.accelerator.num_processes * loss)

    def wait(self) -> None:
        """Until all processes are here."""
        if self.accelerator is not None:
            self.accelerator.wait_for_everyone()
