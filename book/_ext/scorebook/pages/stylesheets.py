"""Style sheets and fonts made small: unused rules out, fonts cut to the characters in use."""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path

import tinycss2
from fontTools import subset as font_subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer
from scorebook.cache import kept

from scorelab._support.files import write_whole

# What the browser applies unasked, and the two kinds of figures that the style sheets ask for.
LAYOUT_FEATURES = ["kern", "liga", "calt", "ccmp", "mark", "mkmk", "lnum", "tnum"]


def purge(sheet: str, names: set[str], *, cache: Path) -> str:
    """Keeps MathJax's rules whose every element, glyph and font is in ``names``.

    Font faces are kept if a kept rule names their family.

    Args:
        sheet: MathJax's style sheet.
        names: What the pages use.
        cache: Folder that keeps the result under a digest of the other arguments and of the way.
    """
    how = [inspect.getsource(_purged), inspect.getsource(_wanted), tinycss2.__version__]
    recipe = [*how, sheet, sorted(names)]
    return kept(cache, recipe, lambda: _purged(sheet, names).encode()).decode()


def _purged(sheet: str, names: set[str]) -> str:
    rules = tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True)
    kept, faces = [], []
    for rule in rules:
        if rule.type == "at-rule":
            faces.append(rule)
            continue
        selectors = tinycss2.serialize(rule.prelude).split(",")
        used = [s.strip() for s in selectors if _wanted(s) <= names]
        if used:
            kept.append(", ".join(used) + " {" + tinycss2.serialize(rule.content) + "}")
    text = "\n".join(kept)
    families = set(re.findall(r"MJX[\w-]+", text))
    for face in faces:
        source = face.serialize()
        if families & set(re.findall(r"font-family:\s*(MJX[\w-]+)", source)):
            text = f"{source}\n{text}"
    return text


def characters(sheet: str) -> set[str]:
    """The characters that the ``content`` declarations of a style sheet show."""
    found: set[str] = {" "}
    for rule in tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True):
        for token in rule.content or []:
            if token.type == "string":
                found.update(token.value)
    return found


def minified(sheet: str) -> str:
    """Without comments and needless white space."""
    sheet = re.sub(r"/\*.*?\*/", "", sheet, flags=re.S)
    sheet = re.sub(r"\s+", " ", sheet)
    return re.sub(r"\s*([{};,])\s*", r"\1", sheet).replace(";}", "}").strip()


def subset(
    source: Path,
    target: Path,
    text: Iterable[str],
    *,
    cache: Path,
    axes: Mapping[str, float | tuple[float, float]] | None = None,
) -> None:
    """Writes a WOFF2 font that holds the given characters only.

    Args:
        source: Any font that fontTools reads.
        target: The WOFF2 file to write.
        text: The characters to keep.
        cache: Folder that keeps the result under a digest of source, characters, axes and features.
        axes: For a variable font, each axis's fixed value or its ``(lowest, highest)``.
    """
    present = {chr(code) for code in TTFont(source).getBestCmap()}
    # A font without any of the characters is there for another reason (MathJax has one that sets
    # the height of a line): it is kept whole.
    wanted = "".join(sorted((set(text) & present) or present))
    content = source.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    recipe = [digest, wanted, sorted((axes or {}).items()), LAYOUT_FEATURES]

    def cut() -> bytes:
        font = TTFont(source, recalcTimestamp=False)  # two builds write the same bytes
        options = font_subset.Options(layout_features=LAYOUT_FEATURES, notdef_outline=True)
        options.drop_tables = [*options.drop_tables, "FFTM"]  # a time stamp of the font editor
        cutter = font_subset.Subsetter(options)
        cutter.populate(text=wanted)
        cutter.subset(font)
        if axes:
            small = BytesIO()  # the instancer wants a font that was read, not one under change
            font.save(small)
            font = instancer.instantiateVariableFont(
                TTFont(small, recalcTimestamp=False), dict(axes)
            )
        font.flavor = "woff2"
        made = BytesIO()
        font.save(made)
        return made.getvalue()

    write_whole(target, kept(cache, recipe, cut))


def _wanted(selector: str) -> set[str]:
    names = set(re.findall(r"mjx-[\w-]+|TEX-\w+", selector))
    # Parts that MathJax adds inside stretchy glyphs always come with their parent.
    return names - {"mjx-c", "mjx-container", "mjx-math"}
