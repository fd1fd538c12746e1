r"""Names in finished TeX: which there are, and how one is put in another's place.

What stands there must mean the same with the new name, and compile: after `^` and `_` a name gets
braces, and one of several letters, or with a script of its own, brackets where a script follows.
"""

import re
from collections.abc import Iterator, Mapping

__all__ = ["Name", "base_of", "is_formula", "names_in", "read_name", "rewritten"]

Name = tuple[str, str]  # a base and its index: ("x", "0") is x_0

_ACCENT = r"\\(?:math[a-z]+|boldsymbol|bar|hat|tilde|vec|operatorname)\*?"
_TOKEN = re.compile(
    rf"\\(?:begin|end|text)\{{[^}}]*\}}|{_ACCENT}(?:\s*\{{[^{{}}]*\}}|\s+[A-Za-z])|\\[A-Za-z]+|\\.|.",
    re.DOTALL,
)
_ONE_ARGUMENT = re.compile(rf"{_ACCENT}|\\(?:sqrt|text|dot|ddot|check|breve|overline|underline)")
# Where TeX takes one token without braces: scripts, roots, and both places of a fraction.
_TAKES_ONE = re.compile(r"(?:[\^_]|\\sqrt|\\[dt]?frac(?:\s*\{[^{}]*\}|\s*\d)?)\s*$")
# sympy's `{w}_{k}`: TeX would see a name in these braces through them, and count scripts twice.
_BRACED_BASE = re.compile(r"(?<![A-Za-z_^}\]*])\{(\\?[A-Za-z]+)\}(?=[_^'])")
_SCRIPT = re.compile(r"\s*([\^_'])")


def read_name(tex: str) -> Name | None:
    """Return the name that some TeX is, or None if it is not a single one."""
    match = _TOKEN.match(tex)
    if match is None:
        return None
    index, end = _index(tex, match.end())
    return (match[0], _canonical(index)) if end == len(tex) else None


def base_of(tex: str) -> Name | None:
    """Return the name with which some TeX begins."""
    match = _TOKEN.match(tex)
    return (match[0], _canonical(_index(tex, match.end())[0])) if match else None


def names_in(tex: str) -> set[Name]:
    """Return all names in some TeX with their indices; a name that has one also without."""
    found: set[Name] = set()
    tex = _BRACED_BASE.sub(r"\1", tex)
    for match in _TOKEN.finditer(tex):
        index, _ = _index(tex, match.end())
        found |= {(match[0], ""), (match[0], _canonical(index))}
    return found


def is_formula(tex: str) -> bool:
    r"""Tell whether some TeX can stand for a symbol: whole groups, no script twice or dangling."""
    if re.search(r"(?<!\\)[$%&#~]|\\\\|\\$", tex):
        return False
    depth, scripts = 0, [set[str]()]
    last = ""
    for token in _plain_tokens(tex):
        if last in ("^", "_") and token in ("^", "_", "}", "'"):
            return False
        if token in ("^", "_"):
            if token in scripts[-1]:
                return False
            scripts[-1].add(token)
        elif token == "{":
            if last not in ("^", "_"):
                scripts[-1] = set()
            depth += 1
            scripts.append(set())
        elif token == "}":
            if not depth:
                return False
            depth -= 1
            scripts.pop()
        elif last not in ("^", "_") and not token.isspace():
            scripts[-1] = set()
        last = last if token.isspace() else token
    left, right = tex.count(r"\left"), tex.count(r"\right")
    return not depth and last not in ("^", "_") and left == right


