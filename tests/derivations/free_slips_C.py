"""Slips in the source of a derivation that leave it true, and why: none is known in these two."""

FREE_SLIPS: dict[str, dict[str, str]] = {"schedule-overlap": {}, "annealed-contraction": {}}
