"""Site map, canonical addresses and cards: of a small site with an address, and of one without."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
import scorebook
from bs4 import BeautifulSoup
from PIL import Image, ImageChops
from scorebook.pages import layout, sharing
from sphinx.application import Sphinx
from sphinx.errors import ConfigError
from sphinx.util.docutils import docutils_namespace

ROOT = Path(__file__).resolve().parent.parent
HOME = "https://example.org/lab/"
PAGES = {"index.html", "first.html", "deep/second.html"}


@pytest.fixture
def site(tmp_path: Path, monkeypatch):
    """Builds a site of three pages with the book's layout, at an address or at none."""
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    texts = {
        "index": "The Lab\n=======\n\nWhat it is.\n\n.. toctree::\n\n   first\n   deep/second\n",
        "first": "First *things*\n==============\n\n"
        "A paragraph that is long enough to describe the page to those who have not read it.\n\n"
        ".. figure:: red.png\n\n   Red.\n",
        "deep/second": "Second\n======\n\nShort.\n",
    }
    for name, text in texts.items():
        (source / f"{name}.rst").write_text(text, encoding="utf-8")
    Image.new("RGB", (400, 200), "#ff0000").save(source / "red.png")
    monkeypatch.delenv("BOOK_URL", raising=False)
    extension = ModuleType("only_sharing")
    extension.setup = partial(scorebook.connect, parts=[layout, sharing])
    monkeypatch.setitem(sys.modules, "only_sharing", extension)

    def build(address: str = "") -> Path:
        out = tmp_path / "html"
        with docutils_namespace():
            app = Sphinx(
                source,
                None,
                out,
                tmp_path / "doctrees",
                "html",
                confoverrides={
                    "extensions": ["only_sharing"],
                    "html_baseurl": address,
                    "html_theme": "scorebook",
                    "html_title": "The Lab",
                },
                status=None,
                warning=None,
                freshenv=True,
            )
            app.build(force_all=True)
        return out

    return build


def head(page: Path) -> dict[str, str]:
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    found = {m.get("property") or m["name"]: m["content"] for m in soup.select("meta[content]")}
    links = {link["rel"][0]: link["href"] for link in soup.select("link[rel]")}
    return found | links


def test_with_an_address_the_map_lists_every_page_and_nothing_else(site):
    out = site(HOME)
    names = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    root = ET.parse(out / "sitemap.xml").getroot()
    listed = {loc.text for loc in root.findall("s:url/s:loc", names)}
    assert listed == {HOME + page for page in PAGES}
    assert f"Sitemap: {HOME}sitemap.xml" in (out / "robots.txt").read_text()


def test_with_an_address_each_page_has_its_own_and_a_card(site):
    out = site(HOME.rstrip("/"))
    for page in PAGES:
        said = head(out / page)
        assert said["canonical"] == said["og:url"] == HOME + page
        assert said["twitter:card"] == "summary_large_image"
        card = Image.open(out / said["og:image"].removeprefix(HOME))
        assert card.size == (1200, 630)
    assert head(out / "first.html")["og:title"] == "First things"
    assert head(out / "first.html")["og:image:alt"] == "First things: a page of The Lab"
    search = head(out / "search.html")
    assert search["robots"] == "noindex"
    assert "canonical" not in search


def test_the_card_shows_the_first_figure(site):
    out = site(HOME)
    cards = {p: head(out / p)["og:image"].removeprefix(HOME) for p in PAGES}
    red = {p: (255, 0, 0) in colors(Image.open(out / card)) for p, card in cards.items()}
    assert red == {"index.html": False, "first.html": True, "deep/second.html": False}


def test_without_an_address_nothing_is_claimed(site):
    site(HOME)
    out = site()
    assert not (out / "sitemap.xml").exists()
    assert not (out / "robots.txt").exists()
    said = head(out / "first.html")
    assert not {"canonical", "og:url", "og:image", "twitter:card"} & set(said)
    assert said["og:title"] == "First things"


def test_the_environment_goes_before_the_settings(site, monkeypatch):
    monkeypatch.setenv("BOOK_URL", "https://mirror.example/")
    assert head(site(HOME) / "first.html")["canonical"] == "https://mirror.example/first.html"


@pytest.mark.parametrize("address", ["example.org", "/book/", "ftp://example.org"])
def test_what_is_no_address_is_told(site, address):
    with pytest.raises(ConfigError, match="html_baseurl"):
        site(address)


def test_the_icon_is_there_with_and_without_an_address(site):
    out = site()
    icon = Image.open(out / head(out / "first.html")["apple-touch-icon"])
    assert icon.size == (180, 180)
    assert len(colors(icon)) > 3


TITLES = [
    "Generation",
    "Gaussian mixtures and their score",
    "The Ornstein-Uhlenbeck process",
    "Everything that one could ever want to know about " * 6,
    "Donaudampfschifffahrtsgesellschaftskapitaensmuetzenabzeichen",
]


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("title", TITLES)
def test_no_title_leaves_its_place(title, wide):
    """With and without the title, a card differs only inside of the title's box."""
    picture = Image.new("RGB", (800, 300), "#00ff00") if wide else None
    drawn, empty = (sharing.card(words, "above", "A book", picture) for words in (title, " "))
    left, top, right, bottom = ImageChops.difference(drawn, empty).getbbox()
    width = sharing.TEXT_WIDTH if wide else sharing.SIZE[0] - 2 * sharing.MARGIN
    assert left >= sharing.MARGIN
    assert right <= sharing.MARGIN + width + 4  # a glyph may overhang its advance
    assert top > sharing.MARGIN + 30
    assert bottom < sharing.SIZE[1] - sharing.MARGIN - 44


@pytest.mark.parametrize("size", [(3000, 100), (100, 3000)])
def test_no_picture_leaves_the_card(size):
    drawn = sharing.card("Title", "above", "A book", Image.new("RGB", size, "#00ff00"))
    black = sharing.card("Title", "above", "A book", Image.new("RGB", size))
    green = ImageChops.difference(drawn, black)
    left, top, right, bottom = green.getbbox()
    assert left >= 2 * sharing.MARGIN + sharing.TEXT_WIDTH
    assert right <= sharing.SIZE[0] - sharing.MARGIN
    assert sharing.MARGIN <= top < bottom <= sharing.SIZE[1] - sharing.MARGIN


def colors(image: Image.Image) -> set:
    return {color for _, color in image.convert("RGB").getcolors(1 << 20)}
