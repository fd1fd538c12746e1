"""Pictures have a dark twin, films decode, and every figure takes any mixture in the plane."""

import base64
import io
import re
import tempfile
import zlib
from pathlib import Path

import imageio_ffmpeg
import matplotlib as mpl
import numpy as np
import pytest
import torch
import truth
from matplotlib.colors import ListedColormap, to_hex, to_rgba_array
from PIL import Image
from tiers import nightly_but

from scorelab.examples import book_mixture
from scorelab.figures import FILM, pictures, plotting
from scorelab.figures.plotting import INK
from scorelab.langevin import langevin_dynamics
from scorelab.mixture import GaussianMixture

LIGHT = {light for light, _ in pictures._PALETTE.values()}
DARK = {dark for _, dark in pictures._PALETTE.values()}

MIXTURES = {
    "book": book_mixture(),
    "one": GaussianMixture([1.0], [[100.0, -3.0]], [0.01]),
    "wide": GaussianMixture([0.999, 0.001], [[0.0, 0.0], [50.0, 1.0]], [[1.0, 4.0], [9.0, 0.1]]),
    "float64": GaussianMixture(*truth.components(5, 2)),
}


def run_of(p: GaussianMixture, n: int = 30):
    x0 = torch.randn(n, 2, generator=truth.generator(0), dtype=p.means.dtype)
    return langevin_dynamics(
        p.score, x0, step_size=1e-3, n_steps=6, record_every=2, generator=truth.generator(1)
    )


def everything() -> plotting.Picture:
    """A picture with every kind of artist that a chapter may draw."""
    figure, ax = plotting.picture(height=4.5)
    accents = [INK[name] for name in ("blue", "orange", "green", "purple", "gold")]
    ax.plot([0, 1], [0, 1], "o-", mfc=INK["paper"], mec=INK["purple"], label="line $x$")
    ax.scatter(range(5), range(5), s=[9] * 5, c=accents, alpha=0.5)
    ax.bar([1, 2], [1, 2], facecolor=INK["green"], edgecolor=INK["ink"])
    ax.fill_between([0, 1], [0, 1], [1, 2], facecolor=(*to_rgba_array(INK["gold"])[0, :3], 0.3))
    ax.errorbar([1, 2], [1, 2], yerr=0.1, color=INK["orange"])
    ax.contour([[1, 2], [3, 4.0]], colors=INK["muted"])
    ax.quiver([0], [0], [1], [1], color=INK["orange"])
    ax.axhline(1, color=INK["line"])
    ax.text(0, 0, "word", color=INK["blue"], bbox={"facecolor": INK["paper"]})
    ax.set(title="title", xlabel="label")
    ax.grid()
    ax.legend(title="legend", frameon=True, facecolor=INK["paper"])
    ax.imshow([[0.0, 1.0]], extent=(3, 4, 0, 1), aspect="auto")
    ax.annotate("there", (2, 2), (3, 3.5), arrowprops={"arrowstyle": "->"})
    ax.set(xlim=(-1, 5), ylim=(-1, 5))
    figure.suptitle("over all")
    return figure


def colours(figure) -> list[str]:
    """Every colour of every artist, in the order of the artists."""
    found = []
    for artist in pictures._artists(figure):
        for name in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
            get = getattr(artist, f"get_{name}", None)
            try:
                found += [to_hex(row, keep_alpha=True) for row in to_rgba_array(get())]
            except (TypeError, ValueError):
                continue
        if isinstance(colormap := getattr(artist, "get_cmap", lambda: None)(), ListedColormap):
            found += [to_hex(row, keep_alpha=True) for row in to_rgba_array(colormap.colors)]
    return found


# ------------------------------------------------------------------------------------- pictures


def test_dark_twin_exchanges_every_colour_and_back():
    figure = everything()
    figure.canvas.draw()
    table = dict(pictures._PALETTE.values())
    before = colours(figure)
    with pictures._dark(figure):
        during = colours(figure)
    after = colours(figure)
    assert after == before
    assert len({c[:7] for c in before} & LIGHT) == len(LIGHT), "a colour is not tried"
    assert during == [table.get(c[:7], c[:7]) + c[7:] for c in before]


def pdfs(figure: plotting.Picture) -> dict[str, bytes]:
    twins = figure._repr_mimebundle_()[1]["scorelab"]["pdf"]
    return {twin: base64.b64decode(data) for twin, data in twins.items()}


