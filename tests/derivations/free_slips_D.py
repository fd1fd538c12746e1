"""Slips in the sources of the Ornstein-Uhlenbeck derivations that leave a true theorem."""

FREE_SLIPS = {
    "ou-moments": {
        "x - x / 2 * h + sqrt(h) * z → x - x / 2 * h - sqrt(h) * z": (
            "the noise is symmetric: z and −z have one law"
        ),
    },
    "ou-spectrum": {
        "c[0] * He[1](x) → 2 * (c[0] * He[1](x))": (
            "the energy and the variance of a multiple grow alike: any multiple has none to spare"
        ),
    },
}
