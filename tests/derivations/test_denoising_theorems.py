"""False theorems on denoising, each refused; and right values, each by a second way."""

import numpy as np
import pytest
from scipy import integrate
from spoiling import spoilt
from sympy import Derivative, log
from tiers import nightly_but

from scorelab import derivations
from scorelab.derivations import DerivationError
from scorelab.derivations.catalogue import dsm_equivalence as equivalence
from scorelab.derivations.catalogue import tweedie

y, sigma, theta = tweedie.y, tweedie.sigma, equivalence.theta
LOG_Q, LOG_PLANE = log(tweedie.q(y)), log(tweedie.Q(tweedie.y1, tweedie.y2))
EXPLICIT_LOG_Q = log(equivalence.q(equivalence.y))
MODEL = equivalence.s(equivalence.y, theta)

FALSE = {
    "true for one prior": ("tweedie", "tweedie", lambda _: (y + sigma**2) / (1 + sigma**2)),
    "σ² off the diagonal": ("tweedie", "covariance", lambda right: right + sigma**2),
    "σ² for σ⁴ off the diagonal": ("tweedie", "covariance", lambda right: right / sigma**2),
    "a third mixed derivative": (
        "tweedie",
        "covariance",
        lambda right: right + Derivative(LOG_PLANE, (tweedie.y1, 2), tweedie.y2),
    ),
    "no target below the integral": (
        "dsm-equivalence",
        "slope",
        lambda _: Derivative(equivalence.q(equivalence.y), (equivalence.y, 2)),
    ),
    "a floor of one prior": (
        "dsm-floor",
        "scatter",
        lambda _: 1 / (2 * sigma**2 * (1 + sigma**2)) * tweedie.q(y),
    ),
    "no floor": ("dsm-floor", "split", lambda right: right.args[0]),
    "a standard deviation in the sheet": (
        "dsm-target",
        "printed-variance",
        lambda right: right * derivations.unchecked("dsm-target")["meaning"].equation.rhs,
    ),
}


# Most of them sympy tries to simplify, before the points refute them: that is for the night.
DAY = ["true for one prior", "a standard deviation in the sheet"]


@pytest.mark.parametrize("false", nightly_but(DAY, list(FALSE)))
def test_a_false_theorem_is_refused(false):
    name, step, rhs = FALSE[false]
    with pytest.raises(DerivationError, match=f"step '{step}'"):
        spoilt(name, step, right=rhs).check()


def test_tweedie_s_covariance_in_the_plane_by_quadrature():
    # p uniform on the triangle 0 < x_1 < x_2 < 1: not Gaussian, and correlated.
    width, h = 0.4, 1e-3
    at = np.array([0.3, 0.9])

    def moment(of, point):
        def joint(x2, x1):
            z = (np.array([x1, x2]) - point) / width
            return of(x1, x2) * np.exp(-z @ z / 2)

        return integrate.dblquad(joint, 0, 1, lambda x1: x1, 1, epsabs=1e-12)[0]

    mass = moment(lambda a, b: 1.0, at)
    means = [moment(of, at) / mass for of in (lambda a, b: a, lambda a, b: b)]
    mixed = moment(lambda a, b: a * b, at) / mass - means[0] * means[1]
    spread = moment(lambda a, b: a * a, at) / mass - means[0] ** 2

    def log_q(i, j):
        return np.log(moment(lambda a, b: 1.0, at + h * np.array([i, j])))

    cross = (log_q(1, 1) - log_q(1, -1) - log_q(-1, 1) + log_q(-1, -1)) / (4 * h**2)
    curvature = (log_q(1, 0) - 2 * log_q(0, 0) + log_q(-1, 0)) / h**2
    # The differences are right to h².
    assert mixed == pytest.approx(width**4 * cross, rel=1e-4)
    assert spread == pytest.approx(width**2 + width**4 * curvature, rel=1e-4)
