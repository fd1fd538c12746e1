"""How a student's own functions and classes are called, whose names and arrays may be others.

A parameter is known by its name, in English, Spanish or as the sheet's letter, and else by its
place. Arrays are handed over as torch's in double precision, then in single precision, then as
numpy's, until the call succeeds.
"""

from __future__ import annotations

import inspect
import random
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import product

import numpy as np
import torch
from torch import Tensor, nn

from scorelab.exercises.engine.reading import Unanswered, is_a, tensor
from scorelab.lab.findings import Raised, Unfit, Wrong

__all__ = [
    "Either",
    "Given",
    "Network",
    "call",
    "final",
    "find",
    "method",
    "named",
    "names_of",
    "number",
    "plain",
    "repeatable",
    "shaped",
]

# Names that are in use for one thing, compared without case, accents and underscores.
ALIASES = {
    "weights": "weight w ws alpha alphas α pi pis pesos peso ponderaciones coefficients probs",
    "means": "mean mu mus μ medias media centers centros locs",
    "covariances": "covariance cov covs sigma sigmas σ covarianzas covarianza covmatrices "
    "covariancematrices matrices",
    "dt": "h step δt Δt paso",
    "score": "scorefn scorefunction scorefunc scoremodel s gradlogp gradlogprob gradlogdensity "
    "mixture gmm model network net distribution mixtura mezcla modelo red funcionscore noisyscore",
    "x0": "x xinit xinitial init initial start x0s xstart particles inicio inicial puntos",
    "prior": "pi priorsampler prioridad distribucioninicial sampleprior",
    "step_size": "steplr eps epsilon ε step h dt eta alpha stepsize lr paso tamanopaso tamano",
    "n_steps": "steps nsteps numsteps iterations niter niterations numiter pasos npasos numpasos "
    "stepsperlevel nstepspersigma nstepseach",
    "n_samples": "samples nsamples numsamples nparticles npoints batch batchsize numparticles "
    "nmuestras muestras size shape numero",
    "dim": "d dimension ndim dims",
    "sigmas": "sigma levels noiselevels σs σ sigmat niveles schedule noises ruidos sigmalist",
    "samples": "x xs points data muestras puntos datos",
    "score_p": "scorep sp p pscore score1 gradlogp",
    "score_q": "scoreq sq q qscore score2 gradlogq model",
    "model": "network net score scorenet scoremodel s sθ stheta modelo red scorefn",
    "x": "data batch xbatch points samples y datos lote dato x0 xt",
    "sigma": "noise noiselevel std σ ruido nivel sigmat",
    "weight": "λs pesos lambdas weights λ lambda lambdafn lam weighting peso pesofn weightfn",
    "drift": "f driftfn driftcoefficient deriva coefdrift",
    "diffusion": "g diffusionfn diffusioncoefficient difusion coefdifusion",
    "T": "tmax tfinal tend endtime horizon final",
    "t": "time times tiempo tt",
    "sde": "process model equation ecuacion proceso",
    "t_span": "span interval intervalo timespan",
    "times": "ts tgrid grid tiempos timesteps grilla timegrid",
    "t_start": "t0 tstart tinit begin tinicial",
    "t_end": "t1 tend tfinal tmax end T",
}
# Roles that student's code may well decide by itself.
OWN_DEFAULTS = ("weight",)
_TRIED = (torch.float64, torch.float32, None)  # None for numpy


def _plain(name: str) -> str:
    """A name without case, accents and underscores."""
    letters = unicodedata.normalize("NFD", name.lower())
    return "".join(c for c in letters if c != "_" and not unicodedata.combining(c))


def _names(role: str) -> set[str]:
    return {_plain(role), *map(_plain, ALIASES.get(role, "").split())}


def named(function: Callable, names: set[str]) -> list[inspect.Parameter]:
    """The parameters of a student's function that have one of these names."""
    return [parameter for parameter in _parameters(function) if _plain(parameter.name) in names]


def names_of(*roles: str) -> set[str]:
    """All names that are in use for these roles."""
    return set().union(*map(_names, roles))


def _parameters(function: Callable) -> list[inspect.Parameter]:
    function = function.forward if isinstance(function, nn.Module) else function
    return [*inspect.signature(function).parameters.values()]


