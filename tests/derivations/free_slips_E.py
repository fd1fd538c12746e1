"""Slips in the sources of the derivations of the way back that leave a true theorem."""

FREE_SLIPS = {
    "ncsn-to-sde": {
        "x + sqrt(jump) * z → x - sqrt(jump) * z": "The noise of a step has no sign: z and −z "
        "have the same law.",
    },
}
