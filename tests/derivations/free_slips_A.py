"""Slips in a derivation's source that `check` believes, and why they leave a true theorem."""

FREE_SLIPS = {}
