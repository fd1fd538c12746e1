"""What a built page must be, as functions from pages to complaints (empty: all is well).

``test_html`` runs them on the built book, and each of them on a page broken for it.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, NavigableString, Tag

# Budgets in bytes, as sent by a server that compresses. A stock Jupyter Book page sends 1.15 MB.
HTML_BUDGET = 120_000
FIRST_VIEW_BUDGET = 275_000  # page, style sheets, scripts and every font they name
PICTURE_BUDGET = 500_000
VIDEO_BUDGET = 3_000_000

LOADS = {  # what makes a browser fetch something
    "script": ("src",), "link": ("href",), "img": ("src", "srcset"), "video": ("src", "poster"),
    "source": ("src", "srcset"), "audio": ("src",), "iframe": ("src",), "object": ("data",),
    "embed": ("src",), "use": ("href", "xlink:href"), "input": ("src",), "track": ("src",),
}  # fmt: skip
LEADS = ("href", "src", "poster")
NO_PROSE = {"pre", "code", "script", "style", "annotation"}
# How a formula looks and reads aloud, which is most of a page: what it says is its annotation.
SHAPES = re.compile(
    r"(<mjx-container[^>]*>).*?(?=</mjx-container>)|(?<=<semantics>).*?(?=<annotation)", re.S
)
# What no sentence has: punctuation twice or after a space, a word twice, TeX that nobody set.
MANGLED = re.compile(
    r",,|(?<!\.)\.\.(?!\.)|[,;:]\.|,;| [,;?)](?!\d)|(?<!\d) [.:](?=\s|$)|\( |\$"
    r"|(?<![\w-])(?!(?:that|had|usted)\b)([^\W\d_]+) \1(?![\w-])"
)
BLOCKS = (
    "p",
    "li",
    "td",
    "th",
    "figcaption",
    "caption",
    "dd",
    "dt",
    "summary",
    "h1",
    "h2",
    "h3",
    "h4",
)
FETCHED_LINKS = {"stylesheet", "icon", "preload", "modulepreload", "manifest", "preconnect"}


class Page:
    """A page of a built site."""

    def __init__(self, path: Path, root: Path):
        self.path, self.root = path, root
        self.name = path.relative_to(root).as_posix()
        self.html = path.read_text(encoding="utf-8")

    @cached_property
    def soup(self) -> BeautifulSoup:
        """The page with the TeX of its formulas alone."""
        return BeautifulSoup(SHAPES.sub(r"\1", self.html), "html.parser")

    @cached_property
    def main(self) -> Tag:
        return self.soup.find("main") or self.soup

    @cached_property
    def anchors(self) -> set[str]:
        return {tag["id"] for tag in self.soup.find_all(id=True)} | {""}

    @cached_property
    def headings(self) -> dict[str, str]:
        """What each section is called, by its anchor."""
        found = {}
        for heading in self.main.select("section[id] > :is(h2, h3, h4)"):
            words = "".join(t for t in heading.strings if not t.find_parent(class_="headerlink"))
            found[heading.parent["id"]] = " ".join(words.split())
        return found

    @cached_property
    def prose(self) -> str:
        """The text outside code, formulas and the search page's script warning."""
        return " ".join(_words(self.main))


def _words(tag: Tag) -> Iterator[str]:
    for child in tag.children:
        if type(child) is NavigableString:
            yield child
        elif isinstance(child, Tag):
            classes = child.get_attribute_list("class")
            signature = child.name == "dt" and "sig" in classes
            if child.name not in NO_PROSE and "math" not in classes and not signature:
                yield from _words(child)


def parsed(path: Path, root: Path) -> Page:
    """A page that is parsed once in a process, until it is written anew."""
    return _parsed(path, root, path.stat().st_mtime_ns)


@cache
def _parsed(path: Path, root: Path, _written: int) -> Page:
    return Page(path, root)


class Site:
    """All pages below a folder."""

    def __init__(self, root: Path):
        self.root = root
        self.pages = {
            page.name: page
            for page in (parsed(path, root) for path in sorted(root.rglob("*.html")))
            if not page.name.startswith(("_static/", "_sources/", "derivations/"))
            and "http-equiv" not in page.html[:300]
        }


