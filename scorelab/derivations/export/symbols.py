r"""Other names for symbols: `x` becomes `\mathbf{x}` in every equation and every reason.

Names are changed in the finished TeX, so that equations and reasons cannot come apart; what was
checked is the same expression as before. A change that would give two things one name is refused.
"""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import sympy as sp
from sympy.core.function import AppliedUndef

if TYPE_CHECKING:
    from scorelab.derivations.derivation import Derivation

__all__ = ["Rename", "in_text", "names", "parse", "renamer", "unchanged"]

Rename = Callable[[str], str]
_Name = tuple[str, str]  # a base and its index: ("x", "0") is x_0

_ACCENT = r"\\(?:math[a-z]+|boldsymbol|bar|hat|tilde|vec|operatorname)\*?"
_TOKEN = re.compile(
    rf"\\(?:begin|end)\{{[^}}]*\}}|{_ACCENT}\s*\{{[^{{}}]*\}}|\\[A-Za-z]+|\\.|.", re.DOTALL
)
_MATHEMATICS = re.compile(r"(\$[^$]+\$)")


def parse(options: list[str]) -> dict[str, str]:
    r"""Return the new names by the old ones.

    Args:
        options: Each `OLD=NEW`, for example `x=\mathbf{x}` or `sigma_max=\sigma_1`.

    Raises:
        ValueError: If one is not of this form, or NEW is not TeX that can stand for a symbol.
    """
    symbols: dict[str, str] = {}
    for option in options:
        old, sign, new = (part.strip() for part in option.partition("="))
        if not (old and sign and new):
            raise ValueError(rf"symbol {option!r} is not of the form OLD=NEW, as in x=\mathbf{{x}}")
        if old in symbols:
            raise ValueError(f"symbol {old!r} is given two new names")
        depth, lowest = 0, 0
        for brace in re.findall(r"(?<!\\)[{}]", new):
            depth += 1 if brace == "{" else -1
            lowest = min(lowest, depth)
        if depth or lowest or "$" in new or new.endswith("\\"):
            raise ValueError(f"symbol {old!r}: {new!r} is not a formula of its own")
        symbols[old] = new
    return symbols


def unchanged(tex: str) -> str:
    """Leave TeX as it is."""
    return tex


def renamer(derivation: "Derivation", symbols: Mapping[str, str], tex: str) -> Rename:
    r"""Return the function that puts the new names into the TeX of a derivation.

    A name with an index, as $x_0$, follows its base $x$ unless the new name has an index too:
    `x=\mathbf{x}` makes it $\mathbf{x}_0$, and `sigma=\sigma_t` leaves $\sigma_{\max}$ alone.

    Args:
        derivation: Whose symbols they are.
        symbols: New TeX by the old name: sympy's (`sigma_max`) or its TeX (`\sigma_{\max}`).
        tex: All TeX of the derivation, with the old names.

    Raises:
        ValueError: If there is no such symbol, or the new name is that of another.
    """
    if not symbols:
        return unchanged
    printed = _names(tex)
    known = names(derivation)
    wanted: dict[_Name, str] = {}
    for old, new in symbols.items():
        name = _name_of(old)
        # The e of exp and the circle's number are no symbols.
        constant = name in {("e", ""), (r"\pi", "")} and old not in known
        if name is None or name not in printed or constant:
            listed = ", ".join(sorted(known))
            raise ValueError(f"{derivation.name} has no symbol {old!r}; it has {listed}")
        wanted[name] = new
    for name, new in wanted.items():
        taken = _name_of(new, tex=True)
        if taken in printed and taken not in wanted and taken != name:
            raise ValueError(f"{derivation.name}: {new} already stands for something else")
    if len(set(wanted.values())) < len(wanted):
        raise ValueError(f"{derivation.name}: two symbols would have one name")

    def rename(tex: str) -> str:
        return _rename(tex, wanted)

    return rename


def in_text(rename: Rename, text: str) -> str:
    """Apply `rename` to the mathematics between dollar signs."""
    return _MATHEMATICS.sub(lambda match: f"${rename(match[1][1:-1])}$", text)


def _rename(tex: str, wanted: Mapping[_Name, str]) -> str:
    done, position = "", 0
    while match := _TOKEN.match(tex, position):
        base, position = match[0], match.end()
        index, end = _index(tex, position)
        if (base, _canonical(index)) in wanted:
            done, position = _append(done, wanted[base, _canonical(index)], tex, end)
        elif (base, "") in wanted and not (index and "_" in wanted[base, ""]):
            done, position = _append(done, wanted[base, ""], tex, position)
        else:
            done += base
    return done


def _append(done: str, new: str, tex: str, position: int) -> tuple[str, int]:
    after = tex[position : position + 1]
    if after == "^" and "^" in new:
        new = rf"\left({new}\right)"
    # The command before or the new one must not run into the letters beside it.
    before = " " * bool(re.search(r"\\[A-Za-z]+$", done) and new[:1].isalpha())
    return done + before + new + " " * bool(
        re.search(r"\\[A-Za-z]+$", new) and after.isalpha()
    ), position


def _index(tex: str, position: int) -> tuple[str, int]:
    """Return the subscript that begins here, without its braces, and where it ends."""
    if tex[position : position + 1] != "_":
        return "", position
    if tex[position + 1 : position + 2] != "{":
        match = _TOKEN.match(tex, position + 1)
        return (match[0], match.end()) if match else ("", position)
    depth = 0
    for end in range(position + 1, len(tex)):
        depth += {"{": 1, "}": -1}.get(tex[end], 0)
        if depth == 0:
            return tex[position + 2 : end], end + 1
    return "", position


def _canonical(index: str) -> str:
    r"""`\max`, `{max}` and `\mathrm{max}` are one index."""
    return re.sub(r"\\mathrm|[\\{}\s]", "", index)


def _names(tex: str) -> set[_Name]:
    """All names in some TeX, with their indices and without."""
    found: set[_Name] = set()
    for match in _TOKEN.finditer(tex):
        index, _ = _index(tex, match.end())
        found |= {(match[0], ""), (match[0], _canonical(index))}
    return found


def _name_of(name: str, *, tex: bool = False) -> _Name | None:
    """The name that a user wrote, or None if it is not a single one."""
    if not tex and "\\" not in name:
        name = sp.latex(sp.Symbol(name))
    match = _TOKEN.match(name)
    if match is None:
        return None
    index, end = _index(name, match.end())
    return (match[0], _canonical(index)) if end == len(name) else None


def names(derivation: "Derivation") -> set[str]:
    """Return sympy's names of the symbols and functions."""
    found: set[str] = set()
    for step in derivation.steps:
        found |= {symbol.name for symbol in step.equation.atoms(sp.Symbol)}
        found |= {function.func.__name__ for function in step.equation.atoms(AppliedUndef)}
    return found