def written(pdf: bytes) -> str:
    """What the streams of a PDF say, but for its fonts and pictures."""
    streams = re.findall(rb"stream\r?\n(.*?)\nendstream", pdf, re.S)
    packed = [data for data in streams if data[:1] == b"x"]
    return "\n".join(zlib.decompress(data).decode("latin1") for data in packed)


def test_a_picture_leaves_as_pdf_light_and_dark_and_always_the_same():
    figure = everything()
    layout = figure.get_layout_engine()
    first = pdfs(figure)
    assert figure.get_layout_engine() is layout
    assert first == pdfs(figure)
    for twin, paper in (("light", INK["paper"]), ("dark", "#12171e")):
        assert first[twin].startswith(b"%PDF")
        assert b"/FontFile2" in first[twin]  # text is text, in fonts that every journal takes
        ground = " ".join(f"{c:.10f}".rstrip("0").rstrip(".") for c in to_rgba_array(paper)[0, :3])
        # matplotlib writes grey by one number, colours by three
        said = ground if len(set(ground.split())) > 1 else ground.split()[0] + " g"
        assert said in written(first[twin]), twin


def test_a_large_cloud_is_pixels_in_a_pdf_and_its_axes_are_lines():
    sizes = {}
    for n in (500, 2 * pictures._MOST_MARKS, 100_000):
        figure, ax = plotting.picture()
        cloud = ax.scatter(*np.random.default_rng(0).normal(size=(2, n)), s=3)
        ax.set_title("clouds")
        pdf = pdfs(figure)["light"]
        assert (b"/Subtype /Image" in pdf) == (n > pictures._MOST_MARKS)
        assert b"/FontFile2" in pdf
        assert not cloud.get_rasterized()
        sizes[n] = len(pdf)
    assert max(sizes.values()) < 500_000


def test_dark_twin_is_undone_when_drawing_fails():
    figure = everything()
    before = colours(figure)
    with pytest.raises(RuntimeError), pictures._dark(figure):
        raise RuntimeError
    assert colours(figure) == before


def png(data: str) -> np.ndarray:
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert image.format == "PNG"
    return np.asarray(image.convert("RGB"))


def palette_of(pixels: np.ndarray) -> set[str]:
    """The colours of a picture, without those of a few pixels, as blends at an edge may be."""
    packed = pixels.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
    found, counts = np.unique(packed, return_counts=True)
    return {f"#{colour:06x}" for colour in found[counts >= 20]}


@pytest.mark.parametrize(
    "make", nightly_but(["everything"], ["everything", "density_and_score", "samples", "paths"])
)
def test_pixels_of_both_twins(make):
    """Each is drawn on its own paper, at twice the size, and no ink of the other is left."""
    p = book_mixture()
    figure = {
        "everything": everything,
        "density_and_score": lambda: plotting.density_and_score(p),
        "samples": lambda: plotting.samples(p, {"a": p.sample(100), "b": p.sample(50)}),
        "paths": lambda: plotting.paths(p, {"a": run_of(p)}),
    }[make]()
    data, metadata = figure._repr_mimebundle_()
    light, dark = png(data["image/png"]), png(metadata["scorelab"]["dark"])
    assert light.shape == dark.shape
    for side, pixels in zip(("height", "width"), light.shape[:2], strict=True):
        assert abs(2 * metadata["image/png"][side] - pixels) <= 2  # pixels are cut, not rounded
    assert to_hex(light[0, 0] / 255) == INK["paper"]
    assert to_hex(dark[0, 0] / 255) == INK_DARK["paper"]
    assert not palette_of(dark) & LIGHT
    assert not palette_of(light) & DARK
    assert "#000000" not in palette_of(dark)  # what matplotlib draws unless told otherwise
    # Twins: the same again after the exchange.
    assert figure._repr_mimebundle_()[0]["image/png"] == data["image/png"]


def drawn(figure: plotting.Picture) -> dict[str, str] | None:
    return figure._repr_mimebundle_()[1]["scorelab"].get("drawn")


def test_twins_are_drawings_too():
    """Of the same size, each in its own colours, and the same drawing again is the same text."""

    def lines_alone() -> plotting.Picture:
        figure = everything()
        figure.axes[0].images[0].remove()
        return figure

    twins = drawn(lines_alone())
    inks = {name: set(re.findall("#[0-9a-f]{6}", svg)) for name, svg in twins.items()}
    assert inks["light"] >= LIGHT - {to_hex(mpl.rcParams["axes.edgecolor"])}
    assert not inks["light"] & DARK
    assert inks["dark"] >= DARK
    assert not inks["dark"] & LIGHT
    assert "#000000" not in inks["light"] | inks["dark"]
    for svg in twins.values():  # black letters would have no colour of their own
        letters = re.findall(r"<!-- .*? -->\s*(<g [^>]*>)", svg)
        assert len(letters) > 10
        assert all("fill: #" in group for group in letters)
    sizes = {
        re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg).groups() for svg in twins.values()
    }
    assert [[round(float(side) / 72, 2) for side in size] for size in sizes] == [[6.6, 4.5]]
    assert drawn(lines_alone()) == twins


