r"""The one table of TeX macros: what the book writes, and what MathJax is told it means.

A value is the replacement, or ``(replacement, number of arguments)``. Derivations that print TeX
may use these names too.
"""

MACROS: dict[str, str | tuple[str, int]] = {
    # Sets and laws
    "R": r"\mathbb{R}",
    "E": r"\mathbb{E}",
    "P": r"\mathbb{P}",
    "N": r"\mathcal{N}",
    "normal": (r"\mathcal{N}\!\left(#1\right)", 1),
    "Var": r"\operatorname{Var}",
    "Cov": r"\operatorname{Cov}",
    "KL": (r"\mathrm{KL}\!\left(#1\,\middle\|\,#2\right)", 2),
    "Fisher": (r"\mathrm{F}\!\left(#1\,\middle\|\,#2\right)", 2),
    # Calculus
    "dd": r"\mathrm{d}",
    "dw": r"\mathrm{d}w",
    "dwbar": r"\mathrm{d}\bar{w}",
    "score": r"\nabla_{\!x}\log p",
    "grad": r"\nabla",
    "divergence": r"\nabla\!\cdot",
    # Linear algebra
    "tr": r"\operatorname{tr}",
    "diag": r"\operatorname{diag}",
    "T": r"^{\mathsf{T}}",
    "norm": (r"\left\lVert #1\right\rVert", 1),
    "abs": (r"\left\lvert #1\right\rvert", 1),
    "inner": (r"\left\langle #1,\,#2\right\rangle", 2),
    # Optimisation
    "argmin": r"\operatorname*{arg\,min}",
    "argmax": r"\operatorname*{arg\,max}",
}
