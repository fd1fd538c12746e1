"""Figures and videos that cells show: light and dark, captioned, described, each its own file.

A figure that carries a dark twin (``scorelab.figures.plotting``) is written twice; the style sheet
shows the one that fits. Pictures become WebP, which every browser of today reads, in a third of the
bytes, or SVG where that is less still; the notebooks keep their PNG. A film becomes two files named
by their digest. What has no name, no caption or no text alternative is a warning, so that a strict
build stops.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
from binascii import a2b_base64
from collections.abc import Iterator
from html import escape
from pathlib import Path

from docutils import nodes
from myst_nb.core.render import MimeData, NbElementRenderer
from PIL import Image
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging
from sphinx.util.osutil import relative_uri
from sphinx.writers.html5 import HTML5Translator

from scorelab._support.files import write_whole
from scorelab.figures import FILM
from scorelab.figures.measured import MEASURED

MEDIA = "_static/media"
# How pictures are written: without loss up to so many bytes, else with this quality of 100.
_AS_WEBP = {"small": 60_000, "quality": 90}
logger = logging.getLogger(__name__)


class film(nodes.General, nodes.Element):
    """A video: ``src`` and ``poster`` are file names below the media folder."""


class BookRenderer(NbElementRenderer):
    """MyST-NB's renderer of outputs, with dark twins, films as files, and steps that say so."""

    def render_mime_type(self, data: MimeData) -> list[nodes.Element]:
        if data.mime_type == MEASURED:
            return []  # the table beside it shows the same
        return self._films(data) if data.mime_type == FILM else super().render_mime_type(data)

    def render_markdown(self, data: MimeData) -> list[nodes.Element]:
        """A derivation's equations have the attributes ``derivation`` and ``step``."""
        shown = super().render_markdown(data)
        told = data.output_metadata.get("scorelab", {})
        steps = told.get("steps", {})
        for block in (math for node in shown for math in node.findall(nodes.math_block)):
            if block.get("label") in steps:
                block["derivation"], block["step"] = told["derivation"], steps[block["label"]]
        return shown

    def render_image(self, data: MimeData) -> list[nodes.Element]:
        [light] = super().render_image(data)
        twins = data.output_metadata.get("scorelab", {})
        drawn, dark = twins.get("drawn", {}), twins.get("dark")
        if data.mime_type == "image/png":
            pdf = twins.get("pdf", {})
            light["files"] = self._kept(
                {
                    "-light.pdf": pdf.get("light"),
                    ("-light.png" if dark else ".png"): data.content,
                    "-dark.pdf": pdf.get("dark"),
                    "-dark.png": dark,
                }
            )
            png = a2b_base64(data.content)
            light["uri"] = self._written(png, drawn.get("light"))
            if "width" not in light:  # as matplotlib alone shows it
                width, height = Image.open(io.BytesIO(png)).size
                light["width"], light["height"] = f"{width}px", f"{height}px"
        if not dark:
            return [light]
        twin = light.deepcopy()
        twin["files"] = {}
        twin["uri"] = self._written(a2b_base64(dark), drawn.get("dark"))
        light["classes"] = [*light["classes"], "only-light"]
        twin["classes"] = [*twin["classes"], "only-dark"]
        return [light, twin]

    def _written(self, png: bytes, drawn: str | None) -> str:
        """Writes a picture, unless an earlier build did; returns the address of the smaller file.

        The WebP is written in any case: what cannot show SVG finds it beside (`raster`).
        """
        digest = hashlib.sha256(png + f"{drawn}{_AS_WEBP}".encode()).hexdigest()
        path = Path(self.config.output_folder, f"{digest}.webp")
        if not path.exists():
            write_whole(path, webp(png))
        svg = (drawn or "").encode()
        # As sent: a server packs SVG, and cannot make WebP smaller.
        if svg and len(gzip.compress(svg)) < path.stat().st_size:
            path = path.with_suffix(".svg")
            if not path.exists():
                write_whole(path, svg)
        return self.write_file([path.name], b"", exists_ok=True)  # there already; gives the address

    def _kept(self, files: dict[str, str | None]) -> dict[str, str]:
        """Keeps what is in base64 among the doctrees; returns where, by the ends of file names."""
        folder = Path(self.renderer.sphinx_env.doctreedir, "figures")
        return {
            end: f"figures/{_store(content, end[-4:], folder)}"
            for end, content in files.items()
            if content
        }

    def _films(self, data: MimeData) -> list[nodes.Element]:
        whole = data.content
        options = self.renderer.get_cell_level_config(
            "render_image_options", data.cell_metadata, line=data.line
        )
        folder = Path(self.renderer.sphinx_env.doctreedir) / "media"
        width, height = whole["size"]
        twins = [twin for twin in ("light", "dark") if twin in whole]
        shown = []
        for twin in twins:
            node = film(
                alt=options.get("alt", ""),
                src=_store(whole[twin]["mp4"], ".mp4", folder),
                poster=_store(whole[twin]["poster"], ".webp", folder),
                width=width,
                height=height,
                classes=[f"only-{twin}"] if len(twins) > 1 else [],
            )
            end = f"-{twin}.mp4" if len(twins) > 1 else ".mp4"
            node["files"] = {end: f"media/{node['src']}"}
            self.renderer.add_line_and_source_path(node, data)
            shown.append(node)
        return shown