def no_failure_shown(page: Page) -> list[str]:
    """A traceback, standard error, or a mark that Sphinx or MathJax leaves for a mistake."""
    marks = ["stderr", "system-message", "problematic", "traceback", "math-error"]
    found = [f"class {tag['class']}" for tag in page.main.find_all(class_=marks)]
    found += ["a formula that failed"] * bool(re.search(r"<(?:mjx-)?merror\b", page.html))
    if "Traceback (most recent call last)" in page.main.get_text():
        found.append("a traceback")
    return found


def no_unresolved_reference(page: Page) -> list[str]:
    """A reference that Sphinx left as it was written, or ``??``."""
    found = re.findall(r"\{(?:eq|ref|numref|cite\w*|doc|prf:ref)\}`?[^\s]*", page.prose)
    found += [str(tag) for tag in page.main.select(".xref.eq, span.std-ref, span.std-numref")
              if tag.find_parent("a") is None]  # fmt: skip
    return [f"unresolved: {item}" for item in found] + ["??"] * ("(??)" in page.prose)


def no_raw_sympy(page: Page) -> list[str]:
    """sympy's own notation where a formula should be: in prose, or as a cell's only output."""
    raw = re.compile(r"\b(?:Eq|Sum|Derivative|Integral|Symbol|IndexedBase)\(")
    outputs = " ".join(tag.get_text(" ") for tag in page.main.select(".cell_output pre"))
    return [f"raw sympy {m!r}" for m in raw.findall(page.prose) + raw.findall(outputs)]


def reads_well(page: Page) -> list[str]:
    """No sentence with a mistake that a machine sees; a formula or code in it is a word."""
    found = []
    for block in page.main.find_all(BLOCKS):
        if "sig" in block.get_attribute_list("class"):
            continue
        for line in "".join(_read(block)).split("\n"):
            line = " ".join(line.split())
            found += [f"{m[0]!r} in {line[max(0, m.start() - 40) : m.end() + 40]!r}"
                      for m in MANGLED.finditer(line)]  # fmt: skip
    return list(dict.fromkeys(found))


def _read(block: Tag) -> Iterator[str]:
    """What is read of a block, without the blocks in it, each of which is looked at by itself."""
    for child in block.children:
        if type(child) is NavigableString:
            yield child.replace("\n", " ")
        elif isinstance(child, Tag):
            if child.name in ("code", "kbd") or "math" in child.get_attribute_list("class"):
                yield "…" if child.name == "div" else "X"
            elif child.name in ("br", "div", "ul", "ol", "dl", "table", "details", *BLOCKS):
                yield "\n"
            elif child.name not in NO_PROSE:
                yield from _read(child)


def headings_are_quoted(page: Page, site: Site) -> list[str]:
    """The heading of a section is told from the sentence in which it is linked."""
    found = []
    for link in page.main.select("p a[href*='#']"):
        if link.find_parent("table"):
            continue
        words, paragraph = link.get_text(), link.find_parent("p").get_text()
        parts = urlsplit(link["href"])
        if parts.scheme or not words.strip() or words.strip() == paragraph.strip():
            continue
        path = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
        other = site.pages.get(path.resolve().relative_to(site.root.resolve()).as_posix())
        if other and other.headings.get(unquote(parts.fragment)) == " ".join(words.split()):
            before, _, after = paragraph.partition(words)
            if before[-1:] + after[:1] not in ("“”", "«»"):
                found.append(f"{words!r} in {(before[-40:] + words + after[:40])!r}")
    return found


def pictures_speak(page: Page) -> list[str]:
    """Figures and videos have a text alternative, a caption, a size, a poster, controls."""
    found = []
    for tag in page.main.select("img, video"):
        name = tag.get("src", "?")
        words = tag.get("alt") if tag.name == "img" else tag.get("aria-label")
        if not (words or "").strip():
            found.append(f"{name}: no text alternative")
        if not (tag.get("width") and tag.get("height")):
            found.append(f"{name}: no size, so the page moves when it arrives")
        figure = tag.find_parent("figure")
        caption = figure.find("figcaption") if figure else None
        if not caption or not caption.get_text(strip=True):
            found.append(f"{name}: no caption")
        if tag.name == "video":
            found += [f"{name}: no {a}" for a in ("controls", "poster", "muted", "playsinline")
                      if not tag.has_attr(a)]  # fmt: skip
    return found