def test_a_drawing_has_no_pixels_and_not_too_many_marks():
    assert drawn(everything()) is None  # holds an image
    figure, ax = plotting.picture()
    ax.pcolormesh(np.arange(4.0), np.arange(4.0), np.eye(3))
    assert drawn(figure) is None
    figure, ax = plotting.picture()
    ax.plot([0, 1], [0, 1], rasterized=True)
    assert drawn(figure) is None
    figure, ax = plotting.picture()
    ax.plot(np.random.default_rng(0).normal(size=20_000))
    assert drawn(figure) is None
    for n, are in ((300, True), (5_000, False)):
        figure, ax = plotting.picture()
        ax.scatter(np.arange(n), np.arange(n))
        assert bool(drawn(figure)) == are


INK_DARK = {role: dark for role, (_, dark) in pictures._PALETTE.items()}


@pytest.mark.parametrize("shade", [0, 1])
def test_inks_are_legible_on_their_paper(shade):
    """WCAG 2: 4.5 for what is read; the accents are read too, as lines and labels."""
    inks = {role: pair[shade] for role, pair in pictures._PALETTE.items()}
    for role in set(inks) - {"paper", "line"}:
        assert contrast(inks[role], inks["paper"]) >= 4.5, role


def contrast(a: str, b: str) -> float:
    def luminance(colour):
        rgb = to_rgba_array(colour)[0, :3]
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_no_two_roles_share_a_colour():
    """Otherwise the way back from the dark twin would not be unique."""
    assert len(LIGHT) == len(DARK) == len(pictures._PALETTE)
    assert not LIGHT & DARK
    assert {*INK.values()} == LIGHT
    assert {"scorelab", "scorelab-dark"} <= set(mpl.colormaps)


# -------------------------------------------------------------------------------------- figures


@pytest.mark.parametrize("name", nightly_but([*MIXTURES][:1], [*MIXTURES]))
def test_every_figure_takes_any_mixture_in_the_plane(name):
    p = MIXTURES[name]
    run = run_of(p)
    for figure in (
        plotting.density_and_score(p),
        plotting.samples(p, {"a": run.final}),
        plotting.paths(p, {"a": run, "b": run}, (-3, 3, -2, 2), n_paths=8),
    ):
        data, metadata = figure._repr_mimebundle_()
        assert metadata["image/png"]["width"] == 634
        assert png(data["image/png"]).std() > 1


@pytest.mark.parametrize("name", MIXTURES)
def test_box_holds_every_mode(name):
    """Four standard deviations around every mean, and no more than that."""
    p = MIXTURES[name]
    left, right, bottom, top = plotting.box(p)
    deviations = p.covariances.diagonal(dim1=1, dim2=2).sqrt()
    reach = torch.stack([p.means - 4 * deviations, p.means + 4 * deviations])
    assert (left, bottom) == pytest.approx(tuple(reach.amin((0, 1)).tolist()), rel=1e-6)
    assert (right, top) == pytest.approx(tuple(reach.amax((0, 1)).tolist()), rel=1e-6)


def test_contours_hold_50_90_and_99_percent():
    """In one Gaussian they are ellipses at Mahalanobis distance² −2 log(1 − mass).

    The levels are quantiles of 2·10⁴ samples: the masses are good to 5 √(m (1 − m)/2·10⁴).
    """
    p = GaussianMixture([1.0], [[1.0, 2.0]], [[[2.0, 0.5], [0.5, 1.0]]]).to(torch.float64)
    _, ax = plotting.picture()
    plotting.outline(ax, p, n=400)
    precision = torch.linalg.inv(p.covariances[0])
    masses = []
    for path in ax.collections[0].get_paths():
        y = torch.from_numpy(np.asarray(path.vertices)) - p.means[0]
        distance = torch.einsum("ni,ij,nj->n", y, precision, y)
        assert float(distance.max() - distance.min()) < 0.02 * float(distance.mean())
        masses.append(1 - float(torch.exp(-distance.mean() / 2)))
    for found, expected in zip(sorted(masses), (0.5, 0.9, 0.99), strict=True):
        assert abs(found - expected) <= 5 * (expected * (1 - expected) / 20_000) ** 0.5 + 1e-3


