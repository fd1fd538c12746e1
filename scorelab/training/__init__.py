"""Training a noise-conditional score: the loop, its batches, checkpoints, and the digits."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "checkpoints": ["CheckpointError", "load_checkpoint", "save_checkpoint"],
        "fitting": ["History", "fit"],
    },
)
