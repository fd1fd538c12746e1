r"""Every formula of the book, derived by sympy and checked step by step.

A derivation is a list of named equations, each with its reason in words. `get(name)` runs it,
checks every step, and returns it; a chapter shows it by leaving it as the last expression of a
cell, and takes a derived result further through `derivation["step"].equation`.
"""

from copy import copy
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

import lazy_loader

from scorelab._support.extras import needed
from scorelab.derivations.engine.words import words_of

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation, DerivationError, Step

__all__ = ["Derivation", "DerivationError", "Step", "available", "get", "title"]

# Sympy, which takes a second, is imported when one of the classes is first asked for.
__getattr__, _, _ = lazy_loader.attach(
    __name__, submod_attrs={"engine.derivation": ["Derivation", "DerivationError", "Step"]}
)

# In the order of the book. The names are stable: pages, slides and links rely on them.
_NAMES = (
    "mixture-score",
    "ula-bias",
    "fisher-gaussians",
    "fisher-blindness",
    "implicit-score-matching",
    "dsm-equivalence",
    "dsm-target",
    "dsm-floor",
    "tweedie",
    "schedule-overlap",
    "annealed-contraction",
    "ou-moments",
    "ou-transition",
    "ou-stationarity",
    "ou-autocovariance",
    "ou-reversibility",
    "ou-entropy-decay",
    "ou-spectrum",
    "reverse-sde",
    "probability-flow",
    "ncsn-to-sde",
    "euler-maruyama-bias",
    "girsanov",
)


def available() -> list[str]:
    """Return the names of all derivations, in the order of the book."""
    return [name for name in _NAMES if find_spec(_module(name)) is not None]


def title(name: str, language: str = "en") -> str:
    """Return the title of the derivation `name`, one of `available()`, without deriving it."""
    return words_of(name, language).title or ""


@cache
def get(name: str, language: str = "en") -> "Derivation":
    """Derive `name`, check every step, and return the result (once a process).

    Args:
        name: One of `available()`.
        language: Of its words, `"en"` or `"es"`.

    Returns:
        The checked derivation.

    Raises:
        KeyError: If there is no such derivation; the message lists names that are near.
        DerivationError: If a step does not hold.
        ValueError: If there is no such language.
    """
    if language == "en":
        return unchecked(name).check()
    return get(name).in_language(language)


def unchecked(name: str) -> "Derivation":
    """Derive `name` and leave its steps unchecked, for who knows that they hold; see `get`.

    What is returned is the caller's own. The work is done once a process: many a derivation takes
    a law from an earlier one.
    """
    return copy(_derived(name))


@cache
def _derived(name: str) -> "Derivation":
    names = available()
    if name not in names:
        near = get_close_matches(name, names, n=3, cutoff=0.4) or names
        raise KeyError(f"no derivation is called {name!r}; did you mean {', '.join(near)}?")
    with needed("a derivation needs"):
        return import_module(_module(name)).derive()


def _module(name: str) -> str:
    return f"{__name__}.catalogue.{name.replace('-', '_')}"


def __dir__() -> list[str]:
    """Name what is public before it is loaded too, for editors and the reference page."""
    return sorted({*globals(), *__all__})
