"""Slips in the source of a derivation that leave it true, and why."""

FREE_SLIPS: dict[str, dict[str, str]] = {
    "schedule-overlap": {
        "1 + c / sqrt(2 * D) → 1 - c / sqrt(2 * D)": "c may have either sign, and "
        "Φ(c + 3) − Φ(c − 3) is even in c",
    },
    "annealed-contraction": {
        "x - y → x + y": "the law of the data is symmetric, so adding noise is subtracting it",
    },
}
