r"""The command `python -m scorelab lecture PLAN --site SITE`: a plan becomes a deck.

The deck takes style, scripts, pictures and live figures from the site, by addresses relative to the
place where it is written: they hold while deck and site lie as they did. What is written is
complete or not there.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from scorelab._support.files import write_whole
from scorelab.derivations.engine.words import LANGUAGES
from scorelab.lectures.plan import read_plan

__all__ = ["add_command"]


def add_command(commands: Any) -> None:
    """Add `lecture` to the commands of an `argparse` parser."""
    parser = commands.add_parser(
        "lecture",
        help="a deck of slides from your own plan and a built site",
        description="Make the deck of a plan in YAML. It needs the site where it lies: by default "
        "the deck is written into it, to lectures/PLAN.html.",
    )
    add = parser.add_argument
    add("plan", metavar="PLAN", help="a file in YAML: title, minutes, items")
    add("--site", metavar="SITE", default="_build/html", help="the built book (_build/html)")
    add("--out", metavar="FILE", help="the deck; SITE/lectures/PLAN.html")
    add("--lang", choices=LANGUAGES, help="instead of the plan's language")
    add("--notation", metavar="NOTATION", help="instead of the plan's: as for derive")
    parser.set_defaults(run=_run, prog=parser.prog)


def _run(options: argparse.Namespace) -> None:
    from scorelab.lectures.deck import made
    from scorelab.lectures.site import FOLDER, Site

    source = Path(options.plan)
    plan = read_plan(source)
    plan = replace(
        plan,
        language=options.lang or plan.language,
        notation=options.notation or plan.notation,
    )
    site = Site(options.site)
    out = Path(options.out) if options.out else site.folder / FOLDER / f"{source.stem}.html"
    if out.is_dir():
        raise ValueError(f"--out {out} is a folder; a file is wanted")
    deck = made(plan, site, out, beside=source.parent)
    for warning in (deck.too_long(plan), *_left(deck)):
        if warning:
            sys.stderr.write(f"{warning}\n")
    write_whole(out, deck.html.encode())
    print(f"{out}: {deck.slides} slides, {deck.minutes:.0f} of {plan.minutes:g} minutes")
    if site.folder.resolve() not in out.resolve().parents:
        print(f"it needs the site at {site.folder} where both lie now: move them together")


def _left(deck: Any) -> list[str]:
    """What is not as the plan's language and notation would have it."""
    told = []
    if deck.english:
        told.append(f"{deck.english} slides are in English and marked EN")
    if deck.book_notation:
        told.append(f"{deck.book_notation} slides with a chapter's steps keep the book's notation")
    return told