def test_density_is_drawn_where_it_is():
    """The brightest pixel lies on the mean, rows from bottom to top."""
    p = GaussianMixture([1.0], [[2.0, -1.0]], [[0.5, 0.5]])
    _, ax = plotting.picture()
    plotting.density(ax, p, (-4, 4, -4, 4), n=81)
    image = ax.images[0].get_array()
    row, column = np.unravel_index(image.argmax(), image.shape)
    assert (column, row) == (60, 30)
    assert ax.images[0].get_extent() == [-4, 4, -4, 4]
    assert image.max() == pytest.approx((1 / np.pi) ** 0.5, rel=1e-5)


def test_arrows_point_along_the_score():
    p = book_mixture()
    _, ax = plotting.picture()
    plotting.score_field(ax, p.score, (-5, 9, -5, 9), n=9)
    quiver = ax.collections[0]
    points = torch.from_numpy(quiver.XY)
    arrows = torch.from_numpy(np.stack([quiver.U, quiver.V], -1))
    s = p.score(points)
    cosine = torch.nn.functional.cosine_similarity(s, arrows)
    assert float(cosine.min()) > 1 - 1e-6
    order = s.norm(dim=1).argsort()
    assert (arrows.norm(dim=1)[order].diff() >= -1e-9).all()
    assert float(arrows.norm(dim=1).quantile(0.9)) < 14 / 9


def test_samples_and_paths_are_the_ones_given():
    p = book_mixture()
    cloud = p.sample(300, generator=truth.generator(2))
    figure = plotting.samples(p, {"first": cloud, "second": cloud + 1}, at_most=100)
    first, second = figure.axes
    assert [ax.get_title(loc="left") for ax in (first, second)] == ["first", "second"]
    assert np.allclose(first.collections[-1].get_offsets(), cloud[:100])
    assert np.allclose(second.collections[-1].get_offsets(), cloud[:100] + 1)
    run = run_of(p)
    (ax,) = plotting.paths(p, {"run": run}, n_paths=2).axes
    path, start, end = ax.lines[:3]
    assert len(ax.lines) == 6
    assert np.allclose(path.get_xydata(), run.states[:, 0])
    assert np.allclose(start.get_xydata(), run.states[:1, 0])
    assert np.allclose(end.get_xydata(), run.states[-1:, 0])


# ---------------------------------------------------------------------------------------- films


