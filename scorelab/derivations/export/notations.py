r"""Notations: what plays a role gets a name, whichever letter it has in a derivation.

A notation is a file in TOML. `[roles]` names what plays a part in many derivations, `[symbols]`
renames single letters wherever they occur, `[theorem.NAME]` in one derivation alone:

    says = "x in bold, as in Song et al. (2021)"
    [roles]
    value = '\mathbf{x}'
    brownian = '\mathbf{w}'
    score = { name = 's_\theta', applied = ['s_\theta(#1)', 's_\theta(#1, #2)'] }
    [symbols]
    sigma = '\sigma_t'
    [theorem.tweedie]
    m = '\hat{\mathbf{x}}'

The roles of words alone (`random`, `brownian`, `reversed`, `gradient`, `expectation`, `normal`)
are macros in the texts; the others belong to symbols, and a derivation says which has which.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scorelab.derivations.export.rewriting import names_in, read_name
from scorelab.derivations.export.symbols import (
    Rename,
    has,
    printed_name,
    renamer,
    require_tex,
    same,
    unchanged,
)
from scorelab.derivations.printing.macros import MACROS, ROLES, expand

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation

__all__ = ["NOTATIONS", "Notation", "Renaming", "notation_called", "renaming", "silent"]

_FOLDER = Path(__file__).parent.parent / "notations"
NOTATIONS = ("book", "song", "probabilist")
# The macros of the texts by the role that each of them is.
_WORDS = {
    "random": "rv",
    "brownian": "bm",
    "reversed": "bmbar",
    "gradient": "grad",
    "expectation": "E",
    "normal": "N",
}
_USUAL = (
    ROLES["bm"],
    ROLES["bmbar"],
)  # where a weight is called w too, the book says which is which
SYMBOLS = (
    "value", "integration", "score", "noise", "density", "drift", "diffusion", "time", "horizon",
    "noise-level", "scale", "step", "data", "noised",
)  # fmt: skip
"""The roles that symbols and functions have."""


@dataclass(frozen=True)
class Notation:
    """Names by role, by letter, and by letter in one derivation.

    Attributes:
        says: What it is, in a line.
        roles: TeX by role.
        applied: For a role that is a function: templates of TeX, for one argument, for two, ….
        symbols: TeX by the letter of the book.
        theorems: The same for single derivations.
    """

    says: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    applied: Mapping[str, Sequence[str]] = field(default_factory=dict)
    symbols: Mapping[str, str] = field(default_factory=dict)
    theorems: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Renaming:
    """What a notation does to one derivation.

    Attributes:
        text: Renames in the mathematics of a text.
        symbol: Renames in a printed equation.
        templates: How functions are printed.
        any: Whether anything is changed at all.
    """

    text: Rename
    symbol: Rename
    templates: Mapping[Any, str]
    any: bool


def notation_called(name: str | Path) -> Notation:
    """Return a ready notation, or read one's own from a file in TOML.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If there is no such notation, or the file is no notation; the message says why.
    """
    if str(name) in NOTATIONS:
        return _read(_FOLDER / f"{name}.toml")
    if not str(name).endswith(".toml"):
        near = get_close_matches(str(name), NOTATIONS, n=1) or NOTATIONS
        raise ValueError(
            f"no notation is called {str(name)!r}: give {' or '.join(near)}, or the path of a "
            "file that ends in .toml"
        )
    return _read(Path(name))


def _read(path: Path) -> Notation:
    try:
        table = tomllib.loads(path.read_bytes().decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from error
    parts = ("says", "roles", "symbols", "theorem")
    for part, value in table.items():
        if part not in parts:
            raise ValueError(f"{path}: {part!r} is none of {', '.join(parts)}")
        if not isinstance(value, str if part == "says" else dict):
            raise ValueError(f"{path}: {part!r} is not {'text' if part == 'says' else 'a table'}")
    roles, applied = {}, {}
    for role, value in table.get("roles", {}).items():
        if role == "random" and isinstance(value, str) and "_" in value:
            base = value.partition("_")[0]
            raise ValueError(f"{path}: the random state gets its time by itself: write {base!r}")
        if role not in (*_WORDS, *SYMBOLS):
            known = ", ".join((*_WORDS, *SYMBOLS))
            raise ValueError(f"{path}: no role is called {role!r}; there are {known}")
        if isinstance(value, dict):
            if set(value) != {"name", "applied"} or not isinstance(value["applied"], list):
                raise ValueError(f"{path}: {role!r} is neither TeX nor a name and a list, applied")
            applied[role] = tuple(map(str, value["applied"]))
            value = value["name"]
        roles[role] = _sound(path, role, value)
    symbols = {k: _sound(path, k, v) for k, v in table.get("symbols", {}).items()}
    theorems: dict[str, dict[str, str]] = {}
    for theorem, letters in table.get("theorem", {}).items():
        if not isinstance(letters, dict):
            raise ValueError(f"{path}: theorem.{theorem} is not a table")
        theorems[theorem] = {k: _sound(path, k, v) for k, v in letters.items()}
    return Notation(table.get("says", ""), roles, applied, symbols, theorems)


def _sound(path: Path, name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{path}: {name!r} is not TeX but {value!r}")
    try:
        require_tex(name, value)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return value


def renaming(
    derivation: "Derivation",
    notation: Notation,
    symbols: Mapping[str, str],
    texts: Sequence[str],
    printed: Sequence[str],
) -> Renaming:
    """Return what a notation, and single symbols on top of it, do to a derivation.

    Args:
        derivation: The derivation.
        notation: The notation.
        symbols: New TeX by a symbol's name; they have the last word.
        texts: All texts of the derivation.
        printed: All its equations, in the letters of the book.

    Raises:
        ValueError: If `symbols` names none of the derivation's, or two things would have one name.
    """
    formulas = [f for text in texts for f in re.findall(r"\$\$?([^$]+)\$\$?", text)]
    macros, held = _macros(notation, formulas)
    everything = " ".join([*(expand(f, macros) for f in formulas), *printed])
    letters = {**notation.symbols, **notation.theorems.get(derivation.name, {})}
    wanted = _by_role(derivation, notation, everything)
    wanted |= {old: new for old, new in letters.items() if has(derivation, old)}
    wanted = {old: new for old, new in wanted.items() if not any(same(old, s) for s in symbols)}
    wanted |= symbols
    wanted = {old: new for old, new in wanted.items() if old in symbols or old != new}
    # A random state may be called as its values are; nothing may be called as Brownian motion is.
    motions = {tex for place, tex in held.items() if place != r"\heldrandom"}
    for tex in held.values():
        if tex not in _USUAL and has(derivation, tex) and wanted.get(tex, tex) == tex:
            raise ValueError(taken_by(derivation.name, tex))
    rename = renamer(derivation, wanted, everything, taken=motions)
    put = _putting(held)
    templates = derivation.notation | {
        thing: notation.applied[role][len(arity) - 1]
        for thing, role in derivation.roles.items()
        if role in notation.applied
        for arity in [_arguments(derivation, thing)]
        if 0 < len(arity) <= len(notation.applied[role])
    }
    return Renaming(
        lambda tex: _once(put(rename(expand(tex, macros)))),
        rename,
        templates,
        bool(wanted) or templates != derivation.notation,
    )


def taken_by(theorem: str, letter: str) -> str:
    """Return the message about a letter that a theorem already has, and what to do about it."""
    return (
        f"{theorem}: {letter} already stands for something else there; give that another letter: "
        f"[theorem.{theorem}] with a line {letter} = '…' in the notation's file"
    )


def silent(derivation: "Derivation", notation: Notation) -> list[str]:
    """Return the names in a notation that this derivation has nothing for."""
    having = set(derivation.roles.values())
    roles = [role for role in notation.roles if role in SYMBOLS and role not in having]
    letters = {**notation.symbols, **notation.theorems.get(derivation.name, {})}
    return [*roles, *(old for old in letters if not has(derivation, old))]


def _macros(notation: Notation, formulas: Sequence[str]) -> tuple[dict, dict[str, str]]:
    """The macros of the texts, and what is put in the place of each once letters are renamed.

    A name that a role has is not to be renamed with the letter that looks like it; a random state
    without a name of its own follows the letter of its values.
    """
    held: dict[str, str] = {}
    macros: dict[str, Any] = {**MACROS, **ROLES}
    used = " ".join(formulas)
    for role, macro in _WORDS.items():
        usual = str(macros[macro])
        tex = notation.roles.get(role, usual)
        if role in ("brownian", "reversed") or (role in notation.roles and tex != usual):
            place = rf"\held{role}"
            macros[macro] = place
            if re.search(rf"\\(?:{macro}|dw|dwbar)(?![A-Za-z])", used):
                held[place] = tex
    return macros, held


def _putting(held: Mapping[str, str]) -> Callable[[str], str]:
    if not held:
        return unchanged
    pattern = re.compile("(" + "|".join(map(re.escape, held)) + r")(\s*(?=[A-Za-z]))?(?=(_|\^)?)")

    def put(tex: str) -> str:
        def name(match: re.Match[str]) -> str:
            new = held[match[1]]
            index = read_name(new)
            if match[3] == "_" and index is not None and index[1]:
                new = f"{{{new}}}"
            runs = re.search(r"\\[A-Za-z]+$", new) and match[2] is not None
            return new + " " * bool(runs)

        return pattern.sub(name, tex)

    return put


def _once(tex: str) -> str:
    """Say what is equal to itself once, as the score that is called a gradient."""
    left, _, right = tex.partition(" = ")
    return left if left.strip() == right.strip() else tex


def _by_role(derivation: "Derivation", notation: Notation, printed: str) -> dict[str, str]:
    there = names_in(printed)
    return {
        name: notation.roles[role]
        for thing, role in derivation.roles.items()
        if role in notation.roles
        for name in [printed_name(derivation, thing)]
        if read_name(name) in there
    }


def _arguments(derivation: "Derivation", function: Any) -> tuple:
    for step in derivation.steps:
        for applied in step.equation.atoms(function) if isinstance(function, type) else ():
            return applied.args
    return ()
