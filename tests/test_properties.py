"""Whatever the layout, the dtype and the kind of a number: what float64 gives, or a ValueError.

Every function is called with a batch in some dtype and layout, and once more with its twin: the
same values in float64, contiguous, with σ and t as plain floats or float64 tensors. The results
agree within what the dtype can hold, or both calls are refused with the name of an argument.
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import scorelab as sl

DOUBLE = torch.float64
# What a formula of some ten operations may lose, in units of its largest entry.
TOLERANCE = {DOUBLE: 1e-9, torch.float32: 1e-3, torch.float16: 0.05, torch.bfloat16: 0.2}
LAYOUTS = {
    "contiguous": lambda x: x,
    "transposed": lambda x: x.T.contiguous().T,
    "every other": lambda x: torch.stack([x, x + 1], 1)[:, 0],
    "expanded": lambda x: x[:1].expand(len(x), -1),
    "requires grad": lambda x: x.clone().requires_grad_(),
}
SCALARS = {
    "float": float,
    "int": lambda v: max(1, round(v)),
    "scalar tensor": lambda v: torch.tensor(v, dtype=DOUBLE),
    "scalar tensor in float32": torch.tensor,
    "numpy": np.float64,
    "numpy in float32": np.float32,
    "array without axes": lambda v: np.array(v),
}
PROCESSES = {
    "OU": sl.OrnsteinUhlenbeck(),
    "VE": sl.VarianceExploding(0.1, 5.0),
    "VP": sl.VariancePreserving(),
}


def source(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def drawn(*shape: int, seed: int = 0) -> Tensor:
    """Numbers that every dtype holds exactly, so that twins start from the same values."""
    return (torch.randn(shape, generator=source(seed)) * 4).round() / 8


def mixture(n_components: int, dim: int, kind: str) -> sl.GaussianMixture:
    means = drawn(n_components, dim, seed=1).double()
    variances = {
        "isotropic": torch.full((n_components,), 0.75, dtype=DOUBLE),
        "diagonal": 0.5 + drawn(n_components, dim, seed=2).double().abs(),
    }
    variances["full"] = torch.diag_embed(variances["diagonal"]) + 0.125
    return sl.GaussianMixture([1 / n_components] * n_components, means, variances[kind])


@st.composite
def batches(draw, least: int = 0) -> Tensor:
    n, dim = draw(st.sampled_from([0, 1, 2, 5])), draw(st.sampled_from([1, 2, 3]))
    x = drawn(max(n, least), dim, seed=draw(st.integers(0, 99)))
    return LAYOUTS[draw(st.sampled_from(list(LAYOUTS)))](
        x.to(draw(st.sampled_from(list(TOLERANCE))))
    )


def twin(x: Tensor) -> Tensor:
    return x.detach().double().contiguous().clone()


def outcome(call) -> Tensor | str:
    """What a call gives, as a tensor in float64, or the words that it was refused with."""
    try:
        found = call()
    except ValueError as error:
        return str(error)
    return torch.as_tensor(found).detach()


def assert_twins(one, other, x: Tensor, arguments: str) -> None:
    """Both calls are refused and name one of the arguments, or give the same to rounding."""
    found, right = outcome(one), outcome(other)
    if isinstance(found, str):
        assert found.split()[0].split("[")[0] in arguments.split(), found
        assert isinstance(right, str) or TOLERANCE[x.dtype] > 1e-2, (found, right)
        return
    assert not isinstance(right, str), right
    assert found.shape == right.shape
    scale = max(1.0, float(right.abs().max())) if right.numel() else 1.0
    rtol = TOLERANCE[x.dtype]
    torch.testing.assert_close(found.double(), right.double(), rtol=rtol, atol=rtol * scale)


# Functions of a batch alone: name, call, and the arguments that may be refused.
OF_A_BATCH = {
    "log_prob": lambda p, x: p.log_prob(x),
    "score": lambda p, x: p.score(x),
    "responsibilities": lambda p, x: p.responsibilities(x),
    "divergence": lambda p, x: sl.divergence(p.score, x),
    "field_and_divergence": lambda p, x: sl.field_and_divergence(p.score, x)[0],
    "implicit_terms": lambda p, x: sl.implicit_terms(p.score, x),
    "fisher_divergence": lambda p, x: sl.fisher_divergence(p.score, lambda y: -y, x),
    "largest_distance": lambda p, x: sl.largest_distance(x)[0],
    "frechet_distance": lambda p, x: sl.frechet_distance(x, x + 1),
    "mode_weights": lambda p, x: torch.tensor(sl.mode_weights(p, x)),
    "heun": lambda p, x: (
        sl.heun(PROCESSES["OU"].probability_flow(lambda y, t: p.score(y)), x, n_steps=2).final
    ),
}
# Functions of a batch and a noise level.
OF_A_LEVEL = {
    "noisy_score": lambda p, x, s: p.noisy_score(x, s),
    "empirical_score": lambda p, x, s: sl.empirical_score(drawn(4, x.shape[1], seed=3))(x, s),
    "dsm_target": lambda p, x, s: sl.dsm_target(x + 0.5, x, s),
    "kernel_log_prob": lambda p, x, s: sl.kernel_log_prob(x + 0.5, x, s),
}


@settings(max_examples=400)
@given(
    name=st.sampled_from(list(OF_A_BATCH)),
    x=batches(),
    n_components=st.sampled_from([1, 3]),
    kind=st.sampled_from(["isotropic", "diagonal", "full"]),
)
def test_functions_of_a_batch(name, x, n_components, kind):
    p = mixture(n_components, x.shape[1], kind)
    before, call = x.detach().clone(), OF_A_BATCH[name]
    assert_twins(lambda: call(p, x), lambda: call(p, twin(x)), x, "x samples")
    assert torch.equal(x.detach(), before), "the argument was written to"


@settings(max_examples=300)
@given(
    name=st.sampled_from(list(OF_A_LEVEL)),
    x=batches(),
    value=st.sampled_from([0.25, 1.0, 3.0, 0.0, -1.0, float("nan"), 1e30]),
    kind=st.sampled_from([*SCALARS, "a row", "a row too many"]),
    n_components=st.sampled_from([1, 3]),
)
def test_functions_of_a_noise_level(name, x, value, kind, n_components):
    p, call = mixture(n_components, x.shape[1], "full"), OF_A_LEVEL[name]
    if kind in SCALARS:
        if kind == "int" and value != 3.0:
            return
        sigma, plain = SCALARS[kind](value), float(value)
    else:
        sigma = torch.full((len(x) + (kind != "a row"),), value, dtype=torch.float32)
        plain = sigma.double()
    if value == 1e30 and x.dtype != DOUBLE:
        if isinstance(sigma, Tensor) and not sigma.numel():
            return
        assert "sigma" in outcome(lambda: call(p, x, sigma))
        return
    assert_twins(lambda: call(p, x, sigma), lambda: call(p, twin(x), plain), x, "sigma")


@settings(max_examples=250)
@given(
    name=st.sampled_from(list(PROCESSES)),
    what=st.sampled_from(["drift", "score", "reverse_drift", "reverse", "probability_flow"]),
    x=batches(),
    value=st.sampled_from([0.25, 0.5, -0.5, float("inf"), float("nan")]),
    kind=st.sampled_from([*SCALARS, "a row", "a row too many", "a column"]),
)
def test_functions_of_a_time(name, what, x, value, kind):
    sde, p = PROCESSES[name], mixture(2, x.shape[1], "full")
    score = sde.score_at(p.noisy_score)
    call = {
        "drift": sde.drift,
        "score": score,
        "reverse_drift": lambda y, t: sde.reverse_drift(y, t, score),
        "reverse": sde.reverse(score).drift,
        "probability_flow": sde.probability_flow(score).drift,
    }[what]
    if kind == "int":
        return
    t, plain = value, value
    if kind in SCALARS:
        t = SCALARS[kind](value)
    else:
        t = torch.full((len(x) + (kind == "a row too many"),), value, dtype=DOUBLE)
        plain = t = t[:, None] if kind == "a column" else t
    assert_twins(lambda: call(x, t), lambda: call(twin(x), plain), x, "t")


SAMPLERS = {
    "langevin": lambda p, x, v, n, g: sl.langevin_dynamics(
        p.score, x, step_size=v, n_steps=n, generator=g
    ),
    "mala": lambda p, x, v, n, g: sl.mala(
        p.log_prob, p.score, x, step_size=v, n_steps=n, generator=g
    ),
    "annealed": lambda p, x, v, n, g: sl.annealed_langevin_dynamics(
        p.noisy_score, x, sigmas=[2.0, 1.0], step_size=v, n_steps=n, generator=g, denoise=True
    ),
    "euler_maruyama": lambda p, x, v, n, g: sl.euler_maruyama(
        PROCESSES["VP"], x, t_span=(0, v), n_steps=n, generator=g
    ),
    "predictor_corrector": lambda p, x, v, n, g: sl.predictor_corrector(
        PROCESSES["OU"],
        PROCESSES["OU"].score_at(p.noisy_score),
        x,
        n_steps=n,
        t_span=(1, 0.5),
        corrector_step=v,
        generator=g,
    ),
}


@settings(max_examples=120)
@given(
    name=st.sampled_from(list(SAMPLERS)),
    x=batches(),
    kind=st.sampled_from([k for k in SCALARS if k != "int"]),
    counts=st.sampled_from([int, np.int64, np.int32, np.uint8]),
)
def test_samplers(name, x, kind, counts):
    """The states of a run do not depend on the layout, nor on the kinds of the numbers given."""
    p, sample = mixture(2, x.shape[1], "diagonal").to(x.dtype), SAMPLERS[name]
    run = sample(p, x, SCALARS[kind](0.25), counts(2), source(1))
    plain = sample(p, x.detach().clone().contiguous(), 0.25, 2, source(1))
    assert run.final.dtype == x.dtype
    assert run.final.shape == x.shape
    assert not run.final.requires_grad
    torch.testing.assert_close(run.states, plain.states, rtol=0, atol=0)
    assert run.times.dtype == DOUBLE
    torch.testing.assert_close(run.times, plain.times)


@settings(max_examples=100)
@given(
    x=batches(least=1),
    kind=st.sampled_from([k for k in SCALARS if k != "int"]),
    antithetic=st.booleans(),
)
def test_losses(x, kind, antithetic):
    """The loss is that of the same draws with plain arguments."""
    p = mixture(2, x.shape[1], "full")
    options = {"antithetic": antithetic}
    loss = sl.dsm_loss(p.noisy_score, x, SCALARS[kind](0.5), generator=source(), **options)
    plain = x.detach().clone().contiguous()
    right = sl.dsm_loss(p.noisy_score, plain, 0.5, generator=source(), **options)
    torch.testing.assert_close(loss, right, rtol=1e-4, atol=1e-5)
    rows = sl.dsm_terms(
        p.noisy_score, x, np.full(len(x), 0.5), generator=source(), antithetic=antithetic
    )
    torch.testing.assert_close(rows.mean(), right, rtol=1e-4, atol=1e-5)


@settings(max_examples=60)
@given(
    weights=st.lists(st.integers(1, 20), min_size=1, max_size=6),
    dtype=st.sampled_from([torch.float32, DOUBLE]),
    form=st.sampled_from([list, np.array, torch.tensor, tuple]),
    off=st.sampled_from([0.0, 0.01]),
)
def test_a_mixture_of_any_numbers(weights, dtype, form, off):
    """Weights that sum to 1 up to rounding are accepted in every form; others are not."""
    shares = [w / sum(weights) for w in weights]
    shares[0] += off
    means = torch.arange(len(weights), dtype=dtype)[:, None]
    if off:
        with pytest.raises(ValueError, match="weights must sum to 1"):
            sl.GaussianMixture(form(shares), means, [0.1] * len(weights))
        return
    p = sl.GaussianMixture(form(shares), means, [0.1] * len(weights))
    assert p.weights.dtype == dtype
    assert p.covariances.flatten().tolist() == torch.full_like(means, 0.1).flatten().tolist()
    assert float(p.weights.double().sum()) == pytest.approx(1, abs=1e-6)
