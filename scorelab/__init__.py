"""The score lab: exact scores, samplers and derivations, as the chapters of the book use them.

`import scorelab as sl` gives every public name, and loads what one needs when it is first used.
"""

import lazy_loader

from scorelab._support.extras import needed
from scorelab._support.moved import find_moved

__version__ = "0.2.0"

find_moved()

# The names stand in `__init__.pyi`, where editors find them too (SPEC 1 of Scientific Python).
_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    with needed(f"scorelab.{name} needs"):
        return _load(name)
