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
    "ncsn-to-sde": {
        "sign: x + sqrt(jump) * z → x - sqrt(jump) * z": "z and −z have one law",
    },
}
