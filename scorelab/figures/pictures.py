"""Pictures and films in one visual language, each in a light and a dark rendering.

Importing this module sets the style. A chapter draws with plain matplotlib on the axes that
`picture` gives, in the colours of `INK`; the dark twin is the same artists with every colour of the
light palette replaced by its dark counterpart.
"""

import base64
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import imageio_ffmpeg
import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, to_rgba_array
from matplotlib.figure import Figure
from PIL import Image

from scorelab._support import checks
from scorelab.figures import FILM

__all__ = ["INK", "Film", "Picture", "film", "picture"]

# Okabe and Ito (2008) for the accents, darkened on white and lightened on black for contrast.
_PALETTE = {
    "paper": ("#ffffff", "#12171e"),
    "ink": ("#1d2730", "#e3e8ee"),
    "muted": ("#5f6b77", "#9ba7b4"),
    "line": ("#c9d0d8", "#3a4653"),
    "blue": ("#0067a6", "#5cb8f0"),
    "orange": ("#c4500a", "#ff9d52"),
    "green": ("#007d5b", "#3ecf9f"),
    "purple": ("#94468c", "#dc9cd5"),
    "gold": ("#8a6500", "#f0c64a"),
}
INK = {role: light for role, (light, _) in _PALETTE.items()}
"""Colours by role: paper, ink, muted, line; accents blue, orange, green, purple, gold."""

_TO_DARK = {tuple(to_rgba_array(light)[0][:3]): dark for light, dark in _PALETTE.values()}
_TO_LIGHT = {tuple(to_rgba_array(dark)[0][:3]): light for light, dark in _PALETTE.values()}

for _name, _stops in {
    "scorelab": ["#ffffff", "#cfe3f2", "#7fb4da", "#2f7fb9", "#0b4a7c"],
    "scorelab-dark": ["#12171e", "#173450", "#1f5c8c", "#3f95cf", "#a5daff"],
}.items():
    if _name not in mpl.colormaps:
        mpl.colormaps.register(LinearSegmentedColormap.from_list(_name, _stops))

_CSS_DPI = 96  # an inch of figure is 96 CSS pixels on the page
_FILM_SCALE = 1.5  # pixels of a film for one CSS pixel
# Of a drawing in SVG, so that a phone shows it at once: characters, and marks of scatter plots.
_LONGEST_DRAWING, _MOST_MARKS = 200_000, 2_000
_PRINT_DPI = 300  # of what is pixels in a PDF
mpl.rcParams.update(
    {
        "figure.dpi": _CSS_DPI,
        "figure.facecolor": INK["paper"],
        "axes.facecolor": INK["paper"],
        "axes.edgecolor": INK["line"],
        "axes.labelcolor": INK["ink"],
        "axes.titlesize": 11.5,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": cycler(
            color=[INK[c] for c in ("blue", "orange", "green", "purple", "gold")]
        ),
        "axes.axisbelow": True,
        "patch.edgecolor": INK["ink"],  # of arrows and of boxes around text
        "legend.edgecolor": INK["line"],
        "font.size": 11,  # 8 pixels on a phone, where a picture of 6.6 inches has 350
        "text.color": INK["ink"],
        "xtick.color": INK["line"],
        "ytick.color": INK["line"],
        "xtick.labelcolor": INK["muted"],
        "ytick.labelcolor": INK["muted"],
        "grid.color": INK["line"],
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "lines.linewidth": 1.8,
        "image.cmap": "scorelab",
        "image.origin": "lower",
        "mathtext.fontset": "stix",
        "savefig.facecolor": "auto",
        "svg.hashsalt": "scorelab",  # the same drawing is the same file
        "pdf.fonttype": 42,  # text stays text, which journals ask for
    }
)


