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

if TYPE_CHECKING:
    from scorelab.derivations.engine.derivation import Derivation, DerivationError, Step

__all__ = ["Derivation", "DerivationError", "Step", "available", "get", "title"]

# Sympy, which takes a second, is imported when one of the classes is first asked for.
__getattr__, _, _ = lazy_loader.attach(
    __name__, submod_attrs={"engine.derivation": ["Derivation", "DerivationError", "Step"]}
)

# In the order of the book. The names are stable: pages, slides and links rely on them. The titles
# are those of the derivations, and stand here so that a list of them needs no algebra.
_TITLES = {
    "mixture-score": "The score of a Gaussian mixture",
    "ula-bias": "The bias of Langevin dynamics with a fixed step",
    "fisher-gaussians": "The Fisher divergence between two Gaussians",
    "fisher-blindness": "What the Fisher divergence cannot see",
    "implicit-score-matching": "Score matching without the data's score",
    "dsm-equivalence": "Denoising is score matching",
    "dsm-target": "The target of denoising, and what the sheet's sigma must be",
    "dsm-floor": "The floor of the denoising loss",
    "tweedie": "Tweedie's formula",
    "schedule-overlap": "How close two noise levels must be",
    "annealed-contraction": "How many steps a noise level needs",
    "ou-moments": "Mean and variance of the Ornstein-Uhlenbeck process",
    "ou-transition": "The transition law of the Ornstein-Uhlenbeck process",
    "ou-stationarity": "The stationary law of the Ornstein-Uhlenbeck process",
    "ou-autocovariance": "The autocovariance of the Ornstein-Uhlenbeck process",
    "ou-reversibility": "The reversibility of the Ornstein-Uhlenbeck process",
    "ou-entropy-decay": "How fast the Ornstein-Uhlenbeck process forgets",
    "ou-spectrum": "The spectrum of the Ornstein-Uhlenbeck process",
    "reverse-sde": "Running a diffusion backwards",
    "probability-flow": "The probability flow",
    "ncsn-to-sde": "From noise levels to a diffusion",
    "euler-maruyama-bias": "The error of the Euler-Maruyama method",
    "girsanov": "How far two diffusions can drift apart",
}


def available() -> list[str]:
    """Return the names of all derivations, in the order of the book."""
    return [name for name in _TITLES if find_spec(_module(name)) is not None]


def title(name: str) -> str:
    """Return the title of the derivation `name`, one of `available()`, without deriving it."""
    return _TITLES[name]


@cache
def get(name: str) -> "Derivation":
    """Derive `name`, check every step, and return the result (once a process).

    Args:
        name: One of `available()`.

    Returns:
        The checked derivation.

    Raises:
        KeyError: If there is no such derivation; the message lists names that are near.
        DerivationError: If a step does not hold.
    """
    return unchecked(name).check()


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