def find(thing: object, *names: str) -> Callable | None:
    """The method of an object, or of a class, that has the first of these names; None if none."""
    public_last = sorted(dir(thing), key=lambda name: not name.startswith("_"))
    there = {_plain(name): name for name in public_last}
    found = next((there[_plain(name)] for name in names if _plain(name) in there), None)
    return getattr(thing, found) if found else None


def method(thing: object, *names: str) -> Callable:
    """As `find`.

    Raises:
        Unfit: If there is none.
    """
    found = find(thing, *names)
    if found is None:
        raise Unfit("method", method=names[0])
    return found


def call(
    function: Callable, roles: Mapping[str, object], *, needs: Sequence[str] = (), name: str = ""
) -> object:
    """Call a student's function or class.

    Args:
        function: Theirs.
        roles: What it may be given, by role, in the order in which it is expected.
        needs: The roles without which nothing can be checked; `"n_steps|T"` is either.
        name: Of the function, if not its own.

    Returns:
        What it returns.

    Raises:
        Unfit: If it has a parameter that nothing fits, or none for a role that it needs.
        Raised: If it raises, whatever kind of array it is given.
        Unanswered: If it returns nothing.
    """
    name = name or getattr(function, "__name__", type(function).__name__)
    arguments = _arguments(function, roles, needs, name)
    ways = max([len(v.values) for v in arguments.values() if isinstance(v, Either)], default=1)
    first = None
    for way, dtype in product(range(ways), _TRIED):
        for value in arguments.values():
            if isinstance(value, Given | Network):
                value.calls.clear()  # of the last attempt
        given = {key: _as(value, dtype, way) for key, value in arguments.items()}
        try:
            with _default(dtype):
                value = function(**given)
        except (Unanswered, Unfit, Wrong, Raised):
            raise
        except NotImplementedError:
            raise Unanswered from None
        except Exception as error:
            first = first or error
            continue
        if value is None or value is ...:
            raise Unanswered
        return value
    raise Raised(name, first)


def _arguments(
    function: Callable, roles: Mapping[str, object], needs: Sequence[str], name: str
) -> dict[str, object]:
    """The values by the names of the function's parameters."""
    every = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = _parameters(function)
    chosen: dict[str, str] = {}
    for parameter in parameters:
        free = [role for role in roles if role not in chosen.values()]
        exact = [role for role in free if _plain(role) == _plain(parameter.name)]
        alike = [role for role in free if _plain(parameter.name) in _names(role)]
        if parameter.default is not parameter.empty:
            alike = [role for role in alike if role not in OWN_DEFAULTS]
            exact = [role for role in exact if role not in OWN_DEFAULTS]
        if parameter.kind in every and (exact or alike):
            chosen[parameter.name] = (exact or alike)[0]
    for parameter in parameters:
        required = parameter.default is parameter.empty and parameter.kind in every
        if required and parameter.name not in chosen:
            missing = _missing(needs, chosen)
            if not missing and _plain(parameter.name) == "n" and "n_samples" in roles:
                missing = ["n_samples"]
            if not missing:
                raise Unfit("parameter", name=name, parameter=parameter.name)
            chosen[parameter.name] = missing[0]
    for role in _missing(needs, chosen):
        raise Unfit("lacks", name=name, role=role)
    return {parameter: roles[role] for parameter, role in chosen.items()}


def _missing(needs: Sequence[str], chosen: Mapping[str, str]) -> list[str]:
    """Those of the needed roles that are not taken; of alternatives, the first."""
    alternatives = [need.split("|") for need in needs]
    return [roles[0] for roles in alternatives if not set(roles) & set(chosen.values())]


class Either:
    """A value for which student's code may expect one of several forms, tried in turn."""

    def __init__(self, *values: object) -> None:
        self.values = values


def _as(value: object, dtype: torch.dtype | None, way: int = 0) -> object:
    if isinstance(value, Either):
        value = value.values[min(way, len(value.values) - 1)]
    if isinstance(value, Tensor) and value.is_floating_point():
        value = value.clone()  # student's code may write into it
        return value.numpy() if dtype is None else value.to(dtype)
    return value