def rewritten(tex: str, wanted: Mapping[Name, str], never_bare: set[str]) -> str:
    """Return some TeX with new names.

    Args:
        tex: What is rewritten.
        wanted: New TeX by the old name.
        never_bare: Bases that always have an index, as $p_t$: a new name with an index of its own
            takes the place of the base. Of other bases an index makes another name, left alone.
    """
    tex = _BRACED_BASE.sub(r"\1", tex)
    done, position = "", 0
    while match := _TOKEN.match(tex, position):
        base, position = match[0], match.end()
        alone = bool(_TAKES_ONE.search(done))  # then what follows belongs to the whole
        index, end = ("", position) if alone else _index(tex, position)
        if (base, _canonical(index)) in wanted:
            new, position = wanted[base, _canonical(index)], end
        elif (base, "") in wanted and (
            not (index and "_" in _scripts(wanted[base, ""])) or base in never_bare
        ):
            new = wanted[base, ""]
        else:
            done += base
            continue
        new = f"{{{new}}}" if alone else _fitted(new, done, tex, position)
        # The command before or the new one must not run into the letters beside it.
        before = " " * bool(re.search(r"\\[A-Za-z]+$", done) and new[:1].isalpha())
        after = tex[position : position + 1].isalpha() and re.search(r"\\[A-Za-z]+$", new)
        done += before + new + " " * bool(after)
    return done


def _fitted(new: str, done: str, tex: str, position: int) -> str:
    """Put brackets around a new name where what stands beside it asks for them."""
    following, several = _following(tex, position), _atoms(new) > 1
    scripts = bool(following & _scripts(new)) or (several and bool(following))
    alone = re.search(r"(?:^|[({\[])\s*$", done) and re.match(r"\s*(?:$|[)}\],;])", tex[position:])
    term = _is_sum(new) and not alone
    divisor = several and done.rstrip().endswith("/")
    return rf"\left({new}\right)" if scripts or term or divisor else new


def _following(tex: str, position: int) -> set[str]:
    """The scripts that are put on what ends here."""
    found: set[str] = set()
    while match := _SCRIPT.match(tex, position):
        found.add("_" if match[1] == "_" else "^")
        position = match.end()
        if match[1] != "'":
            position = _group_end(tex, position)
    return found


def _group_end(tex: str, position: int) -> int:
    """Where the argument that begins here ends."""
    if tex[position : position + 1] != "{":
        match = _TOKEN.match(tex, position)
        return match.end() if match else position
    depth = 0
    for end in range(position, len(tex)):
        depth += {"{": 1, "}": -1}.get(tex[end], 0)
        if depth == 0:
            return end + 1
    return position


def _index(tex: str, position: int) -> tuple[str, int]:
    """Return the subscript that begins here, without its braces, and where it ends."""
    if tex[position : position + 1] != "_":
        return "", position
    end = _group_end(tex, position + 1)
    index = tex[position + 1 : end]
    return (index[1:-1] if index.startswith("{") else index), end


def _canonical(index: str) -> str:
    r"""`\max`, `{max}` and `\mathrm{max}` are one index."""
    return re.sub(r"\\mathrm|[\\{}\s]", "", index)


def _plain_tokens(tex: str) -> Iterator[str]:
    return (match[0] for match in re.finditer(r"\\[A-Za-z]+|\\.|.", tex, re.DOTALL))


def _outside(tex: str) -> Iterator[str]:
    """The tokens outside of scripts, arguments and brackets; a script is its sign alone."""
    position, depth = 0, 0
    while match := _TOKEN.match(tex, position):
        token, position = match[0], match.end()
        if _ONE_ARGUMENT.fullmatch(token):
            position = _group_end(tex, position + (tex[position : position + 1] == " "))
        elif token in ("^", "_"):
            position = _group_end(tex, position)
        elif re.fullmatch(r"\\[dt]?frac", token):
            position = _group_end(tex, _group_end(tex, position))
        elif token in ("{", "}", r"\left", r"\right", r"\,", r"\!", r"\;") or token.isspace():
            continue
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token, 0)
        if depth == 0 or (depth == 1 and token in "(["):
            yield token


def _scripts(new: str) -> set[str]:
    return {"^" if token == "'" else token for token in _outside(new) if token in "^_'"}


def _atoms(new: str) -> int:
    return sum(token not in "^_')]" for token in _outside(new))


def _is_sum(new: str) -> bool:
    signs = {"+", "-", r"\pm", r"\mp", "=", "/", r"\cdot"}
    return not signs.isdisjoint(_outside(new))
