"""The commands: `python -m scorelab train mnist --out FILE`, `… train digits`, `… derive NAME`,
`… exercises`, `… lecture PLAN`, `… lab grade FOLDER`.

torch and sympy take seconds to import, so a command loads what it needs when it is called.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields

from scorelab._support.extras import needed
from scorelab._support.output import utf8_output
from scorelab.derivations.command import add_command as add_derive
from scorelab.exercises.engine.command import add_command as add_exercises
from scorelab.lab.grading.command import add_command as add_lab
from scorelab.lectures.command import add_command as add_lecture


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status, 1 with one line of text if it fails."""
    arguments = sys.argv[1:] if arguments is None else arguments
    with utf8_output():
        options = _parser(arguments).parse_args(arguments)
    try:
        with utf8_output():
            options.run(options)
    except (ValueError, OSError, FloatingPointError, ModuleNotFoundError) as error:
        print(f"{options.prog}: {error}", file=sys.stderr)
        return 1
    return 0


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m scorelab", description="The score lab's commands.")
    commands = parser.add_subparsers(required=True, metavar="command")
    train = commands.add_parser("train", help="train a network of the book")
    if "train" in arguments[:1]:
        _add_train(train)
    add_derive(commands)
    add_exercises(commands)
    add_lecture(commands)
    add_lab(commands)
    return parser


def _add_train(train: argparse.ArgumentParser) -> None:
    from scorelab.training.mnist.judge import DigitsRecipe
    from scorelab.training.mnist.network import MnistRecipe

    networks = train.add_subparsers(required=True, metavar="network")
    mnist = networks.add_parser("mnist", help="the network of the chapter on images")
    digits = networks.add_parser("digits", help="the classifier that judges its images")
    for command, recipe, run in (
        (mnist, MnistRecipe, _train_mnist),
        (digits, DigitsRecipe, _train_digits),
    ):
        command.add_argument("--data", metavar="FOLDER", help="MNIST's four files; else a part")
        command.add_argument("--out", metavar="FILE", required=True, help="the checkpoint to write")
        command.add_argument("--quiet", action="store_true", help="no progress bar")
        _add_recipe(command, recipe)
        command.set_defaults(run=run, prog=command.prog)
    mnist.add_argument("--checkpoint-every", type=int, default=500, metavar="STEPS")
    mnist.add_argument(
        "--devices",
        action="store_true",
        help="share each batch among the processes that `accelerate launch` or torchrun started",
    )


def _add_recipe(parser: argparse.ArgumentParser, recipe: type) -> None:
    """An option for every field of a recipe."""
    for field in fields(recipe):
        if isinstance(field.default, bool):
            kind = {"action": argparse.BooleanOptionalAction}
        elif isinstance(field.default, tuple):
            kind = {"type": int, "nargs": len(field.default)}
        else:
            kind = {"type": type(field.default)}
        name = field.name.replace("_", "-")
        parser.add_argument(f"--{name}", default=field.default, help=f"({field.default})", **kind)


def _recipe(options: argparse.Namespace, recipe: type):
    """The recipe that the options name."""
    chosen = {field.name: getattr(options, field.name) for field in fields(recipe)}
    return recipe(**{k: tuple(v) if isinstance(v, list) else v for k, v in chosen.items()})


def _train_digits(options: argparse.Namespace) -> None:
    from scorelab.training.mnist.judge import DigitsRecipe, train_digits

    recipe = _recipe(options, DigitsRecipe)
    record = train_digits(options.data, options.out, recipe, progress=not options.quiet)
    print(f"accuracy on {record['n_test_images']:,} test images: {record['accuracy']:.2%}")


def _train_mnist(options: argparse.Namespace) -> None:
    from scorelab.training.mnist.network import MnistRecipe, train_mnist

    train_mnist(
        options.data,
        options.out,
        _recipe(options, MnistRecipe),
        checkpoint_every=options.checkpoint_every,
        accelerator=_accelerator() if options.devices else None,
        progress=not options.quiet,
    )


def _accelerator():
    """The engine for several devices, which only this option needs."""
    with needed("--devices needs"):
        from accelerate import Accelerator
    return Accelerator()


if __name__ == "__main__":
    sys.exit(main())
