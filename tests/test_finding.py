"""Finding one's way: names that search knows, the glossary, the indices, what comes from before."""

from __future__ import annotations

import inspect
import json
import os
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from html_checks import parsed
from scorebook.finding import glossary, things

import scorelab
from scorelab import implicit, langevin, likelihood, solvers

ROOT = Path(__file__).resolve().parent.parent
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
GLOSSARY = HTML / "book/reference/glossary.html"
INDICES = HTML / "book/reference/indices.html"

needs_book = pytest.mark.skipif(
    not INDICES.exists() and not os.environ.get("CI"), reason="the book is not built (make book)"
)


def soup(path: Path) -> BeautifulSoup:
    return parsed(path, HTML).soup


def chapters() -> list[Path]:
    pages = [p for p in sorted((HTML / "book").glob("*/*.html")) if p.parent.name != "reference"]
    assert len(pages) > 10
    return pages


# Which words are linked


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The score is", ["score"]),
        ("Scores, and the score-based", ["score"]),
        ("underscore scored", []),
        ("Annealed Langevin dynamics", ["annealed langevin dynamics"]),
        ("langevin\n dynamics", ["langevin dynamics"]),
        ("an SDE, two SDEs, no sde", ["SDE", "SDE"]),
        ("Tweedie’s formula, Tweedie's formula", ["tweedie's formula"] * 2),
    ],
)
def test_words_are_found_in_running_text(text, found):
    words = ["score", "Langevin dynamics", "annealed Langevin dynamics", "SDE", "Tweedie's formula"]
    matches = glossary.matcher(words).finditer(text)
    assert [glossary._plain(m["word"]).removesuffix("S") for m in matches] == found


@needs_book
def test_every_link_to_a_word_leads_to_an_entry_whose_definition_the_page_carries():
    entries = {dt["id"] for dt in soup(GLOSSARY).select("dl.glossary dt")}
    assert len(entries) >= 50
    seen = 0
    for page in chapters():
        whole = soup(page)
        carried = {box["data-word"]: box for box in whole.find_all(attrs={"data-word": True})}
        for link in whole.select("article a.word"):
            path, _, anchor = link["href"].partition("#")
            assert (page.parent / path).resolve() == GLOSSARY.resolve()
            assert anchor in entries
            assert len(str(carried[anchor])) > 100
            assert not carried[anchor].find_all("a")
            seen += 1
    assert seen > 100


@needs_book
def test_a_word_is_linked_once_a_chapter_and_only_in_prose():
    for page in chapters():
        links = [
            a for a in soup(page).select("article a.word") if not a.find_parent(class_="before")
        ]
        anchors = [a["href"].partition("#")[2] for a in links]
        assert len(anchors) == len(set(anchors)), page.name
        for link in links:
            parents = {tag.name for tag in link.parents}
            assert not parents & {"h1", "h2", "h3", "pre", "code", "figcaption", "summary", "table"}
            assert not link.find_parent(class_="math")


@needs_book
def test_an_everyday_word_is_a_term_only_in_the_part_that_introduces_it():
    linking = {
        page.parent.name: page
        for page in chapters()
        if soup(page).select('article a.word[href$="#term-excess"]')
    }
    assert set(linking) == {"matching"}


@needs_book
def test_every_entry_says_where_it_is_introduced_and_most_are_met_in_chapters():
    entries = soup(GLOSSARY).select("dl.glossary > dd")
    for item in entries:
        assert "Introduced in" in item.get_text()
        assert item.select("a"), item.get_text()
    used = {a["href"] for page in chapters() for a in soup(page).select("article a.word")}
    assert len(used) > 0.6 * len(entries)


# Indices


@needs_book
def test_the_index_of_figures_is_complete():
    listed = [a["href"] for a in soup(INDICES).select("table.figures td:first-child a")]
    there = []
    for page in sorted((HTML / "book").rglob("*.html")):
        if page.name.endswith("-slides.html") or soup(page).html["lang"] != "en":
            continue  # a translation shows the figures of its original
        for figure in soup(page).select("article figure[id]"):
            there.append(f"{os.path.relpath(page, INDICES.parent)}#{figure['id']}")
    assert len(there) > 50
    assert sorted(listed) == sorted(there)


