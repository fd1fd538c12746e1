"""What a page loads, and nothing else: the theme's style sheets and script, and cut-down fonts.

Sphinx and extensions add scripts and style sheets to every page. The theme (``book/theme``) needs
none of them but search, on the search page. Fonts are cut from pinned packages when the book is
built; no third-party file is in the repository.
"""

from __future__ import annotations

import hashlib
from fnmatch import fnmatch
from importlib.metadata import distribution
from pathlib import Path

from scorebook.pages import stylesheets
from scorebook.pages.layout import THEME
from sphinx.application import Sphinx

from scorelab import derivations
from scorelab._support.files import write_whole

PACKAGE = Path(derivations.__file__).parent
# What is outside of this folder and makes pages: the mathematics, what MathJax is told, slides.
MAKERS = (
    *(PACKAGE / "printing" / name for name in ("macros.py", "typesetter.py", "typeset.js")),
    *sorted((PACKAGE / "export/decks").glob("*.*")),
)
# What a font may carry: Latin-1, names, English typography, Greek, arrows, operators.
TEXT = {chr(code) for span in (range(0x20, 0x7F), range(0xA0, 0x100)) for code in span} | set(
    "ąćčďęěğıłńňőœřśşšťůűźżžĀāĒēĪīŌōŪūČĐđĞŁŐŒŘŚŞŠŽ"
    "‐‑–—‘’“”…•′″‹›€™−×±√∞≈≠≤≥∂∇∈∑∏∫·→←↑↓↔⇒✓✗αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ²³¹⁰⁴⁵⁶⁷⁸⁹⁻₀₁₂₃₄₅ₖₙℝ𝔼½¼"
)
# What typography makes of a source's ASCII, and the page's own marks.
ALWAYS = {chr(code) for code in range(0x20, 0x7F)} | set("“”‘’–—…•·×−→←↑↓✓§")
SOURCES = (
    "book/**/*.md",
    "book/**/*.bib",
    "book/**/*.html",
    "book/**/*.yml",
    "book/theme/**/*.css",
    "book/theme/**/*.js",
    "_config.yml",
    "scorelab/**/*.py",
)
WEIGHTS = (380, 700)
FONTS = {  # target: package, file, axes
    "serif": ("source-serif-4", "SourceSerif4[opsz,wght].ttf", {"opsz": 14, "wght": WEIGHTS}),
    "serif-italic": (
        "source-serif-4",
        "SourceSerif4-Italic[opsz,wght].ttf",
        {"opsz": 14, "wght": 400},
    ),
    "sans": ("source-sans-3", "SourceSans3[wght].ttf", {"wght": WEIGHTS}),
    "code": ("source-code-pro", "SourceCodePro[wght].ttf", {"wght": 400}),
}
# Of Sphinx and of extensions: the book's own script and styles stand in their place.
THEIRS = (
    "basic.css",
    "design-tabs.js",
    "exercise.css",
    "file.png",
    "minus.png",
    "mystnb*.css",
    "plus.png",
    "pygments.css",
    "sphinx-design.min.css",
)
SEARCH = (  # loaded by the search page alone
    "doctools.js",
    "documentation_options.js",
    "language_data.js",
    "searchtools.js",
    "sphinx_highlight.js",
)


def register(app: Sphinx) -> None:
    """Have a page written again when what makes pages changes, as Sphinx does for its text."""
    app.add_config_value("page_makers", _digest(*MAKERS), "html")


def is_theirs(file: str) -> bool:
    """Whether the book's layout does without this style sheet, script or picture."""
    return any(fnmatch(file, pattern) for pattern in THEIRS)


def choose_assets(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    """Leave a page the files that it needs; scripts without a file are extensions' constants."""
    for kind in ("css_files", "script_files"):
        files = {asset: Path(str(asset.filename)).name for asset in context[kind]}
        context[kind] = [
            asset
            for asset, name in files.items()
            if asset.filename and not is_theirs(name) and name not in SEARCH
        ]


def _digest(*makers: Path) -> str:
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in makers)).hexdigest()


def copy_own(app: Sphinx, exception: Exception | None) -> None:
    """Copies the book's style and script even if no page is written: Sphinx then copies nothing."""
    if not exception and app.builder.format == "html":
        source = THEME / "static"
        for file in filter(Path.is_file, source.rglob("*")):
            write_whole(Path(app.outdir, "_static", file.relative_to(source)), file.read_bytes())


def drop_theirs(app: Sphinx, exception: Exception | None) -> None:
    """Removes what no page loads."""
    if not exception and app.builder.format == "html":
        for file in (Path(app.outdir) / "_static").iterdir():
            if is_theirs(file.name):
                file.unlink()


def write_fonts(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    text = characters(Path(app.confdir))
    for name, (family, file, axes) in FONTS.items():
        package = f"fontpkg-{family}"
        source = Path(
            str(distribution(package).locate_file(f"{package.replace('-', '_')}/files/{file}"))
        )
        target = out / "_static" / "fonts" / f"{name}.woff2"
        stylesheets.subset(source, target, text, cache=out.parent / ".fonts", axes=axes)


def characters(root: Path) -> set[str]:
    """The characters of `TEXT` that the book's sources hold, so that fonts carry no more.

    Taken from the sources, not from the pages, so that a build that writes one page gives the same
    fonts as a build of all.
    """
    used = set()
    for pattern in SOURCES:
        for file in root.glob(pattern):
            used.update(file.read_text(encoding="utf-8"))
    return ALWAYS | (TEXT & used)