class Picture(Figure):
    """A figure that a notebook shows as PNG, and whose metadata hold the dark twin.

    Both are there as SVG, too (``drawn`` in the metadata), if the figure has few marks; and as PDF
    (``pdf``), to be taken along.
    """

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        light, layout = self._png(), self.get_layout_engine()
        self.set_layout_engine("none")  # as in the first: to lay it out again takes long
        try:
            drawn_light, pdf = self._svg(), {"light": self._pdf()}
            with _dark(self):
                dark, drawn_dark = self._png(), self._svg() if drawn_light else None
                pdf["dark"] = self._pdf()
        finally:
            self.set_layout_engine(layout)
        width, height = (round(inches * _CSS_DPI) for inches in self.get_size_inches())
        twins = {"dark": _base64(dark), "pdf": {twin: _base64(made) for twin, made in pdf.items()}}
        if drawn_light and drawn_dark:
            twins["drawn"] = {"light": drawn_light, "dark": drawn_dark}
        metadata = {"image/png": {"width": width, "height": height}, "scorelab": twins}
        return {"image/png": _base64(light), "text/plain": repr(self)}, metadata

    def _png(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=2 * _CSS_DPI)
        return buffer.getvalue()

    def _svg(self) -> str | None:
        """The figure as SVG, if it is made of lines alone and these are not too many."""
        if sum(len(marks.get_offsets()) for marks in self.findobj(PathCollection)) > _MOST_MARKS:
            return None  # it would be too long, and take long to find out
        if self.findobj(QuadMesh):
            return None  # its cells would have seams
        buffer = io.StringIO()
        self.savefig(buffer, format="svg", metadata={"Date": None})
        drawn = buffer.getvalue()
        return drawn if len(drawn) <= _LONGEST_DRAWING and "<image" not in drawn else None

    def _pdf(self) -> bytes:
        """The figure as PDF: axes, text and lines as vectors, large clouds and meshes as pixels."""
        clouds = [c for c in self.findobj(PathCollection) if len(c.get_offsets()) > _MOST_MARKS]
        before = [(artist, artist.get_rasterized()) for artist in clouds + self.findobj(QuadMesh)]
        buffer = io.BytesIO()
        try:
            for artist, _ in before:
                artist.set_rasterized(True)
            self.savefig(buffer, format="pdf", dpi=_PRINT_DPI, metadata={"CreationDate": None})
        finally:
            for artist, rasterized in before:
                artist.set_rasterized(rasterized)
        return buffer.getvalue()


class Film:
    """A short looping video that a notebook shows by itself, poster included.

    The output also holds the film and its dark twin under the MIME type `FILM`.

    Attributes:
        mp4: the encoded video (H.264).
        poster: a still picture of it (WebP).
        size: width and height on the page, in CSS pixels.
        dark: the same film in the dark palette; None for a dark film itself.
    """

    def __init__(
        self, mp4: bytes, poster: bytes, size: tuple[int, int], dark: "Film | None" = None
    ) -> None:
        self.mp4, self.poster, self.size, self.dark = mp4, poster, size, dark

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        twins = {"light": self, "dark": self.dark}
        parts = {
            name: {"mp4": _base64(twin.mp4), "poster": _base64(twin.poster)}
            for name, twin in twins.items()
            if twin
        }
        whole = {"size": list(self.size), **parts}
        return {FILM: whole, "text/html": self._repr_html_(), "text/plain": repr(self)}, {}

    def _repr_html_(self) -> str:
        width, height = self.size
        return (
            '<video class="scorelab-video" controls loop muted playsinline preload="metadata" '
            f'width="{width}" height="{height}" '
            f'poster="data:image/webp;base64,{_base64(self.poster)}" '
            f'src="data:video/mp4;base64,{_base64(self.mp4)}"></video>'
        )

    def __repr__(self) -> str:
        return f"Film({len(self.mp4) / 1e3:.0f} kB)"


def picture(
    rows: int = 1, columns: int = 1, *, width: float = 6.6, height: float = 3.4, **subplots
) -> tuple[Picture, Axes | np.ndarray]:
    """A new picture and its axes; sizes in inches, other arguments as of `Figure.subplots`."""
    figure = Picture(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, **subplots)


def film(
    figure: Picture,
    update: Callable[[int], Iterable[Artist]],
    n_frames: int,
    *,
    fps: int = 25,
    hold: int = 15,
    poster: int = -1,
) -> Film:
    """Film `figure` frame by frame, drawing only what moves.

    Args:
        figure: with everything that stands still already drawn on it.
        update: called with 0, 1, …; changes the moving artists and returns all of them. It is
            called for the light and for the dark film, so it sets places, not colours.
        n_frames: number of frames.
        fps: frames a second.
        hold: how many times the last frame is shown before the loop starts again.
        poster: the frame to show before the video plays.

    Returns:
        The encoded film.

    Raises:
        ValueError: if there is no frame.
    """
    checks.count("n_frames", n_frames)
    figure.set_dpi(_FILM_SCALE * _CSS_DPI)
    for artist in update(0):
        artist.set_animated(True)

    def shoot(dark: Film | None = None) -> Film:
        frames = _frames(figure, update, n_frames)
        size = tuple(round(side / _FILM_SCALE) for side in reversed(frames[0].shape[:2]))
        still = io.BytesIO()
        Image.fromarray(frames[poster]).save(still, "webp", quality=82)
        return Film(_encode(frames + hold * frames[-1:], fps), still.getvalue(), size, dark)

    with _dark(figure):
        dark = shoot()
    return shoot(dark)


