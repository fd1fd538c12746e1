"""Slips in the sources of the Ornstein-Uhlenbeck derivations that leave a true theorem."""

FREE_SLIPS = {
    "ou-moments": {
        "x - x / 2 * h + sqrt(h) * z → x - x / 2 * h - sqrt(h) * z": (
            "the noise is symmetric: z and −z have one law"
        ),
    },
}
