r"""The command `python -m scorelab derive NAME --to FORMAT`: a derivation leaves the book.

What is written is complete or not there: a file is made beside its place and then put into it, over
an older one. sympy takes a second to import and a proof several, so each waits until it is needed:
`--list` needs neither, and a proof that was found once is remembered.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from scorelab import derivations
from scorelab._support.files import write_whole
from scorelab.derivations.export.formats import FORMATS, MACROS_FILE, format_called

__all__ = ["add_command"]


def add_command(commands: Any) -> None:
    """Add `derive` to the commands of an `argparse` parser."""
    formats = "\n".join(f"  {name:9} {form.says}" for name, form in FORMATS.items())
    parser = commands.add_parser(
        "derive",
        help="take a derivation out of the book: LaTeX, slides, a notebook, a script",
        description="Derive, check every step, and write the result, or print it.",
        epilog=f"formats:\n{formats}\n\nderive --list prints the names of the derivations.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="a derivation, as tweedie")
    parser.add_argument("--to", metavar="FORMAT", help="one of the formats below")
    parser.add_argument("--out", metavar="FILE", help="write there, over what is there, not print")
    parser.add_argument("--list", action="store_true", help="print all names and titles")
    parser.add_argument(
        "--all",
        action="store_true",
        help="all derivations into the folder --out; without --to, in all formats",
    )
    parser.add_argument(
        "--macros", action="store_true", help=f"the macros of all .tex files: {MACROS_FILE}"
    )
    parser.add_argument("--steps", metavar="FIRST:LAST", help="only these; or the name of one step")
    parser.add_argument(
        "--symbol",
        action="append",
        default=[],
        metavar="OLD=NEW",
        help=r"another name for a symbol, as 'sigma=\sigma_t'; may be given again",
    )
    parser.add_argument("--overlays", action="store_true", help="slides: uncover step by step")
    parser.add_argument(
        "--per-frame", type=int, metavar="N", help="slides: at most N steps on one (2)"
    )
    parser.set_defaults(run=_run, prog=parser.prog)


def _run(options: argparse.Namespace) -> None:
    asked = [flag for flag in ("list", "all", "macros") if getattr(options, flag)]
    asked += ["NAME"] if options.name else []
    if len(asked) != 1:
        raise ValueError("give one of NAME, --list, --all and --macros")
    if options.list:
        titles = [(name, derivations.title(name)) for name in derivations.available()]
        _write("".join(f"{name:24}{title}\n" for name, title in titles), options.out)
    elif options.macros:
        from scorelab.derivations import export

        _write(export.macros(), options.out)
    elif options.all:
        _write_all(options)
    else:
        if options.to is None:
            raise ValueError(f"--to is missing: one of {', '.join(FORMATS)}")
        _write(_rendered(options.name, options.to, options), options.out)


def _write_all(options: argparse.Namespace) -> None:
    from scorelab.derivations import export
    from scorelab.derivations.engine.proofs import recall

    if options.out is None:
        raise ValueError("--all needs --out FOLDER")
    if options.steps is not None:
        raise ValueError("--steps is for one derivation, not for --all")
    every = [recall(name) for name in derivations.available()]
    for old in export.parse(options.symbol):
        if not any(export.has(derivation, old) for derivation in every):
            known = ", ".join(sorted(set().union(*(d.symbols for d in every))))
            raise ValueError(f"no derivation has a symbol {old!r}; there are {known}")
    for to in [options.to] if options.to else FORMATS:
        extension = format_called(to).extension
        folder = Path(options.out) if options.to else Path(options.out, to)
        for name in derivations.available():
            _write(_rendered(name, to, options), folder / f"{name}{extension}")
        if extension == ".tex":
            _write(export.macros(), folder / MACROS_FILE)


def _rendered(name: str, to: str, options: argparse.Namespace) -> str:
    from scorelab.derivations import export
    from scorelab.derivations.engine.proofs import recall

    form = format_called(to)
    chosen = {"overlays": options.overlays or None, "per_frame": options.per_frame}
    given = {option: value for option, value in chosen.items() if value is not None}
    for option in given.keys() - set(form.options):
        if not options.all:
            raise ValueError(f"--{option.replace('_', '-')} is for slides, not for {to}")
    symbols = export.parse(options.symbol)
    try:
        derivation = recall(name)
        if options.steps is not None:
            if to == "sympy":
                raise ValueError("--steps: a script that checks needs every step")
            first, colon, last = options.steps.partition(":")
            ends = (first or None, last or None) if colon else (first, first)
            derivation = derivation[slice(*ends)]
    except KeyError as error:
        raise ValueError(error.args[0]) from None
    if options.all:
        # Each is changed where it is; code has Python's names.
        symbols = {
            old: new
            for old, new in symbols.items()
            if to != "sympy" and export.has(derivation, old)
        }
    if not derivation.steps:
        raise ValueError(f"--steps {options.steps}: the first step comes after the last")
    kept = {option: value for option, value in given.items() if option in form.options}
    return form.render(derivation, symbols=symbols, **kept)


def _write(text: str, out: str | Path | None) -> None:
    """Print, or write the file whole or not at all."""
    if out is None:
        sys.stdout.write(text)
        return
    path = Path(out)
    if path.is_dir():
        raise ValueError(f"--out {path} is a folder; a file is wanted")
    write_whole(path, text.encode())
