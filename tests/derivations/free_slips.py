"""Slips in a derivation's source that its checks believe, and why they leave a true theorem."""

FREE_SLIPS = {
    "ula-bias": {
        "sign: a * (x - mean) + sqrt(epsilon) * z → a * (x - mean) - sqrt(epsilon) * z": (
            "z and −z have one law"
        ),
    },
    "schedule-overlap": {
        "sign: 1 + c / sqrt(2 * D) → 1 - c / sqrt(2 * D)": "Φ(c + 3) − Φ(c − 3) is even in c",
    },
    "annealed-contraction": {
        "sign: x - y → x + y": "the law is symmetric: adding noise is subtracting it",
    },
    "ou-moments": {
        "sign: x - x / 2 * h + sqrt(h) * z → x - x / 2 * h - sqrt(h) * z": "z and −z have one law",
    },
    "ou-spectrum": {
        "factor: c[0] * He[1](x) → 2 * (c[0] * He[1](x))": (
            "the energy and the variance of a multiple grow alike: any multiple has none to spare"
        ),
    },
    "fisher-blindness": {
        "factor: C * line(phi(x)) → 2 * (C * line(phi(x)))": (
            "twice the bound is a bound as well; that it is C is what the step before says"
        ),
    },
    "euler-maruyama-bias": {
        "sign: -part → part": "it turns the sign of both: top / bottom stays",
    },
    "reverse-sde": {
        "sign: x + mu * delta + nu * sqrt(delta) * z → x + mu * delta - nu * sqrt(delta) * z": (
            "z and −z have one law"
        ),
    },
    "ncsn-to-sde": {
        "sign: x + sqrt(jump) * z → x - sqrt(jump) * z": "z and −z have one law",
    },
    "girsanov": {
        "sign: -_law(wander(x), sp.S.Zero, there).rhs → _law(wander(x), sp.S.Zero, there).rhs": (
            "the error w may be any function: −w is one as well"
        ),
    },
}
