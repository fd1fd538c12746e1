"""Slips in a derivation's source that `check` believes, and why they leave a true theorem."""

FREE_SLIPS = {
    "ula-bias": {
        "a * (x - mean) + sqrt(epsilon) * z → a * (x - mean) - sqrt(epsilon) * z": (
            "z and −z have the same law, so the variance of the step is the same"
        ),
    },
}
