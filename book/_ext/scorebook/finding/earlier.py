"""'From before': what a chapter takes from earlier ones, folded, at its top.

It is made from the chapter's own references: equations and figures of earlier chapters that it
refers to, and words of the glossary that were introduced there.
"""

from __future__ import annotations

import posixpath
from urllib.parse import unquote, urlsplit

from docutils import nodes
from scorebook import contents
from scorebook.finding import glossary
from scorebook.pages.layout import fold, fold_title
from sphinx.transforms.post_transforms import SphinxPostTransform

KINDS = {"equation-": "Equations", "fig-": "Figures", "tab-": "Tables", "term-": "Words"}


class FromBefore(SphinxPostTransform):
    """Puts the fold before the chapter's first section."""

    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        order = contents.chapters(self.env)
        if self.env.docname not in order or contents.stands_alone(self.env, self.env.docname):
            return
        earlier = order[: order.index(self.env.docname)]
        needed = self._needed(earlier)
        if needed:
            self._insert(needed)

    def _needed(self, earlier: list[str]) -> dict[str, dict[str, list[nodes.reference]]]:
        """The links, by the chapter to which what they name belongs and by kind."""
        homes = {a: e.home for e in glossary.known_entries(self.env) for a in e.anchors}
        found: dict[str, dict[str, list[nodes.reference]]] = {page: {} for page in earlier}
        seen: set[str] = set()
        for link in self.document.findall(nodes.reference):
            page, anchor = self._target(link)
            home = homes.get(anchor) if page == glossary.PAGE else page
            kind = next((k for k in KINDS if anchor.startswith(k)), None)
            if home not in found or kind is None or anchor in seen:
                continue
            seen.add(anchor)
            copy = nodes.reference(
                "", link.astext(), internal=True, refuri=link["refuri"], classes=link["classes"]
            )
            found[home].setdefault(kind, []).append(copy)
        return {page: kinds for page, kinds in found.items() if kinds}

    def _target(self, link: nodes.reference) -> tuple[str | None, str]:
        """The page and the anchor to which a link inside the book leads."""
        parts = urlsplit(link.get("refuri", ""))
        if parts.scheme or not parts.path or not parts.fragment:
            return None, ""
        here = posixpath.dirname(self.app.builder.get_target_uri(self.env.docname))
        path = posixpath.normpath(posixpath.join(here, unquote(parts.path)))
        return path.removesuffix(".html"), unquote(parts.fragment)

    def _insert(self, needed: dict[str, dict[str, list[nodes.reference]]]) -> None:
        items = nodes.bullet_list()
        for page, kinds in needed.items():
            line = nodes.paragraph()
            line += nodes.reference(
                "",
                self.env.titles[page].astext(),
                internal=True,
                refuri=self.app.builder.get_relative_uri(self.env.docname, page),
            )
            for i, (kind, links) in enumerate((k, kinds[k]) for k in KINDS if k in kinds):
                line += nodes.Text(". " if i else ": ")
                line += nodes.Text(f"{KINDS[kind].lower() if not i else KINDS[kind]} ")
                for j, link in enumerate(links):
                    line += [nodes.Text(", "), link] if j else [link]
            line += nodes.Text(".")
            items += nodes.list_item("", line)
        box = fold("", fold_title("", "From before"), items, kind="before", classes=["before"])
        first = next(self.document.findall(nodes.section), self.document)
        place = next(
            (i for i, n in enumerate(first.children) if isinstance(n, nodes.section)), len(first)
        )
        first.insert(place, box)
