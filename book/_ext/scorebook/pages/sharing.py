"""What other sites see of the book: canonical addresses, a site map, cards for shared links.

All of it needs the address at which the book is published (``html: baseurl`` in ``_config.yml``,
or the environment variable ``BOOK_URL``, which goes before). Without one nothing is written: a
site map or a card with relative addresses is ignored by those who read them. The icon for home
screens needs none.
"""

from __future__ import annotations

import os
import textwrap
from functools import cache
from importlib.metadata import distribution
from io import BytesIO
from pathlib import Path
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

from docutils import nodes
from PIL import Image, ImageDraw, ImageFont
from scorebook import contents
from scorebook.pages.figures import raster
from scorebook.translations.pages import languages_of, site_address
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

from scorelab._support.files import write_whole

CARDS = "_static/cards"
SIZE, MARGIN, TEXT_WIDTH = (1200, 630), 64, 430
PAPER, INK, SOFT, BLUE, ORANGE = "#ffffff", "#1d2730", "#58646f", "#0067a6", "#c4500a"
TITLE_SIZES = (68, 60, 52, 44, 38)  # the first at which the title fits is taken
SUBJECT = "Score-based generative models, derived and executed"
HIDDEN = {"search", "genindex", "py-modindex"}


def site_map(addresses: dict[str, dict[str, str]]) -> str:
    """A site map of the given addresses, each with the ones that say the same by language."""
    urls = ""
    for address, alternates in addresses.items():
        links = "".join(
            f'<xhtml:link rel="alternate" hreflang="{language}" href="{escape(other)}"/>'
            for language, other in alternates.items()
        )
        urls += f"<url><loc>{escape(address)}</loc>{links}</url>\n"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:xhtml="http://www.w3.org/1999/xhtml">\n{urls}</urlset>\n'
    )


