"""Every translation of the book, compared with its original at each build."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from scorebook.chapters.execution import executor_of
from scorebook.translations.compare import differences, headings, names_of, renamed
from scorebook.translations.pieces import Piece, pieces
from scorebook.translations.twins import Twin, broken, twins

logger = logging.getLogger(__name__)


def check(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of each place where a translation is not like its original."""
    for page, complaint in broken(env):
        logger.warning(complaint, location=page, type="translations")
    for twin, other, line, says in _complaints(app, env):
        logger.warning(
            "not as in %s.md:%d: %s",
            *(twin.original, other, says),
            location=(twin.page, line),
            type="translations",
        )


def _complaints(app: Sphinx, env: BuildEnvironment) -> Iterator[tuple[Twin, int, int, str]]:
    texts = {page: _pieces(app, page) for twin in twins(env) for page in (twin.original, twin.page)}
    for language in sorted({twin.language for twin in twins(env)}):
        pairs = [twin for twin in twins(env) if twin.language == language]
        names: dict[str, str] = {}
        for twin in pairs:
            both = texts[twin.original], texts[twin.page]
            names |= names_of(twin.original, both[0], twin.page, both[1], language)
        for twin in pairs:
            both = texts[twin.original], texts[twin.page]
            own = {f"#{a}": f"#{b}" for a, b in headings(*both).items()}
            for found in differences(renamed(both[0], own | names), both[1]):
                yield twin, found.there, found.here, found.says


def _pieces(app: Sphinx, page: str) -> list[Piece]:
    """The pieces of a page, where each cell goes by the page that executes it."""
    path = Path(app.env.doc2path(page))
    found = pieces(path.read_text(encoding="utf-8"), page)
    chapter = executor_of(app).read(page, path)
    cells = iter(chapter.origins if chapter else [])
    return [_executed(piece, page, cells) if piece.kind == "cell" else piece for piece in found]


def _executed(piece: Piece, page: str, cells: Iterator) -> Piece:
    source, index = next(cells)
    own = source.own_cells[index].metadata.get("cell", index + 1) if source else None
    value = f"{source.name}:{own}" if source else f"{page}:{piece.value.rpartition(':')[2]}"
    return Piece(piece.kind, value, piece.line)
