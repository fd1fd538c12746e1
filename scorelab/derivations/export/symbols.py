r"""Other names for symbols: `x` becomes `x_t` in every equation and every reason.

Names are changed in the finished TeX, so that equations and reasons cannot come apart; what was
checked is the same expression as before. A change that would give two things one name is refused.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.core.function import AppliedUndef

from scorelab.derivations.export.rewriting import (
    Name,
    base_of,
    is_formula,
    names_in,
    read_name,
    rewritten,
)
from scorelab.derivations.printing.macros import expand

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation

__all__ = [
    "Rename",
    "has",
    "in_text",
    "names",
    "parse",
    "printed_name",
    "renamer",
    "require_tex",
    "same",
    "unchanged",
]

Rename = Callable[[str], str]

_MATHEMATICS = re.compile(r"(\$\$?)([^$]+)\1")


def parse(options: list[str]) -> dict[str, str]:
    r"""Return the new names by the old ones.

    Args:
        options: Each `OLD=NEW`, for example `x=x_t` or `sigma_max=\sigma_1`.

    Raises:
        ValueError: If one is not of this form, or NEW is not TeX that can stand for a symbol.
    """
    symbols: dict[str, str] = {}
    for option in options:
        old, sign, new = (part.strip() for part in option.partition("="))
        if not (old and sign and new):
            raise ValueError(f"symbol {option!r} is not of the form OLD=NEW, as in x=x_t")
        if old in symbols:
            raise ValueError(f"symbol {old!r} is given two new names")
        require_tex(old, new)
        symbols[old] = new
    return symbols


def require_tex(old: str, new: str) -> None:
    """Raise `ValueError` unless `new` is TeX that can stand for the symbol `old`."""
    if not (new.isascii() and new.isprintable()):
        raise ValueError(
            rf"symbol {old!r}: {new!r} is not TeX, which has ASCII alone: write σ as \sigma, é as e"
        )
    if not new.strip() or not is_formula(new):
        raise ValueError(f"symbol {old!r}: {new!r} is not a formula of its own")


def unchanged(tex: str) -> str:
    """Leave TeX as it is."""
    return tex


def renamer(
    derivation: "Derivation", symbols: Mapping[str, str], tex: str, *, taken: Iterable[str] = ()
) -> Rename:
    r"""Return the function that puts the new names into the TeX of a derivation.

    A name with an index, as $x_0$, follows its base $x$ unless the new name has an index too:
    `x=\mathbf{x}` makes it $\mathbf{x}_0$, and `sigma=\sigma_t` leaves $\sigma_{\max}$ alone.

    Args:
        derivation: Whose symbols they are.
        symbols: New TeX by the old name, as it is printed: `sigma_max` or `\sigma_{\max}`.
        tex: All TeX of the derivation, with the old names.
        taken: Names that are no symbol's, such as that of Brownian motion.

    Raises:
        ValueError: If there is no such symbol, or the new name is that of another or no TeX.
    """
    printed, known = names_in(tex), _known(derivation)
    held = {read_name(name) for name in taken} - {None}
    if not symbols:
        return unchanged
    for old, new in symbols.items():
        require_tex(old, new)
    wanted: dict[Name, str] = {}
    for old, new in symbols.items():
        spellings = [name for name in _spellings(old) if name in printed]
        # The e of exp and the circle's number are no symbols.
        name = next((n for n in spellings if n in known or n not in _CONSTANTS), None)
        if name is None:
            listed = ", ".join(sorted(map(_spoken, known)))
            raise ValueError(f"{derivation.name} has no symbol {old!r}; it has {listed}")
        if name[1] and name not in known and name[0] in _indexed(derivation):
            listed = ", ".join(sorted(map(_spoken, known)))
            raise ValueError(
                f"{derivation.name}: {old!r} is one value of {_spoken((name[0], ''))!r}, not a "
                f"symbol of its own; it has {listed}"
            )
        if name in wanted:
            raise ValueError(f"{derivation.name}: symbol {old!r} is given two new names")
        wanted[name] = new
    for name, new in wanted.items():
        other = read_name(new)
        if (other in printed and other not in wanted and other != name) or other in held:
            raise ValueError(
                f"{derivation.name}: {new} already stands for something else there; give that "
                f"another letter, too"
            )
    if len(set(wanted.values())) < len(wanted):
        raise ValueError(f"{derivation.name}: two symbols would have one name")
    heads = {name for name in map(base_of, _printed(derivation)) if name is not None}
    never_bare = {base for base, _ in heads} - {base for base, index in heads if not index}

    def rename(tex: str) -> str:
        return rewritten(tex, wanted, never_bare)

    return rename


def in_text(rename: Rename, text: str) -> str:
    """Apply `rename` to the mathematics between dollar signs."""
    return _MATHEMATICS.sub(lambda match: f"{match[1]}{rename(match[2])}{match[1]}", text)


def printed_name(derivation: "Derivation", thing: Any) -> str:
    """Return the TeX by which a symbol or a function is called where it is printed."""
    template = derivation.notation.get(thing)
    tex = template or sp.latex(thing if isinstance(thing, sp.Basic) else sp.Symbol(str(thing)))
    base, index = base_of(expand(tex)) or (tex, "")
    return f"{base}_{{{index}}}" if index and "#" not in index else base


def names(derivation: "Derivation") -> set[str]:
    """Return the names of the symbols and functions, as they are printed: `sigma_max`, `m_start`.

    Letters in a style of their own are named by their TeX, as `\\mathcal{N}`.
    """
    return {_spoken(name) for name in _known(derivation)}


def has(derivation: "Derivation", old: str) -> bool:
    """Tell whether a derivation has the symbol that a user calls `old`."""
    return not _known(derivation).isdisjoint(_spellings(old))


def same(one: str, other: str) -> bool:
    """Tell whether two spellings are of one symbol, as `sigma` and `\\sigma` are."""
    return not set(_spellings(one)).isdisjoint(_spellings(other))


_CONSTANTS = {("e", ""), (r"\pi", "")}


def _spellings(old: str) -> list[Name]:
    """What a user may mean by a name: as it is written, or the other form of a Greek letter."""
    if unicodedata.name(old[0], "").startswith("GREEK"):
        words = unicodedata.name(old[0]).split()
        spelled = words[-1].lower().replace("lamda", "lambda")
        old = (spelled.capitalize() if "CAPITAL" in words else spelled) + old[1:]
    tex = old if "\\" in old else sp.latex(sp.Symbol(old))
    other = tex.replace(r"\var", "\\", 1) if tex.startswith(r"\var") else rf"\var{tex[1:]}"
    found = [read_name(tex), read_name(other) if tex.startswith("\\") else None]
    return [name for name in found if name is not None]


def _spoken(name: Name) -> str:
    base, index = name
    if re.fullmatch(r"\\[A-Za-z]+", base):
        base = base[1:]
    if not base.isalnum():
        return f"{base}_{{{index}}}" if index else base
    return f"{base}_{index}" if index else base


def _known(derivation: "Derivation") -> set[Name]:
    """The names of the symbols and functions as they are printed."""
    found = {base_of(tex) for tex in _printed(derivation)}
    return {
        (base, "" if "#" in index else index)
        for base, index in found - {None}
        if base not in (r"\left", r"\begin")
    }


def _indexed(derivation: "Derivation") -> set[str]:
    """The bases of functions that are printed with an argument as index, as $p_t(x)$."""
    return {base for tex in _printed(derivation) for base, i in [base_of(tex)] if "#" in i}


def _printed(derivation: "Derivation") -> set[str]:
    """The TeX of every symbol; that of a function is its template."""
    found: set[str] = set()
    for step in derivation.steps:
        ways = {limit.args[3] for limit in step.equation.atoms(sp.Limit)}  # + and -
        families = {family.label for family in step.equation.atoms(sp.IndexedBase)}
        found |= {f"{sp.latex(label)}_{{#1}}" for label in families}
        for symbol in step.equation.atoms(sp.Symbol) - ways - families:
            found.add(derivation.notation.get(symbol) or sp.latex(symbol))
        for function in {f.func for f in step.equation.atoms(AppliedUndef)}:
            template = derivation.notation.get(function)
            found.add(template or sp.latex(sp.Symbol(function.__name__)))
    found |= {tex for of, tex in derivation.notation.items() if isinstance(of, tuple)}
    return {expand(tex) for tex in found}
