r"""The command `python -m scorelab derive NAME --to FORMAT`: a derivation leaves the book.

What is written is complete or not there: a file is made beside its place and then put into it, over
an older one. sympy takes a second to import and a proof several, so each waits until it is needed:
`--list` needs neither, and a proof that was found once is remembered.
"""

import argparse
import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from scorelab import derivations
from scorelab._support.files import write_whole
from scorelab.derivations.engine.words import LANGUAGES, read_words, words_file
from scorelab.derivations.export.formats import FORMATS, MACROS_FILE, format_called

__all__ = ["add_command"]


def add_command(commands: Any) -> None:
    """Add `derive` to the commands of an `argparse` parser."""
    formats = "\n".join(f"  {name:9} {form.says}" for name, form in FORMATS.items())
    parser = commands.add_parser(
        "derive",
        help="take a derivation out of the book: LaTeX, slides, a notebook, a script",
        description="Derive, check every step, and write the result, or print it. "
        "NAME alone says what a derivation states, its steps, and what can be renamed.",
        epilog=f"formats:\n{formats}\n\nderive --list prints the names of the derivations.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("name", nargs="?", metavar="NAME", help="a derivation, as tweedie")
    add("--to", metavar="FORMAT", help="one of the formats below")
    add("--out", metavar="FILE", help="write there, over what is there, not print")
    add("--list", action="store_true", help="print all names and titles")
    add(
        "--all",
        action="store_true",
        help="all derivations into the folder --out; without --to, in all formats",
    )
    add("--macros", action="store_true", help=f"the macros of all .tex files: {MACROS_FILE}")
    add("--lang", default="en", choices=LANGUAGES, help="the language of the words (en)")
    add(
        "--notation",
        metavar="NOTATION",
        help="book, song, probabilist, or a file in TOML with your names for roles and letters",
    )
    add(
        "--symbol",
        action="append",
        default=[],
        metavar="OLD=NEW",
        help=r"another name for a symbol, as 'sigma=\sigma_t'; may be given again",
    )
    add("--reasons", metavar="FILE", help="your own words, in the form that --words prints")
    add("--words", action="store_true", help="print the words of NAME: a file for --reasons")
    add(
        "--steps",
        metavar="A,B,F:H",
        help="only these, in this order, with the definitions that they need; F:H is F to H",
    )
    add("--bare", action="store_true", help="LaTeX, Beamer: no document or frames of ours")
    add("--no-marks", action="store_true", help="do not say how each step was checked")
    add("--overlays", action="store_true", help="slides: uncover step by step")
    add("--per-frame", type=int, metavar="N", help="slides: N steps on each (two where they fit)")
    parser.set_defaults(run=_run, prog=parser.prog)


def _run(options: argparse.Namespace) -> None:
    asked = [flag for flag in ("list", "all", "macros") if getattr(options, flag)]
    asked += ["NAME"] if options.name else []
    if len(asked) != 1:
        raise ValueError("give one of NAME, --list, --all and --macros")
    if options.words and (options.to or not options.name):
        raise ValueError("--words is for a NAME, without --to")
    if options.list:
        titles = [(n, derivations.title(n, options.lang)) for n in derivations.available()]
        _write("".join(f"{name:24}{title}\n" for name, title in titles), options.out)
    elif options.macros:
        from scorelab.derivations import export

        _write(export.macros(), options.out)
    elif options.all:
        _write_all(options)
    elif options.words:
        _write(_known(words_file, options.name, options.lang), options.out)
    elif options.to is None:
        from scorelab.derivations.export.describing import described

        derivation = _worded(options.name, options)
        _write(described(derivation, options.notation, _symbols(options)), options.out)
    else:
        _write(_rendered(options.name, options.to, options), options.out)


def _write_all(options: argparse.Namespace) -> None:
    from scorelab.derivations import export
    from scorelab.derivations.engine.proofs import recall

    if options.out is None:
        raise ValueError("--all needs --out FOLDER")
    for flag in ("steps", "reasons"):
        if getattr(options, flag) is not None:
            raise ValueError(f"--{flag} is for one derivation, not for --all")
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

    form = format_called(to)
    chosen = {
        "overlays": options.overlays or None,
        "per_frame": options.per_frame,
        "bare": options.bare or None,
    }
    given = {option: value for option, value in chosen.items() if value is not None}
    for option in given.keys() - set(form.options):
        if not options.all:
            takers = ", ".join(n for n, f in FORMATS.items() if option in f.options)
            raise ValueError(f"--{option.replace('_', '-')} is for {takers}, not for {to}")
    symbols = _symbols(options)
    derivation = _worded(name, options)
    if options.steps is not None:
        if to == "sympy":
            raise ValueError("--steps: a script that checks needs every step")
        derivation = _chosen(derivation, options.steps)
    notation = options.notation
    if options.all:
        # Each is changed where it is; code has Python's names.
        symbols = {
            old: new
            for old, new in symbols.items()
            if to != "sympy" and export.has(derivation, old)
        }
        notation = None if to == "sympy" else notation
    kept = {option: value for option, value in given.items() if option in form.options}
    return form.render(
        derivation, notation=notation, symbols=symbols, marks=not options.no_marks, **kept
    )


def _symbols(options: argparse.Namespace) -> dict[str, str]:
    from scorelab.derivations import export

    return export.parse(options.symbol)


def _worded(name: str, options: argparse.Namespace) -> Any:
    """The checked derivation in the words that were asked for."""
    from scorelab.derivations.engine.proofs import recall

    derivation = _known(recall, name).in_language(options.lang)
    if options.reasons is None:
        return derivation
    try:
        return derivation.worded(read_words(Path(options.reasons)))
    except ValueError as error:
        raise ValueError(f"--reasons: {error}") from None


def _chosen(derivation: Any, wanted: str) -> Any:
    """The part, and a line about each definition that it needs."""
    from scorelab.derivations.engine.choosing import chosen

    asked = [part.strip() for part in wanted.split(",")]
    try:
        part = derivation.choose(asked)
        brought = [s.name for s in part.steps if s.name not in chosen(derivation, asked)]
    except KeyError as error:
        raise ValueError(error.args[0]) from None
    except ValueError as error:
        raise ValueError(f"--steps {error}") from None
    if brought:
        sys.stderr.write(f"brought along, for what they define: {', '.join(brought)}\n")
    return part


def _known(find: Callable[..., Any], name: str, *arguments: Any) -> Any:
    """What is found by the name of a derivation; a name that there is not is bad input."""
    if name not in derivations.available():
        near = get_close_matches(name, derivations.available(), n=3, cutoff=0.4)
        listed = ", ".join(near or derivations.available())
        raise ValueError(f"no derivation is called {name!r}; did you mean {listed}?")
    return find(name, *arguments)


def _write(text: str, out: str | Path | None) -> None:
    """Print, or write the file whole or not at all."""
    if out is None:
        sys.stdout.write(text)
        return
    path = Path(out)
    if path.is_dir():
        raise ValueError(f"--out {path} is a folder; a file is wanted")
    write_whole(path, text.encode())
