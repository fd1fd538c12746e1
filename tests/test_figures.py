"""Pictures on their way to the page: lighter, and no different to look at."""

from __future__ import annotations

import io
from base64 import b64encode
from pathlib import Path
from textwrap import dedent

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image
from sample import PARTS, Book
from scorebook.pages.figures import raster, webp

DRAWN = """
    from base64 import b64encode
    from io import BytesIO
    import numpy as np
    from IPython.display import display
    from PIL import Image

    def rough(lightest):
        grains = np.random.default_rng(0).integers(lightest - 40, lightest, (20, 40, 3), np.uint8)
        out = BytesIO()
        Image.fromarray(grains).save(out, "png")
        return b64encode(out.getvalue()).decode()

    twins = {"dark": rough(40), **DRAWN}
    size = {"width": 20, "height": 10}
    display({"image/png": rough(255)}, metadata={"image/png": size, "scorelab": twins}, raw=True)
    """


def png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "png")
    return out.getvalue()


def pixels(picture: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture)))


def test_lines_on_even_ground_stay_as_they_are():
    drawn = np.full((200, 300, 3), 255, np.uint8)
    drawn[::20], drawn[:, ::30] = (0, 103, 166), (181, 71, 6)
    assert np.array_equal(pixels(webp(png(drawn))), drawn)


def test_a_large_scatter_takes_less_than_half_and_looks_the_same():
    rng = np.random.default_rng(0)
    smooth = np.add.outer(np.linspace(0, 120, 200), np.linspace(0, 120, 300))[..., None]
    drawn = (smooth + rng.normal(0, 4, (200, 300, 3)) + 8).clip(0, 255).astype(np.uint8)
    assert len(png(drawn)) > 100_000
    written = webp(png(drawn))
    assert 2 * len(written) < len(png(drawn))
    assert np.abs(pixels(written).astype(float) - drawn).mean() < 4  # of 255: less than the noise


@pytest.mark.parametrize(("alpha", "mode"), [(255, "RGB"), (128, "RGBA")])
def test_what_shows_through_goes_on_showing_through(alpha, mode):
    drawn = np.full((50, 50, 4), alpha, np.uint8)
    assert Image.open(io.BytesIO(webp(png(drawn)))).mode == mode


def shown(tmp_path: Path, drawn: dict) -> list[Path]:
    """The files of the two twins on a page, light and dark, where they are `drawn`, too."""
    book = Book(tmp_path)
    words = "  image: {alt: a square}\n  figure: {caption: A square., name: fig-square}\n"
    cell = dedent(DRAWN).replace("**DRAWN", f"**{drawn!r}")
    book.chapter("one", f"---\nmystnb:\n{words}---\n{cell}")
    book.configure("one", parts=(*PARTS, "figures"))
    code, output = book.build()
    assert code == 0, output
    html = tmp_path / "_build/html"
    notebook = nbformat.read(html / "one.ipynb", as_version=4)
    [output] = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert "image/png" in output.data
    assert "scorelab" not in output.metadata
    found = BeautifulSoup(book.page("one"), "html.parser").select("figure#fig-square img")
    assert [img["class"] for img in found] == [["only-light"], ["only-dark"]]
    return [html / img["src"] for img in found]


def drawing(colour: str, words: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg"><!--{words}--><path fill="{colour}"/></svg>'


@pytest.mark.nightly
def test_each_twin_is_a_drawing_where_that_is_smaller_as_it_is_sent_and_else_webp(tmp_path):
    """A long text that packs well is, one that does not pack is not."""
    letters = np.random.default_rng(0).integers(97, 123, 4000)
    light, dark = drawing("white", 4000 * "a"), drawing("black", "".join(map(chr, letters)))
    file, other = shown(tmp_path, {"drawn": {"light": light, "dark": dark}})
    assert file.read_text("utf8") == light
    assert other.suffix == ".webp"
    assert pixels(other.read_bytes()).max() < 50
    [source] = (tmp_path / "_build/jupyter_execute").rglob(file.name)
    assert pixels(raster(source).read_bytes()).min() > 200  # for cards
    assert raster(Path("other.gif")) is None

    # Without a drawing both are pictures, the notebook keeps its PNG, and the old files go.
    files = shown(tmp_path, {})
    assert {picture.suffix for picture in files} == {".webp"}
    one, two = (pixels(picture.read_bytes()) for picture in files)
    assert one.min() > 200
    assert two.max() < 50
    assert file.name not in {picture.name for picture in files}
    assert set(files[0].parent.iterdir()) == set(files)


PDF = {"pdf": {twin: b64encode(f"%PDF {twin}".encode()).decode() for twin in ("light", "dark")}}


@pytest.mark.nightly
def test_a_figure_leaves_under_its_name_and_what_is_gone_is_dropped(tmp_path):
    files = shown(tmp_path, PDF)
    html = tmp_path / "_build/html"
    soup = BeautifulSoup((html / "one.html").read_text("utf8"), "html.parser")
    [menu] = soup.select("figure#fig-square > details.save")
    assert menu.find_next_sibling().name == "figcaption"  # which must come last
    assert not menu.has_attr("open")
    links = {link["href"]: link.text for link in menu.select("a[download]")}
    assert links == {
        "figures/score-lab-square-light.pdf": "PDF, light",
        "figures/score-lab-square-light.png": "PNG, light",
        "figures/score-lab-square-dark.pdf": "PDF, dark",
        "figures/score-lab-square-dark.png": "PNG, dark",
    }
    assert {f"figures/{file.name}" for file in (html / "figures").iterdir()} == set(links)
    assert (html / "figures/score-lab-square-dark.pdf").read_bytes() == b"%PDF dark"
    for twin, picture in zip(("light", "dark"), files, strict=True):
        taken = Image.open(html / f"figures/score-lab-square-{twin}.png")
        assert taken.format == "PNG"
        assert abs(np.asarray(taken).mean() - pixels(picture.read_bytes()).mean()) < 2

    shown(tmp_path, {})  # drawn without PDF now
    names = {file.name for file in (html / "figures").iterdir()}
    assert names == {"score-lab-square-light.png", "score-lab-square-dark.png"}
