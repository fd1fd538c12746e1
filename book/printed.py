"""The whole book as one PDF, printed by Chromium from the built pages: `make pdf`.

The articles of all English pages are put into one document, in the order of the contents, so that
page numbers run on, links between chapters lead to pages of the PDF, and the outline holds every
heading. What paper looks like is the style sheet's affair (`@media print` in `_static/book.css`).
"""

from __future__ import annotations

import argparse
import os
import posixpath
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import sync_playwright

import scorelab
from scorelab._support.files import write_whole

ROOT = Path(__file__).resolve().parent.parent
SHEETS = ("book.css", "code.css", "math.css")
STYLE = """
@page :first { @bottom-center { content: none } }
.title-page { padding-top: 55mm; text-align: center; break-after: page; }
.title-page h1 { font-size: 3rem; }
.title-page .version { margin-top: 1rem; color: var(--soft); }
nav.order { break-after: page; }
nav.order p { margin: 1.2rem 0 0.2rem; font: 600 0.9rem var(--sans); color: var(--soft); }
nav.order ul { list-style: none; margin: 0; padding: 0; }
article + article { break-before: page; }
"""


@dataclass(frozen=True)
class Part:
    """A part of the book: its caption, and its pages by their document names."""

    caption: str
    pages: list[str]


def contents(toc: dict) -> list[Part]:
    """The parts in order; the first is the root page alone, without a caption."""
    parts = [
        Part(part.get("caption", ""), [chapter["file"] for chapter in part["chapters"]])
        for part in toc.get("parts", [])
    ]
    return [Part("", [toc["root"]]), *parts]


def one_document(html: Path, config: dict, parts: list[Part]) -> str:
    """All pages as one HTML document, to be opened from beside the folder `html`.

    Raises:
        ValueError: If a page is not built.
    """
    pages = [page for part in parts for page in part.pages]
    missing = [page for page in pages if not (html / f"{page}.html").is_file()]
    if missing:
        raise ValueError(f"not built: {', '.join(missing)} (below {html}); run make book")
    parts = [Part(p.caption, [page for page in p.pages if _english(html, page)]) for p in parts]
    pages = [page for part in parts for page in part.pages]
    articles = {page: _article(html, page, set(pages)) for page in pages}
    order = "".join(_order(parts, articles))
    sheets = "".join(
        f'<link rel="stylesheet" href="{html.name}/_static/{sheet}">' for sheet in SHEETS
    )
    title, author = escape(config["title"]), escape(config["author"])
    return (
        '<!DOCTYPE html><html lang="en" class="js" data-theme="light"><head><meta charset="utf-8">'
        f'<title>{title}</title><meta name="author" content="{author}">{sheets}'
        f'<style>{STYLE}</style><script src="{html.name}/_static/book.js" defer></script></head>'
        f'<body><main><div class="title-page"><h1>{title}</h1><p>{author}</p>'
        f'<p class="version">version {scorelab.__version__}</p></div>'
        f'<nav class="order"><h2>Contents</h2>{order}</nav>'
        f"{''.join(map(str, articles.values()))}</main></body></html>"
    )


def print_pdf(document: Path, *, paper: str, solutions: bool) -> bytes:
    """Print a document of `one_document` with Chromium."""
    browser_path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    browser_path = browser_path or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        # Without a path playwright looks for a Chromium of its own.
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"]
        )
        tab = browser.new_context(offline=True, reduced_motion="reduce").new_page()
        tab.set_default_timeout(0)
        tab.emulate_media(media="print")
        tab.goto(document.as_uri())
        tab.evaluate(
            """async solutions => {
                if (solutions) document.querySelectorAll("details.solution")
                    .forEach(fold => { fold.open = true; });
                const images = [...document.images].filter(i => !i.matches(".only-dark"));
                images.forEach(image => { image.loading = "eager"; });
                await Promise.all(images.map(image => image.decode()));
                await document.fonts.ready;
            }""",
            solutions,
        )
        content = tab.pdf(format=paper, print_background=True, outline=True, tagged=True)
        browser.close()
    return content


def main(arguments: list[str] | None = None) -> int:
    """Write the PDF; return the exit status, 1 with one line of text if it cannot be."""
    parser = argparse.ArgumentParser("python book/printed.py", description=__doc__)
    parser.add_argument("--html", type=Path, default=ROOT / "_build" / "html", metavar="FOLDER")
    parser.add_argument("--out", type=Path, metavar="FILE", help="(score-lab.pdf beside the pages)")
    parser.add_argument("--paper", choices=("A4", "Letter"), default="A4", help="(A4)")
    parser.add_argument("--no-solutions", action="store_true", help="exercises alone, for a class")
    parser.add_argument("--only", action="append", metavar="PAGE", help="such as book/sde/images")
    options = parser.parse_args(arguments)
    html = options.html.resolve()
    out = options.out or html.parent / "score-lab.pdf"
    config, toc = (
        yaml.safe_load((ROOT / file).read_text("utf-8")) for file in ("_config.yml", "_toc.yml")
    )
    parts = contents(toc)
    if options.only:
        parts = [Part("", options.only)]
    document = html.with_name(f".{html.name}-printed.html")
    try:
        write_whole(document, one_document(html, config, parts).encode())
        content = print_pdf(document, paper=options.paper, solutions=not options.no_solutions)
        write_whole(out, content)
    except BrowserError as error:
        first = error.message.splitlines()[0]
        print(f"{parser.prog}: Chromium (set CHROMIUM to another one): {first}", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    finally:
        document.unlink(missing_ok=True)
    print(f"{out}: {len(content) / 1e6:.1f} MB")
    return 0


def _english(html: Path, page: str) -> bool:
    """Whether a page is no translation."""
    return '<html lang="en"' in (html / f"{page}.html").read_text(encoding="utf-8")[:500]


def _order(parts: list[Part], articles: dict[str, Tag]) -> Iterator[str]:
    for part in parts:
        if part.caption:
            yield f"<p>{escape(part.caption)}</p>"
        yield "<ul>"
        for page in part.pages:
            title = articles[page].find("h1").get_text().removesuffix("#")
            yield f'<li><a href="#{_anchor(page)}">{escape(title)}</a></li>'
        yield "</ul>"


def _article(html: Path, page: str, pages: set[str]) -> Tag:
    """The text of a page; its anchors get the page's name, its addresses are made to fit."""
    soup = BeautifulSoup((html / f"{page}.html").read_text(encoding="utf-8"), "html.parser")
    article = soup.find("article")
    for tag in article.find_all(id=True):
        tag["id"] = _anchor(page, tag["id"])
    article["id"] = _anchor(page)
    for tag in article.find_all(["video", "script"]):
        tag.decompose()
    for image in article.find_all("img", src=True):
        image["src"] = f"{html.name}/{_target(page, image['src'])}"
    for link in article.find_all("a", href=True):
        parts = urlsplit(link["href"])
        target = _target(page, parts.path).removesuffix(".html") if parts.path else page
        if target in pages and not parts.scheme:
            link["href"] = f"#{_anchor(target, parts.fragment)}"
        elif not parts.scheme:
            del link["href"]  # a file beside the pages, which a PDF does not have beside it
    return article


def _target(page: str, path: str) -> str:
    """The path as seen from the folder of all pages."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), path))


def _anchor(page: str, identifier: str = "") -> str:
    return f"{page.replace('/', '-')}--{identifier}" if identifier else page.replace("/", "-")


if __name__ == "__main__":
    sys.exit(main())
