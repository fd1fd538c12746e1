"""Site map, canonical addresses and cards: of a small site with an address, and of one without."""

from __future__ import annotations

import json
import re
import shutil
import sys
import xml.etree.ElementTree as ET
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
import scorebook
from bs4 import BeautifulSoup
from PIL import Image, ImageChops
from pybtex.database import parse_string
from scorebook.pages import citing, layout, sharing
from sphinx.application import Sphinx
from sphinx.errors import ConfigError
from sphinx.util.docutils import docutils_namespace

import scorelab

ROOT = Path(__file__).resolve().parent.parent
HOME = "https://example.org/lab/"
ORDER = ["index.html", "first.html", "deep/second.html"]
PAGES = set(ORDER)


@pytest.fixture
def site(tmp_path: Path, monkeypatch):
    """Builds a site of three pages with the book's layout, at an address or at none."""
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    texts = {
        "index": "The Lab\n=======\n\nWhat it is.\n\n"
        ".. toctree::\n   :caption: Part I\n\n   first\n   deep/second\n",
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
    extension.setup = partial(scorebook.connect, parts=[layout, sharing, citing])
    monkeypatch.setitem(sys.modules, "only_sharing", extension)

    def build(address: str = "", *, cited: bool = True) -> Path:
        out = tmp_path / "html"
        (source / "CITATION.cff").unlink(missing_ok=True)
        if cited:
            shutil.copy(ROOT / "CITATION.cff", source)
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


def cited(page: Path):
    """The entry of a page for BibTeX."""
    [pre] = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").select(".cite pre")
    [entry] = parse_string(pre.text, "bibtex").entries.values()
    return entry


@pytest.mark.parametrize("address", ["", HOME])
def test_each_page_is_cited_with_author_year_version_and_address(site, address):
    out = site(address)
    for page, title in {"index.html": "The Score Lab", "first.html": "First things"}.items():
        entry = cited(out / page)
        assert [str(p) for p in entry.persons["author"]] == ["{The Score Lab contributors}"]
        assert entry.fields["title"] == f"{{{title}}}"
        assert re.fullmatch(r"20\d\d", entry.fields["year"])
        assert entry.fields["note"] == f"Version {scorelab.__version__}"
        assert entry.fields.get("url", "") == (address and address + page)
        assert entry.fields.get("howpublished", title) == "The Score Lab"
    keys = {cited(out / page).key for page in PAGES}
    assert keys == {"scorelab", "scorelab-first", "scorelab-deep-second"}
    assert not BeautifulSoup((out / "search.html").read_text(), "html.parser").select(".cite")


def test_what_tex_would_take_for_a_command_is_escaped():
    whole = citing.record(ROOT / "CITATION.cff")
    made = citing.bibtex(whole, "k", r"50 % of A & B_1: $\frac{a}{b_1}$")
    assert r"title = {{50 \% of A \& B\_1: $\frac{a}{b_1}$}}" in made
    parse_string(made, "bibtex")


@pytest.mark.parametrize("address", ["", HOME])
def test_the_head_says_what_a_page_is_of_whom_and_under_which_licence(site, address):
    out = site(address)
    for page in PAGES:
        soup = BeautifulSoup((out / page).read_text(encoding="utf-8"), "html.parser")
        [script] = soup.select('head script[type="application/ld+json"]')
        said, tags = json.loads(script.string), head(out / page)
        assert said["@context"] == "https://schema.org"
        assert "LearningResource" in said["@type"]
        assert said["name"] == tags["citation_title"]
        assert [who["name"] for who in said["author"]] == [tags["citation_author"]]
        assert said["datePublished"].replace("-", "/") == tags["citation_publication_date"]
        assert said["inLanguage"] == tags["citation_language"] == soup.html["lang"] == "en"
        assert said["version"] == scorelab.__version__
        assert said.get("url") == tags.get("citation_public_url") == tags.get("canonical")
        assert said.get("image") == tags.get("og:image")
        licences = [link["href"] for link in soup.select("footer a[rel=license]")]
        assert said["license"] == licences
        assert len(licences) == 2
        if page == "index.html":
            assert "Book" in said["@type"]
            assert "isPartOf" not in said
        else:
            assert said["isPartOf"]["name"] == tags["citation_inbook_title"] == "The Score Lab"
            assert said["isPartOf"].get("url", "") == (address and f"{address}index.html")
    said = json.loads(_linked(out / "first.html"))
    assert said["description"] == head(out / "first.html")["description"]


def _linked(page: Path) -> str:
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    return soup.select_one('script[type="application/ld+json"]').string


@pytest.mark.parametrize("address", ["", HOME])
def test_the_list_for_language_models_leads_to_every_page(site, address):
    text = (site(address) / "llms.txt").read_text(encoding="utf-8")
    lines = text.split("\n")
    assert lines[0] == "# The Score Lab"
    assert lines[2].startswith("> A literate")
    assert [line for line in lines if line.startswith("## ")] == ["## The book", "## Part I"]
    items = [re.fullmatch(r"- \[(.+)\]\((.+?)\)(?:: .+)?", li) for li in lines if li[:1] == "-"]
    assert [m[2] for m in items] == [f"{address}{p}" for p in sorted(PAGES, key=ORDER.index)]
    assert "- [First things]" in text
    assert ": A paragraph that is long enough to describe" in text


def test_a_site_without_a_citation_file_says_nothing_of_it(site):
    site()
    out = site(cited=False)
    page = (out / "first.html").read_text(encoding="utf-8")
    assert not (out / "llms.txt").exists()
    assert not re.search("citation_|ld\\+json|rel=.license|class=.cite", page)


def test_a_licence_that_the_footer_cannot_name_is_told(tmp_path):
    file = tmp_path / "CITATION.cff"
    file.write_text((ROOT / "CITATION.cff").read_text().replace("[MIT,", "[GPL-2.0-only,"))
    with pytest.raises(ValueError, match=r"license: 'GPL-2\.0-only'"):
        citing.record(file)


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
