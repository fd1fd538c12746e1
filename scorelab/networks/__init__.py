r"""Networks that learn a noise-conditional score $s_\theta(x, \sigma)$."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "mlp": ["ScoreMLP"],
        "registry": ["ARCHITECTURES", "architecture"],
        "unet": ["ScoreUNet"],
    },
)