def register(app: Sphinx) -> None:
    """Make known what a film is."""
    app.add_node(film, html=(_visit_film, None))


def prefer_films(app: Sphinx, config: Config) -> None:
    """Of what a cell gives for a film, pages show the film itself, and not its HTML."""
    config.nb_mime_priority_overrides = [*config.nb_mime_priority_overrides, ("*", FILM, 0)]


def webp(png: bytes) -> bytes:
    """A picture as WebP: as it is if that is small, else near enough for every eye if that is less.

    Lines and text on even ground are small without loss. Scatter, fields and photographs are not.
    """
    picture = Image.open(io.BytesIO(png))
    if picture.mode == "RGBA" and picture.getextrema()[3] == (255, 255):
        picture = picture.convert("RGB")  # opaque all over
    exact, near = io.BytesIO(), io.BytesIO()
    picture.save(exact, "webp", lossless=True)
    picture.save(near, "webp", quality=_AS_WEBP["quality"])
    small = exact.tell() <= max(_AS_WEBP["small"], near.tell())
    return (exact if small else near).getvalue()


def raster(path: Path) -> Path | None:
    """The pixels of a picture that this module wrote, or of one that is none but pixels."""
    if path.suffix == ".svg":
        path = path.with_suffix(".webp")
    return path if path.suffix in (".png", ".webp") and path.exists() else None


def complaints(doctree: nodes.document) -> Iterator[tuple[nodes.Element, str]]:
    """What the figures and videos of a page lack."""
    for shown in doctree.findall(lambda n: isinstance(n, nodes.image | film)):
        kind = "video" if isinstance(shown, film) else "figure"
        if "only-dark" in shown["classes"]:
            continue
        if not shown.get("alt", "").strip():
            yield shown, f"this {kind} has no text alternative (mystnb: image: alt)"
        figure = shown.parent
        while figure is not None and not isinstance(figure, nodes.figure):
            figure = figure.parent
        if figure is None or not any(isinstance(c, nodes.caption) for c in figure.children):
            yield shown, f"this {kind} has no caption (mystnb: figure: caption)"
        elif not figure.get("names") and not figure.get("ids"):
            yield shown, f"this {kind} has no name (mystnb: figure: name)"


def _store(content: str, suffix: str, folder: Path) -> str:
    """Writes what is in base64 as a file named by its digest; returns the name."""
    data = a2b_base64(content)
    path = folder / f"{hashlib.sha256(data).hexdigest()[:32]}{suffix}"
    if not path.exists():
        write_whole(path, data)
    return path.name


def _visit_film(translator: HTML5Translator, node: film) -> None:
    builder = translator.builder
    here = builder.get_target_uri(builder.current_docname)
    src, poster = (relative_uri(here, f"{MEDIA}/{node[k]}") for k in ("src", "poster"))
    classes = " ".join(["scorelab-video", *node["classes"]])
    translator.body.append(
        f'<video class="{classes}" controls loop muted playsinline preload="none" '
        f'width="{node["width"]}" height="{node["height"]}" poster="{poster}" src="{src}" '
        f'aria-label="{escape(node["alt"])}"></video>'
    )
    if "only-dark" not in node["classes"]:  # paper shows the poster
        translator.body.append(
            f'<img class="still" loading="lazy" alt="{escape(node["alt"])}" src="{poster}" '
            f'width="{node["width"]}" height="{node["height"]}">'
        )
    raise nodes.SkipNode


def demand_words(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for node, complaint in complaints(doctree):
        logger.warning(complaint, location=node, type="figures")


def steady_page_images(
    app: Sphinx, page: str, template: str, context: dict, doctree: object
) -> None:
    if context.get("body"):
        context["body"] = steady_images(context["body"])


def steady_images(body: str) -> str:
    """Sizes as attributes, so that nothing moves as pictures arrive.

    Those above the second heading may be in the first view. The others load as they come near.
    """
    second = body.find("<section", body.find("<section") + 1)

    def steady(match: re.Match[str]) -> str:
        tag = match.group(0)
        size = re.search(r' style="width: ([\d.]+)(?:px)?; height: ([\d.]+)(?:px)?;"', tag)
        if size:
            width, height = (round(float(v)) for v in size.groups())
            tag = tag.replace(size.group(0), f' width="{width}" height="{height}"')
        later = match.start() > second or "only-dark" in tag
        return tag.replace("<img ", '<img decoding="async" ' + 'loading="lazy" ' * later, 1)

    return re.sub(r"<img [^>]*>", steady, body)


def copy_media(app: Sphinx, exception: Exception | None) -> None:
    source = Path(app.doctreedir) / "media"
    if exception or app.builder.format != "html" or not source.is_dir():
        return
    target = Path(app.outdir) / MEDIA
    for file in source.iterdir():
        if not (target / file.name).exists():
            write_whole(target / file.name, file.read_bytes())


def drop_old_pictures(app: Sphinx, exception: Exception | None) -> None:
    """Pictures of earlier builds that no page shows any more."""
    if exception or app.builder.format != "html":
        return
    shown = {name for _, name in app.env.images.values()}
    for file in Path(app.outdir, app.builder.imagedir).glob("*"):
        if file.is_file() and file.name not in shown:
            file.unlink()
