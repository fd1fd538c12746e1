"""The command `python -m scorelab exercises`: a list of them, or sheets for an exam."""

import argparse
import sys
from typing import Any

from scorelab._support.files import write_whole
from scorelab.derivations.engine.words import LANGUAGES

__all__ = ["add_command"]


def add_command(commands: Any) -> None:
    """Add `exercises` to the commands of an `argparse` parser."""
    parser = commands.add_parser(
        "exercises",
        help="list the exercises, or write a sheet of problems and one of solutions",
        description="List all exercises (* marks those whose numbers vary), or with --select write "
        "a sheet that stands alone.",
    )
    parser.add_argument(
        "--select", metavar="NAMES", help="exercises or chapters, with commas between them"
    )
    parser.add_argument("--to", metavar="FORMAT", help="latex or markdown")
    parser.add_argument(
        "--lang", default="en", choices=LANGUAGES, help="the language (%(default)s)"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="a variant with other numbers")
    parser.add_argument(
        "--title", default="", metavar="TEXT", help="what stands above the problems"
    )
    parser.add_argument(
        "--exam", action="store_true", help="problems alone, without how an answer is checked"
    )
    parser.add_argument("--out", metavar="FILE", help="the problems; else they are printed")
    parser.add_argument("--solutions", metavar="FILE", help="the solutions")
    parser.set_defaults(run=_run, prog=parser.prog)


def _run(options: argparse.Namespace) -> None:
    from scorelab.exercises.engine.sheets import overview, sheet  # sympy and torch take seconds

    if options.select is None:
        for name in ("to", "seed", "solutions"):
            if getattr(options, name) is not None:
                raise ValueError(f"--{name} needs --select")
        text = overview(options.lang)
    else:
        if options.to is None:
            raise ValueError("--to is missing: latex or markdown")
        names = [name.strip() for name in options.select.split(",") if name.strip()]
        text, solutions = sheet(
            names,
            to=options.to,
            language=options.lang,
            seed=options.seed,
            title=options.title,
            checks=not options.exam,
        )
        if options.solutions is not None:
            write_whole(options.solutions, solutions.encode())
    if options.out is None:
        sys.stdout.write(text)
    else:
        write_whole(options.out, text.encode())
