r"""Every formula of the book, derived by sympy and checked step by step.

A derivation is a list of named equations, each with its reason in words. `get(name)` runs it,
checks every step, and returns it; a chapter shows it by leaving it as the last expression of a
cell, and takes a derived result further through `derivation["step"].equation`.
"""

from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from scorelab.derivations.derivation import Derivation, DerivationError, Step

__all__ = ["Derivation", "DerivationError", "Step", "available", "get"]

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
)


def available() -> list[str]:
    """Return the names of all derivations, in the order of the book."""
    return [name for name in _NAMES if find_spec(_module(name)) is not None]


@cache
def get(name: str) -> Derivation:
    """Derive `name`, check every step, and return the result (once a process).

    Args:
        name: One of `available()`.

    Returns:
        The checked derivation.

    Raises:
        KeyError: If there is no such derivation; the message lists names that are near.
        DerivationError: If a step does not hold.
    """
    names = available()
    if name not in names:
        near = get_close_matches(name, names, n=3, cutoff=0.4) or names
        raise KeyError(f"no derivation is called {name!r}; did you mean {', '.join(near)}?")
    return import_module(_module(name)).derive().check()


def _module(name: str) -> str:
    return f"{__name__}.{name.replace('-', '_')}"
