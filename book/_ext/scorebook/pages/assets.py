"""What a page loads, and nothing else: the book's own style sheet, script and cut-down fonts.

Sphinx, the theme and half a dozen extensions each add scripts and style sheets to every page. The
book's layout (``book/_templates``) needs none of them but search, on the search page. Fonts are
cut from pinned packages when the book is built; no third-party file is in the repository.
"""

from __future__ import annotations

import hashlib
import shutil
from importlib.metadata import distribution
from pathlib import Path

from scorebook.pages import stylesheets
from sphinx.application import Sphinx

from scorelab import derivations

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
# Added by Sphinx, the theme and extensions; the book's own script and styles replace them.
FOREIGN = (
    "clipboard.min.js",
    "copybutton.css",
    "copybutton.js",
    "copybutton_funcs.js",
    "design-tabs.js",
    "doctools.js",
    "documentation_options.js",
    "exercise.css",
    "language_data.js",
    "mystnb.css",
    "pydata-sphinx-theme.css",
    "bootstrap.js",
    "pydata-sphinx-theme.js",
    "pygments.css",
    "scripts.js",
    "searchtools.js",
    "sphinx-book-theme.css",
    "sphinx-book-theme.js",
    "sphinx-design.min.css",
    "sphinx_highlight.js",
    "sphinx-thebe.css",
    "sphinx-thebe.js",
    "stylesheets.css",
    "togglebutton.css",
    "togglebutton.js",
    "utterances.js",
    "minimal-stylesheets.css",
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


def foreign(filename: object) -> bool:
    """Whether a style sheet or script is one that the book's layout does without."""
    path = str(filename).split("?")[0]
    return "mystnb" in path or "sphinx-design" in path or path.rsplit("/", 1)[-1] in FOREIGN


def choose_assets(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    for kind, name in (("css_files", "filename"), ("script_files", "filename")):
        own = []
        for asset in context.get(kind, []):
            filename = getattr(asset, name, asset)
            if filename and not foreign(
                filename
            ):  # scripts without a file are extensions' constants
                own.append(asset)
        context[kind] = own


def _digest(*makers: Path) -> str:
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in makers)).hexdigest()


def copy_own(app: Sphinx, exception: Exception | None) -> None:
    """Copies the book's style and script even if no page is written: Sphinx then copies nothing."""
    if exception or app.builder.format != "html":
        return
    for folder in app.config.html_static_path:
        if not Path(folder).is_absolute():  # absolute ones were added by extensions
            source = Path(app.confdir) / folder
            shutil.copytree(source, Path(app.outdir) / "_static", dirs_exist_ok=True)


def drop_foreign(app: Sphinx, exception: Exception | None) -> None:
    """Removes what no page loads: six megabytes of the theme's icons, scripts and translations."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    for folder in ("vendor", "locales", "scripts", "styles", "images"):
        shutil.rmtree(static / folder, ignore_errors=True)
    for macros in static.glob("*webpack-macros.html"):
        macros.unlink()
    for file in static.glob("*.*"):
        if foreign(file.name) and file.name not in SEARCH:
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