@needs_book
def test_the_index_of_figures_gives_their_numbers_and_says_film_for_a_film():
    for row in soup(INDICES).select("table.figures tbody tr"):
        link = row.select_one("a")
        path, _, anchor = link["href"].partition("#")
        figure = soup((INDICES.parent / path).resolve()).find(id=anchor)
        number = figure.select_one(".caption-number").get_text(strip=True)
        kind, shown = link.get_text().split(" ")
        assert number.split()[-1] == shown
        assert (kind == "Film") == bool(figure.find("video"))
        caption = " ".join(figure.select_one(".caption-text").get_text().split())
        words = " ".join(row.select("td")[1].get_text().split())
        assert caption.startswith(words)


@needs_book
def test_the_index_of_algorithms_holds_every_sampler_and_solver():
    listed = {a.get_text() for a in soup(INDICES).select("table.algorithms td:nth-child(2) a")}
    for module in (langevin, solvers, likelihood, implicit):
        for name in module.__all__:
            if inspect.isfunction(getattr(module, name)) and name != "field_and_divergence":
                assert name in listed
    assert {name for name in listed if not hasattr(scorelab, name)} <= {
        n for n in listed if re.fullmatch(r"\w+", n)
    }


# Captions, names


def figure(caption: list[nodes.Node]) -> nodes.figure:
    return nodes.figure("", nodes.caption("", "", *caption))


@pytest.mark.parametrize(
    ("caption", "first"),
    [
        ([nodes.Text("One thing. Another.")], "One thing."),
        ([nodes.Text("With σ = 2.5 it moves. Then")], "With σ = 2.5 it moves."),
        ([nodes.Text("Of "), nodes.math("", "x. y"), nodes.Text(" more. No")], "Of x. y more."),
        ([nodes.Text("No full stop")], "No full stop"),
    ],
)
def test_the_first_sentence_of_a_caption(caption, first):
    assert "".join(n.astext() for n in things.first_sentence(figure(caption))) == first


def test_a_step_is_known_by_what_its_cell_says_and_not_by_its_label():
    document = nodes.document(None, None)
    said = {"derivation": "tweedie", "step": "kernel"}
    document += nodes.math_block("", "a", label="eq-odd", **said)
    document += nodes.math_block("", "b", label="eq-tweedie-typed-by-hand")
    assert [(thing.kind, thing.title) for thing in things.found_things(document)] == [
        ("derivation", "Tweedie's formula · tweedie"),
        ("step", "Tweedie's formula: kernel · eq-odd"),
        ("formula", "tweedie typed by hand · eq-tweedie-typed-by-hand"),
    ]


# From before


@needs_book
def test_what_comes_from_before_comes_from_earlier_chapters():
    order = [a["href"] for a in soup(HTML / "book/index.html").select("#sidebar .toctree-l1 > a")]
    order = [(HTML / "book" / href).resolve() for href in order if not href.startswith("#")]
    folds = 0
    for page in chapters():
        box = soup(page).select_one("article details.before")
        if not box:
            continue
        folds += 1
        assert not box.has_attr("open")
        for link in box.select("a:not(.word)"):
            target = (page.parent / link["href"].partition("#")[0]).resolve()
            assert order.index(target) < order.index(page.resolve()), link["href"]
    assert folds >= 8


@needs_book
def test_search_knows_each_equation_once():
    index = (HTML / "searchindex.js").read_text(encoding="utf-8")
    data = json.loads(index[index.index("(") + 1 : index.rindex(")")])
    shown = [row[4] for rows in data["objects"].values() for row in rows]
    for label in ("eq-tweedie-tweedie", "eq-fokker-planck", "eq-fisher-gaussians-closed-form"):
        assert sum(name.endswith(f"· {label}") for name in shown) == 1