def decode(mp4: bytes) -> tuple[dict, list[np.ndarray]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        path.write_bytes(mp4)
        reader = imageio_ffmpeg.read_frames(str(path))
        meta = next(reader)
        width, height = meta["size"]
        frames = [np.frombuffer(f, np.uint8).reshape(height, width, 3) for f in reader]
    return meta, frames


def moving_dot(width: float = 2.0, height: float = 1.5, **options) -> plotting.Film:
    """A full circle that goes from left to right, one tenth of the width a frame."""
    figure, ax = plotting.picture(width=width, height=height)
    ax.set(xlim=(0, 10), ylim=(0, 1))
    (dot,) = ax.plot([], [], "o", ms=12, color=INK["orange"])

    def update(frame):
        dot.set_data([frame + 0.5], [0.5])
        return [dot]

    return plotting.film(figure, update, 10, **options)


def orange(frame: np.ndarray) -> float:
    """The column of the circle's centre, as a share of the width."""
    target = 255 * to_rgba_array(INK["orange"])[0, :3]
    near = np.abs(frame.astype(float) - target).sum(-1) < 90
    assert near.any()
    return float(np.nonzero(near)[1].mean()) / frame.shape[1]


def test_film_decodes_frame_by_frame():
    film = moving_dot(fps=20, hold=5)
    meta, frames = decode(film.mp4)
    assert meta["codec"] == "h264"
    assert meta["fps"] == 20
    assert len(frames) == 10 + 5
    where = [orange(frame) for frame in frames]
    assert np.allclose(np.diff(where[:10]), np.mean(np.diff(where[:10])), atol=0.02)
    assert where[9] - where[0] > 0.5
    assert np.allclose(where[9:], where[9], atol=0.01)
    assert meta["size"] == tuple(round(1.5 * side) for side in film.size)
    assert film.mp4.index(b"moov") < film.mp4.index(b"mdat"), "it cannot play while it loads"


@pytest.mark.parametrize(("poster", "shown"), [(-1, 9), (0, 0), (4, 4)])
def test_poster_is_the_frame_asked_for(poster, shown):
    film = moving_dot(poster=poster)
    image = Image.open(io.BytesIO(film.poster))
    assert image.format == "WEBP"
    _, frames = decode(film.mp4)
    assert image.size == frames[0].shape[1::-1]
    assert abs(orange(np.asarray(image.convert("RGB"))) - orange(frames[shown])) < 0.02


def test_odd_sizes_are_made_even():
    film = moving_dot(width=1.91, height=1.37)
    meta, _ = decode(film.mp4)
    assert all(side % 2 == 0 for side in meta["size"])


def test_film_needs_a_frame():
    figure, _ = plotting.picture()
    with pytest.raises(ValueError, match="n_frames must be an integer >= 1"):
        plotting.film(figure, lambda frame: [], 0)


def test_film_in_a_notebook():
    film = moving_dot()
    page = film._repr_html_()
    for attribute in ("controls", "loop", "muted", "playsinline", 'preload="metadata"'):
        assert attribute in page
    width, height = film.size
    assert f'width="{width}" height="{height}"' in page
    source = re.search(r'src="data:video/mp4;base64,([^"]+)"', page)[1]
    assert base64.b64decode(source) == film.mp4
    poster = re.search(r'poster="data:image/webp;base64,([^"]+)"', page)[1]
    assert base64.b64decode(poster) == film.poster
    whole = film._repr_mimebundle_()[0][FILM]
    assert whole["size"] == [width, height]
    assert base64.b64decode(whole["light"]["mp4"]) == film.mp4
    assert base64.b64decode(whole["dark"]["mp4"]) == film.dark.mp4
    assert base64.b64decode(whole["dark"]["poster"]) == film.dark.poster
    assert repr(film) == f"Film({len(film.mp4) / 1e3:.0f} kB)"


@pytest.mark.parametrize("several", [False, True])
def test_film_of_particles(several):
    """A frame a recorded instant, and the last one held; the cloud moves."""
    p = book_mixture()
    run = run_of(p, 50)
    runs = {"a": run, "b": run} if several else {"a": run}
    film = plotting.particles([p.noised(1.0), p] if several else p, runs, fps=10)
    meta, frames = decode(film.mp4)
    assert len(frames) == len(run.times) + 15
    assert meta["fps"] == 10
    assert np.abs(frames[0].astype(int) - frames[3]).max() > 60


def test_tiles_keep_the_order_of_the_images():
    images = torch.zeros(5, 1, 4, 6)
    for i in range(5):
        images[i, 0, :, i] = 1.0 + i  # beyond white
    sheet = plotting.tiled(images, columns=3, gap=2)
    assert sheet.shape == (4 + 2 + 4, 3 * 6 + 2 * 2)
    for i in range(5):
        row, column = divmod(i, 3)
        tile = sheet[6 * row : 6 * row + 4, 8 * column : 8 * column + 6]
        torch.testing.assert_close(tile, images[i, 0].clamp(0, 1))
    assert sheet.sum() == 5 * 4
    assert sheet.min() == 0


def test_a_mosaic_is_ink_on_paper():
    """1 is the darkest colour of the map, on top is the first row, and there is a dark twin."""
    images = torch.zeros(2, 1, 8, 8)
    images[0] = 1.0
    figure, ax = plotting.picture(width=1, height=2)
    shown = plotting.mosaic(ax, images, columns=1, gap=0)
    light = pixels(figure._png())
    height, width = light.shape[:2]
    top, bottom = light[height // 3, width // 2], light[2 * height // 3, width // 2]
    assert to_hex(top[:3]) == to_hex(mpl.colormaps["scorelab"](1.0))
    assert to_hex(bottom[:3]) == INK["paper"]
    assert shown.get_clim() == (0, 1)
    bundle, metadata = figure._repr_mimebundle_()
    assert metadata["scorelab"]["dark"] != bundle["image/png"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images": torch.zeros(2, 3, 4, 4)}, r"images must have shape \(n, 1, H, W\)"),
        ({"images": torch.zeros(4, 4)}, "images must have shape"),
        ({"images": torch.zeros(0, 1, 4, 4)}, "images"),
        ({"columns": 0}, "columns"),
        ({"gap": -1}, "gap"),
    ],
)
def test_bad_tiles_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        plotting.tiled(**({"images": torch.zeros(2, 1, 4, 4), "columns": 2} | arguments))


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")) / 255
