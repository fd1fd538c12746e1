"""Slips in sources on denoising that leave a true theorem: none is known."""

FREE_SLIPS: dict[str, dict[str, str]] = {}
