"""How the book is cited, and what catalogues, citation managers and language models find of it.

All of it is made of ``CITATION.cff`` at the root and of the title, description and address that a
page has anyway: BibTeX in a fold below each page and each derivation, the licences in the footer,
JSON-LD (schema.org) and the tags of citation managers in the head, and ``llms.txt`` (llmstxt.org),
the list of all pages in the site's root. A site without that file has none of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from html import escape, unescape
from pathlib import Path
from urllib.parse import quote, urljoin

import yaml
from docutils import nodes
from scorebook import contents
from scorebook.translations.pages import site_address
from scorebook.words import word
from sphinx import addnodes
from sphinx.application import Sphinx

from scorelab._support.files import write_whole

INDEX = "llms.txt"
LICENCES = {  # by SPDX's identifiers: what they are called, where they stand, what is under them
    "CC-BY-4.0": ("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/", "Text and figures"),
    "MIT": ("MIT", "https://opensource.org/license/mit", "Code"),
}


def register(app: Sphinx) -> None:
    """Make known what ``CITATION.cff`` says; pages are written again when it changes."""
    app.add_config_value("citation", record(Path(app.srcdir, "CITATION.cff")), "html", dict)


def record(file: Path) -> dict:
    """What a citation file says, as text and lists of text; nothing if there is no file.

    Raises:
        ValueError: if it names a licence that is not in `LICENCES`.
    """
    if not file.is_file():
        return {}
    said = yaml.safe_load(file.read_text(encoding="utf-8"))
    for licence in said["license"]:
        if licence not in LICENCES:
            raise ValueError(f"{file.name}: license: {licence!r} is none of {', '.join(LICENCES)}")
    return {
        "title": said["title"],
        "abstract": " ".join(said["abstract"].split()),
        "authors": [who["name"] for who in said["authors"]],
        "version": str(said["version"]),
        "date": str(said["date-released"]),
        "licences": sorted(said["license"]),
        "keywords": said["keywords"],
    }


def bibtex(cited: dict, key: str, title: str, address: str = "") -> str:
    """An entry for BibTeX and biblatex, for the book or for a part of it."""
    authors = " and ".join(f"{{{_tex(name)}}}" for name in cited["authors"])
    fields = {"author": authors, "title": f"{{{_tex(title)}}}"}
    if title != cited["title"]:
        fields["howpublished"] = _tex(cited["title"])
    fields |= {"year": cited["date"][:4], "note": f"Version {cited['version']}"}
    if address:
        fields["url"] = address
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@misc{{{key},\n{lines}\n}}"


def fold(app: Sphinx, page: str, key: str, title: str, *, at: str = "", line: str = "") -> str:
    """*Cite*: what opens on a page, or at `at` as seen from it, with BibTeX and perhaps a line.

    Where the book has no fixed address the script adds that at which it is read (``data-at``).
    """
    known = app.config.html_baseurl and urljoin(site_address(app, page), at)
    entry = bibtex(app.config.citation, key, title, known) if app.config.citation else ""
    place = "" if known else f' data-at="{escape(at)}"'
    pre = f'<pre tabindex="0" data-name="{escape(key)}"{place}>{escape(entry)}</pre>'
    own = "" if line else ' id="cite-this-page"'
    says = word("Cite", contents.language(app.env, page))
    return (
        f'<details class="cite"{own}><summary>{says}</summary>'
        + f"<p><cite>{escape(line)}</cite></p>" * bool(line)
        + f"{pre * bool(entry)}</details>"
    )


def describe(
    app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    """What the layout needs for the head and the footer, after `sharing.describe_page`."""
    cited = app.config.citation
    if not cited:
        return
    say = partial(word, language=contents.language(app.env, page))
    context["licences"] = [
        {"what": say(what), "name": name, "url": url}
        for name, url, what in (LICENCES[licence] for licence in cited["licences"])
    ]
    if doctree is None:
        return
    whole = page == app.config.root_doc
    title = cited["title"] if whole else app.env.titles[page].astext()
    key = "scorelab" if whole else f"scorelab-{page.removeprefix('book/').replace('/', '-')}"
    context["cite"] = fold(app, page, key, title)
    button = {"type": "link", "url": "#cite-this-page", "text": "Cite", "tooltip": "Cite this page"}
    context.setdefault("header_buttons", []).append(button)
    context["citation_tags"] = list(_tags(app, page, title, context))
    said = json.dumps(_linked_data(app, page, title, context), ensure_ascii=False)
    context["linked_data"] = said.replace("<", r"\u003c")  # nothing in it ends the script


def _tags(app: Sphinx, page: str, title: str, context: dict) -> Iterator[tuple[str, str]]:
    """The tags that citation managers and Google Scholar read."""
    cited = app.config.citation
    yield "citation_title", title
    for name in cited["authors"]:
        yield "citation_author", name
    yield "citation_publication_date", cited["date"].replace("-", "/")
    yield "citation_language", contents.language(app.env, page)
    if page != app.config.root_doc:
        yield "citation_inbook_title", cited["title"]
    if context.get("pageurl"):
        yield "citation_public_url", context["pageurl"]


def _linked_data(app: Sphinx, page: str, title: str, context: dict) -> dict:
    """The page by the vocabulary of schema.org."""
    cited, whole = app.config.citation, page == app.config.root_doc
    book = {"@type": "Book", "name": cited["title"]}
    if app.config.html_baseurl:
        book["url"] = site_address(app, app.config.root_doc)
    read = page in contents.chapters(app.env) or contents.is_translation(app.env, page)
    said = {
        "@context": "https://schema.org",
        "@type": [
            "Book" if whole else "Chapter" if read else "WebPage",
            "LearningResource",
        ],
        "name": title,
        "description": cited["abstract"] if whole else context.get("description"),
        "author": [{"@type": "Organization", "name": name} for name in cited["authors"]],
        "datePublished": cited["date"],
        "version": cited["version"],
        "license": [LICENCES[licence][1] for licence in cited["licences"]],
        "inLanguage": contents.language(app.env, page),
        "isAccessibleForFree": True,
        "url": context.get("pageurl"),
        "image": context.get("card"),
        "isPartOf": None if whole else book,
        "keywords": cited["keywords"] if whole else None,
    }
    return {name: value for name, value in said.items() if value}


def write_index(app: Sphinx, exception: Exception | None) -> None:
    """Write ``llms.txt``, with addresses from the site's root unless the book has its own."""
    if exception or app.builder.format != "html":
        return
    file, cited = Path(app.outdir, INDEX), app.config.citation
    if not cited:
        file.unlink(missing_ok=True)  # that of an earlier build
        return
    under = "; ".join(
        f"{what.lower()}: {name}" for name, _, what in map(LICENCES.get, cited["licences"])
    )
    head = [
        f"# {cited['title']}",
        f"> {cited['abstract']}",
        f"Version {cited['version']} of {cited['date']}, by {', '.join(cited['authors'])}. "
        f"Licences of {under}. The source of a page, such as `book/live.html`, is Markdown: "
        "`_sources/book/live.md`.",
    ]
    parts = {"": [app.config.root_doc]}
    for tree in app.env.tocs[app.config.root_doc].findall(addnodes.toctree):
        pages = [page for _, page in tree["entries"] if page in app.env.found_docs]
        parts.setdefault(tree.get("caption") or "", []).extend(pages)
    for caption, pages in parts.items():
        head.append(f"## {caption or 'The book'}")
        head.append("\n".join(_item(app, page) for page in pages))
    write_whole(file, ("\n\n".join(head) + "\n").encode())


def _item(app: Sphinx, page: str) -> str:
    """A page in a list: its title, its address, and the description that it gives of itself."""
    target = app.builder.get_target_uri(page)
    html = Path(app.outdir, target).read_text(encoding="utf-8")
    found = re.search(r'<meta name="description" content="([^"]*)"', html)
    title = app.env.titles[page].astext().replace("[", r"\[").replace("]", r"\]")
    says = f": {unescape(found[1])}" if found and found[1] else ""
    return f"- [{title}]({app.config.html_baseurl}{quote(target)}){says}"


def _tex(text: str) -> str:
    """Text with formulas between dollar signs, for BibTeX."""
    parts = re.split(r"(\$[^$]+\$)", text)
    return "".join(p if p.startswith("$") else re.sub(r"([&%$#_{}])", r"\\\1", p) for p in parts)