def card(title: str, above: str, book: str, picture: Image.Image | None) -> Image.Image:
    """A card of 1200 × 630 pixels: the title, and a picture beside it.

    Args:
        title: In large letters, broken into at most five lines; a smaller size is taken, and in
            the end words are dropped, so that it always fits.
        above: A line in small letters over it.
        book: What the book is called, beside its mark.
        picture: Scaled to the right of the card; without one the title has all the width.
    """
    image = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(image)
    width = TEXT_WIDTH if picture else SIZE[0] - 2 * MARGIN
    draw.text((MARGIN, MARGIN), above, font=_font(26, 400), fill=SOFT)
    height = SIZE[1] - 4 * MARGIN
    lines, size = _fitted(title, width, height)
    line_height = round(1.14 * size)
    top = MARGIN + 40 + (height - line_height * len(lines)) // 2
    for i, line in enumerate(lines):
        draw.text((MARGIN, top + i * line_height), line, font=_font(size, 650), fill=INK)
    _mark(draw, MARGIN, SIZE[1] - MARGIN - 40)
    draw.text((MARGIN + 58, SIZE[1] - MARGIN - 36), book, font=_font(30, 600), fill=INK)
    if picture:
        room = (SIZE[0] - 3 * MARGIN - width, SIZE[1] - 2 * MARGIN)
        shown = _on_paper(picture)
        scale = min(room[0] / shown.width, room[1] / shown.height)
        shown = shown.resize(
            (round(shown.width * scale), round(shown.height * scale)), Image.Resampling.LANCZOS
        )
        left = SIZE[0] - MARGIN - room[0] + (room[0] - shown.width) // 2
        image.paste(shown, (left, (SIZE[1] - shown.height) // 2))
    return image


def icon(size: int = 180) -> Image.Image:
    """The book's mark on paper, for home screens."""
    large = Image.new("RGB", (4 * size, 4 * size), PAPER)
    _mark(ImageDraw.Draw(large), 0.4 * size, 0.4 * size, 3.2 * size)
    return large.resize((size, size), Image.Resampling.LANCZOS)


def take_address(app: Sphinx, config: Config) -> None:
    address = os.environ.get("BOOK_URL") or config.html_baseurl
    if not address:
        return
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ConfigError(f"html_baseurl (or BOOK_URL) is not the address of a site: {address!r}")
    config.html_baseurl = address.rstrip("/") + "/"


def describe_page(
    app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    """What the layout needs to write canonical addresses and cards."""
    base = app.config.html_baseurl
    if not base or page in HIDDEN:
        context["pageurl"] = None
        return
    context["pageurl"] = site_address(app, page)
    if doctree is None:
        return
    target = Path(app.outdir, CARDS, f"{page.replace('/', '-')}.png")
    is_home = page == app.config.root_doc
    title = SUBJECT if is_home else app.env.titles[page].astext()
    drawn = BytesIO()
    above = "" if is_home else SUBJECT
    book = app.config.html_title or app.config.project
    card(title, above, book, _first_picture(app, doctree)).save(drawn, "PNG", optimize=True)
    write_whole(target, drawn.getvalue())
    context["card"] = f"{base}{CARDS}/{quote(target.name)}"
    context["card_alt"] = f"{title}: a page of {book}"


def _first_picture(app: Sphinx, doctree: nodes.document) -> Image.Image | None:
    """The first figure of a page that is for light paper, or the poster of its first film."""
    # The page is written, so a picture has the name that its file will have there.
    sources = {name: uri for uri, name in app.builder.images.items()}
    for node in doctree.findall(nodes.Element):
        if "only-dark" in node.get("classes", ()):
            continue
        if node.tagname == "film":
            return Image.open(Path(app.doctreedir, "media", node["poster"]))
        if isinstance(node, nodes.image):
            source = sources.get(Path(node["uri"]).name)
            if source and (pixels := raster(Path(app.srcdir, source))):
                return Image.open(pixels)
    return None


def _fitted(title: str, width: int, height: int) -> tuple[list[str], int]:
    """The lines of a title and the size at which they fit into a box."""
    for size in TITLE_SIZES:
        lines = _lines(title, width, _font(size, 650))
        if lines and len(lines) * round(1.14 * size) <= height:
            return lines, size
    # At the smallest size long words are broken, and what does not fit is left out.
    font = _font(size, 650)
    longest = max(n for n in range(1, 40) if font.getlength("m" * n) <= width)
    pieces = [p for word in title.split() for p in textwrap.wrap(word, longest)]
    lines = _lines(" ".join(pieces), width, font)
    room = height // round(1.14 * size)
    return ([*lines[: room - 1], "…"] if len(lines) > room else lines), size


def _lines(title: str, width: int, font: ImageFont.FreeTypeFont) -> list[str]:
    """The title broken into lines, or nothing if one of its words is too wide."""
    lines: list[str] = []
    for word in title.split():
        if font.getlength(word) > width:
            return []
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


@cache
def _font(size: int, weight: int) -> ImageFont.FreeTypeFont:
    """The book's sans serif."""
    file = distribution("fontpkg-source-sans-3").locate_file(
        "fontpkg_source_sans_3/files/SourceSans3[wght].ttf"
    )
    font = ImageFont.truetype(str(file), size)
    font.set_variation_by_axes([weight])
    return font


def _on_paper(picture: Image.Image) -> Image.Image:
    whole = picture.convert("RGBA")
    paper = Image.new("RGBA", whole.size, PAPER)
    paper.alpha_composite(whole)
    return paper.convert("RGB")


def _mark(draw: ImageDraw.ImageDraw, x: float, y: float, size: float = 44) -> None:
    """The mark of the book as in the layout: arrows that lead to two modes."""
    unit = size / 48
    for start, turn, end in (
        ((4, 9), (19, 9), (25, 18)),
        ((3, 22), (15, 20), (22, 24)),
        ((7, 40), (17, 38), (23, 30)),
        ((44, 5), (39, 8), (37, 13)),
        ((45, 44), (42, 36), (37, 31)),
    ):
        curve = [
            tuple((1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c
                  for a, b, c in zip(start, turn, end, strict=True))
            for t in (i / 24 for i in range(25))
        ]  # fmt: skip
        points = [(x + unit * u, y + unit * v) for u, v in curve]
        draw.line(points, fill=BLUE, width=max(1, round(2.6 * unit)), joint="curve")
    for (u, v), radius, color in (((31, 23), 7, ORANGE), ((15, 31), 3.2, BLUE)):
        center = x + unit * u, y + unit * v
        draw.circle(center, radius * unit, fill=color)


def write_icon(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    drawn = BytesIO()
    icon().save(drawn, "PNG", optimize=True)
    write_whole(Path(app.outdir, "_static/touch-icon.png"), drawn.getvalue())


def write_map(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    files = {name: Path(app.outdir, name) for name in ("sitemap.xml", "robots.txt")}
    if not app.config.html_baseurl:
        for file in files.values():  # those of an earlier build, which had an address
            file.unlink(missing_ok=True)
        return
    pages = [page for page in contents.order(app.env) if page not in HIDDEN]
    said = {page: languages_of(app.env, page).items() for page in pages}
    text = site_map(
        {
            site_address(app, p): {lang: site_address(app, other) for lang, other in said[p]}
            for p in pages
        }
    )
    write_whole(files["sitemap.xml"], text.encode())
    robots = f"User-agent: *\nAllow: /\n\nSitemap: {app.config.html_baseurl}sitemap.xml\n"
    write_whole(files["robots.txt"], robots.encode())