def _frames(
    figure: Picture, update: Callable[[int], Iterable[Artist]], n_frames: int
) -> list[np.ndarray]:
    """The frames as RGB arrays: what stands still is drawn once, what moves is drawn over it."""
    canvas = figure.canvas
    canvas.draw()
    still = canvas.copy_from_bbox(figure.bbox)
    frames = []
    for frame in range(n_frames):
        canvas.restore_region(still)
        for artist in update(frame):
            artist.axes.draw_artist(artist) if artist.axes else figure.draw_artist(artist)
        frames.append(np.asarray(canvas.buffer_rgba())[..., :3].copy())
    return _even(frames)


def _encode(frames: list[np.ndarray], fps: int) -> bytes:
    height, width = frames[0].shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        writer = imageio_ffmpeg.write_frames(
            str(path),
            (width, height),
            fps=fps,
            codec="libx264",
            pix_fmt_out="yuv420p",
            quality=None,
            macro_block_size=2,
            output_params="-crf 26 -preset slow -movflags +faststart -threads 1".split(),  # noqa: SIM905
        )
        writer.send(None)
        for frame in frames:
            writer.send(np.ascontiguousarray(frame))
        writer.close()
        return path.read_bytes()


def _even(frames: list[np.ndarray]) -> list[np.ndarray]:
    """Crop to even sides, which the colour subsampling of H.264 needs."""
    height, width = (side - side % 2 for side in frames[0].shape[:2])
    return [frame[:height, :width] for frame in frames]


@contextmanager
def _dark(figure: Figure) -> Iterator[None]:
    """The same figure in the dark palette, for as long as the block lasts."""
    _recolour(figure, _TO_DARK, ("scorelab", "scorelab-dark"))
    try:
        yield
    finally:
        _recolour(figure, _TO_LIGHT, ("scorelab-dark", "scorelab"))


def _recolour(figure: Figure, table: dict, colormap: tuple[str, str]) -> None:
    for artist in _artists(figure):
        if hasattr(artist, "get_cmap"):
            _replace_colormap(artist, table, colormap)
        for name in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
            _replace_colour(artist, name, table)


def _artists(figure: Figure) -> Iterator[Artist]:
    """All artists, with the boxes of texts and the arrows of annotations, which are no children."""
    for artist in figure.findobj():
        yield artist
        for name in ("_bbox_patch", "arrow_patch"):
            if (part := getattr(artist, name, None)) is not None:
                yield part


def _replace_colormap(artist: Artist, table: dict, colormap: tuple[str, str]) -> None:
    now = artist.get_cmap()
    if now.name == colormap[0]:
        artist.set_cmap(colormap[1])
    elif isinstance(now, ListedColormap):  # contours keep their plain colours in one of these
        colours, replaced = _look_up(now.colors, table)
        if any(replaced):
            artist.set_cmap(ListedColormap(colours))


def _replace_colour(artist: Artist, name: str, table: dict) -> None:
    get, put = getattr(artist, f"get_{name}", None), getattr(artist, f"set_{name}", None)
    if get is None or put is None:
        return
    if getattr(artist, "get_array", lambda: None)() is not None:
        return  # coloured by data: the colour map has been replaced instead
    try:
        new, replaced = _look_up(get(), table)
    except ValueError:
        return  # no colour, such as "none" beside others, or a mode's name
    if any(replaced):
        put(new[0] if len(new) == 1 else new)


def _look_up(colours: object, table: dict) -> tuple[list[tuple], list[bool]]:
    """The colours as RGBA with those in the table exchanged, alpha kept, and which these are."""
    rgba = to_rgba_array(colours)
    found = [table.get(tuple(row[:3])) for row in rgba]
    new = [
        (*to_rgba_array(other)[0][:3], row[3]) if other else tuple(row)
        for row, other in zip(rgba, found, strict=True)
    ]
    return new, [bool(other) for other in found]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