def loads_from_here(page: Page) -> list[str]:
    """Nothing is fetched from another host: neither by a tag nor by a style sheet."""
    found = []
    for tag in page.soup.find_all(list(LOADS)):
        if tag.name == "link" and not FETCHED_LINKS & set(tag.get("rel") or []):
            continue
        found += [str(tag.get(a)) for a in LOADS[tag.name] if _leaves(str(tag.get(a, "")))]
    styles = " ".join(tag.get_text() for tag in page.soup.find_all("style"))
    styles += " ".join(tag["style"] for tag in page.soup.find_all(style=True))
    for sheet in _files(page, "link[rel~=stylesheet]", "href"):
        styles += sheet.read_text(encoding="utf-8") if sheet.exists() else ""
    urls = re.findall(r"url\(\s*['\"]?([^'\")]+)", styles) + re.findall(
        r"@import\s+['\"]([^'\"]+)", styles
    )
    return [f"loads {url}" for url in found + [u for u in urls if _leaves(u)]]


def links_resolve(page: Page, site: Site) -> list[str]:
    """Every link and every load inside the site leads to a file, every anchor to an element."""
    found = []
    for tag in page.soup.find_all(_leads_somewhere):
        for attribute in LEADS:
            url = tag.get(attribute)
            if not url or urlsplit(url).scheme or url.startswith("//"):
                continue
            parts = urlsplit(url)
            target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
            if not target.exists():
                found.append(f"{url}: no such file")
            elif parts.fragment and target.suffix == ".html":
                other = site.pages.get(target.relative_to(site.root.resolve()).as_posix())
                # A fragment may hold the state of a live figure, live=ID&preset=…, or a slide, /ID.
                anchor = unquote(parts.fragment).split("&")[0].removeprefix("live=")
                anchor = anchor.removeprefix("/")
                if other and anchor not in other.anchors:
                    found.append(f"{url}: no such anchor")
    return found


def within_budget(page: Page) -> list[str]:
    """Sizes as a compressing server sends them."""
    found = []
    sent = _zipped(page.path)
    if sent > HTML_BUDGET:
        found.append(f"HTML {sent} > {HTML_BUDGET} bytes")
    view = sent + first_view(page)
    if view > FIRST_VIEW_BUDGET:
        found.append(f"first view {view} > {FIRST_VIEW_BUDGET} bytes")
    for selector, budget in (("img", PICTURE_BUDGET), ("video", VIDEO_BUDGET)):
        for file in _files(page, selector, "src"):
            if file.exists() and file.stat().st_size > budget:
                found.append(f"{file.name}: {file.stat().st_size} > {budget} bytes")
    return found


def first_view(page: Page) -> int:
    """Bytes of style sheets, scripts and of every font that the style sheets name."""
    files = set(_files(page, "link[rel~=stylesheet]", "href")) | set(
        _files(page, "script[src]", "src")
    )
    total = 0
    for file in (f for f in files if f.exists()):
        total += _zipped(file)
        if file.suffix == ".css":
            fonts = re.findall(r"url\(\s*['\"]?([^'\")]+\.woff2)", file.read_text(encoding="utf-8"))
            total += sum((file.parent / font).stat().st_size for font in fonts)
    return total


def well_formed(page: Page) -> list[str]:
    """One h1, a title, a description, a language, no duplicate id."""
    ids = [tag["id"] for tag in page.soup.find_all(id=True)]
    found = [f"id {i!r} twice" for i in sorted({i for i in ids if ids.count(i) > 1})]
    if len(page.main.find_all("h1")) != 1:
        found.append("not exactly one h1")
    if not (page.soup.title and page.soup.title.get_text(strip=True)):
        found.append("no title")
    if not page.soup.select_one("meta[name=description][content]"):
        found.append("no description")
    return found + ["no language"] * (not page.soup.select_one("html[lang]"))


def _leaves(url: str) -> bool:
    return url.startswith("//") or urlsplit(url).scheme in ("http", "https", "ftp")


def _files(page: Page, selector: str, attribute: str) -> list[Path]:
    urls = [tag.get(attribute, "") for tag in page.soup.select(selector)]
    return [
        page.path.parent / unquote(urlsplit(u).path) for u in urls if u and not urlsplit(u).scheme
    ]


def _leads_somewhere(tag: Tag) -> bool:
    return any(attribute in tag.attrs for attribute in LEADS)


def _zipped(path: Path) -> int:
    return _zipped_bytes(path.resolve(), path.stat().st_mtime_ns)


@cache
def _zipped_bytes(path: Path, _written: int) -> int:
    """A style sheet is part of every page."""
    return len(gzip.compress(path.read_bytes(), 6))
