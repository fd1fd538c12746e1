"""What a page shows: pictures, plots, live runs, the table of what was measured."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=["live", "measured", "pictures", "plotting", "tables"]
)

FILM = "application/vnd.scorelab.film+json"
"""The MIME type of a film: ``size``, and ``mp4`` and ``poster`` in base64 for light and dark."""
