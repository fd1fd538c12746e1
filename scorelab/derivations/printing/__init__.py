"""How a derivation is printed: the field's notation, short lines."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"lines": ["MAX_WIDTH", "latex_equation", "width"]}
)
