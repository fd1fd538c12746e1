"""Pictures on their way to the page: lighter, and no different to look at."""

from __future__ import annotations

import io
from textwrap import dedent

import numpy as np
import pytest
from bs4 import BeautifulSoup
from figures import webp
from PIL import Image
from sample import ROOT, Book

DRAWN = """
    from base64 import b64encode
    from io import BytesIO
    from IPython.display import display
    from PIL import Image

    def square(colour):
        out = BytesIO()
        Image.new("RGB", (40, 20), colour).save(out, "png")
        return b64encode(out.getvalue()).decode()

    display(
        {"image/png": square("white")},
        metadata={"image/png": {"width": 20, "height": 10}, "scorelab": {"dark": square("black")}},
        raw=True,
    )
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


def test_both_twins_are_on_the_page_as_webp_and_the_notebook_keeps_its_png(tmp_path):
    book = Book(tmp_path)
    words = "  image: {alt: a square}\n  figure: {caption: A square., name: fig-square}\n"
    book.chapter("one", f"---\nmystnb:\n{words}---\n{dedent(DRAWN)}")
    book.configure("one")
    config = tmp_path / "_config.yml"
    own = f"local_extensions: {{figures: {ROOT / 'book/_ext'}, "
    config.write_text(config.read_text("utf8").replace("local_extensions: {", own), "utf8")
    code, output = book.build()
    assert code == 0, output
    shown = BeautifulSoup(book.page("one"), "html.parser").select("figure#fig-square img")
    html = tmp_path / "_build/html"
    assert [pixels((html / img["src"]).read_bytes())[0, 0, 0] for img in shown] == [255, 0]
    assert all(img["src"].endswith(".webp") for img in shown)
    assert '"image/png"' in (html / "one.ipynb").read_text("utf8")
