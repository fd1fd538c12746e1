"""The package's commands: `python -m scorelab train mnist --data FOLDER --out FILE`."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields, replace

from scorelab.recipes import MnistRecipe, train_mnist


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status, 1 with one line of text if it fails."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"{options.prog}: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m scorelab", description="The score lab's commands.")
    commands = parser.add_subparsers(required=True, metavar="command")
    train = commands.add_parser("train", help="train a network of the book")
    networks = train.add_subparsers(required=True, metavar="network")
    mnist = networks.add_parser("mnist", help="the network of the chapter on images")
    mnist.add_argument("--data", metavar="FOLDER", help="MNIST's four files; else a part of it")
    mnist.add_argument("--out", metavar="FILE", required=True, help="the checkpoint to write")
    mnist.add_argument("--checkpoint-every", type=int, default=500, metavar="STEPS")
    mnist.add_argument("--quiet", action="store_true", help="no progress bar")
    mnist.add_argument(
        "--devices",
        action="store_true",
        help="share each batch among the processes that `accelerate launch` started",
    )
    for field in fields(MnistRecipe):
        if isinstance(field.default, bool):
            kind = {"action": argparse.BooleanOptionalAction}
        elif isinstance(field.default, tuple):
            kind = {"type": int, "nargs": len(field.default)}
        else:
            kind = {"type": type(field.default)}
        name = field.name.replace("_", "-")
        mnist.add_argument(f"--{name}", default=field.default, help=f"({field.default})", **kind)
    mnist.set_defaults(run=_train_mnist, prog=mnist.prog)
    return parser


def _train_mnist(options: argparse.Namespace) -> None:
    chosen = {field.name: getattr(options, field.name) for field in fields(MnistRecipe)}
    recipe = replace(MnistRecipe(), **(chosen | {"widths": tuple(chosen["widths"])}))
    train_mnist(
        options.data,
        options.out,
        recipe,
        checkpoint_every=options.checkpoint_every,
        accelerator=_accelerator() if options.devices else None,
        progress=not options.quiet,
    )


def _accelerator():
    """The engine for several devices, which only this option needs."""
    try:
        from accelerate import Accelerator
    except ImportError:
        raise ValueError("--devices needs accelerate: pip install 'scorelab[devices]'") from None
    return Accelerator()


if __name__ == "__main__":
    sys.exit(main())