@contextmanager
def _default(dtype: torch.dtype | None) -> Iterator[None]:
    """Draws and new tensors of student's code have the precision of what it is given."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype or torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


class Given:
    """A function that student's code is given, such as a score: for torch and numpy, for batches
    (n, d) and points (d,). It keeps what it was called with.

    Args:
        function: From tensors to a tensor.
        methods: Of an object whose names the student's code may use in its place, such as
            `log_prob`; `score` is the function itself.
    """

    def __init__(self, function: Callable, **methods: Callable) -> None:
        self.function, self.calls = function, []
        self.score = self.scorefunction = self.gradlogp = self.__call__
        for name, method in methods.items():
            setattr(self, name, partial(_in_kind, method))

    def __call__(self, x: object, *rest: object, **named: object) -> object:
        rest = (*rest, *named.values())
        self.calls.append((x, *rest))
        return _in_kind(self.function, x, *rest)


class Network(nn.Module):
    """A model that student's code is given, with one parameter, as which the gradient is known.

    Args:
        function: From x and σ to the output, times the parameter, which is 1.
        sigma: Taken where the model is called without one.
    """

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor], sigma: float = 1.0) -> None:
        super().__init__()
        self.function, self.sigma, self.calls = function, sigma, []
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor, sigma: object = None, *rest: object) -> Tensor:
        sigma = torch.as_tensor(self.sigma if sigma is None else sigma, dtype=x.dtype)
        self.calls.append((x.detach(), sigma))
        sigma = sigma.reshape(-1, *[1] * (x.ndim - 1)) if sigma.numel() > 1 else sigma
        return self.scale.to(x.dtype) * self.function(x, sigma)


def _in_kind(function: Callable, x: object, *rest: object) -> object:
    """The function's value as an array of the kind, the precision and the rank of x."""
    point = torch.as_tensor(x)
    rest = [torch.as_tensor(r).to(torch.float64) if _is_array(r) else r for r in rest]
    rest = [r.reshape(-1, 1) if isinstance(r, Tensor) and r.numel() > 1 else r for r in rest]
    value = function(torch.atleast_2d(point).to(torch.float64), *rest)
    if isinstance(value, Tensor):
        value = value[0] if point.ndim < 2 else value
        value = value.numpy() if isinstance(x, np.ndarray) else value.to(point.dtype)
    return value


def _is_array(value: object) -> bool:
    return isinstance(value, Tensor | np.ndarray)


def plain(value: object, name: str) -> Tensor:
    """What student's code returns, in double precision.

    Raises:
        Unfit: If it is no array of numbers.
    """
    try:
        if is_a(value, list, tuple) and value and all(is_a(v, Tensor, np.ndarray) for v in value):
            value = torch.stack([torch.as_tensor(v) for v in value])
        return tensor(value)
    except (TypeError, ValueError, RuntimeError):
        raise Unfit("no_array", name=name, kind=type(value).__name__) from None


def number(value: object) -> float:
    """One σ or t, however it was handed over; all rows have the same."""
    return float(torch.as_tensor(value, dtype=torch.float64).flatten()[0])


def shaped(value: object, shape: Sequence[int], name: str) -> Tensor:
    """As `plain`, in this shape but for axes of length 1.

    Raises:
        Unfit: If it has another.
    """
    found = plain(value, name)
    squeezed = [length for length in found.shape if length != 1]
    if squeezed != [length for length in shape if length != 1]:
        raise Unfit("shape", name=name, given=tuple(found.shape), expected=tuple(shape))
    return found.reshape(tuple(shape))


def final(value: object, n: int, d: int, name: str) -> Tensor:
    """Where n points end, (n, d), of what a sampler returns: their ends, or all their states.

    Raises:
        Unfit: If it is neither.
    """
    ends = find(value, "final", "x", "samples") if not _is_array(value) else None
    if _is_array(ends):
        value = ends
    if isinstance(value, tuple | list):  # ends and states, or a list of states
        whole = [v for v in value if _is_array(v) and v.shape == (n, d)]
        if len(whole) == 1 or isinstance(value, tuple):
            value = whole[0] if whole else next((v for v in value if _is_array(v)), value)
        elif whole:
            value = whole[-1]
    found = plain(value, name)
    if found.ndim == 3 and found.shape[1:] == (n, d):
        return found[-1]
    if found.ndim == 3 and (found.shape[0], found.shape[2]) == (n, d):
        return found[:, -1]
    return shaped(found, (n, d), name)


@contextmanager
def repeatable(seed: int = 618_033) -> Iterator[None]:
    """Draws of torch, numpy and Python that are the same each time, and no trace in theirs.

    The seed is one that student's code will not set, or its noise would be that of its arguments.
    """
    python, old = random.getstate(), np.random.get_state()  # noqa: NPY002 (the student may use it)
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, about the tensors that it is given
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(old)  # noqa: NPY002
