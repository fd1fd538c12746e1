"""Lectures: a plan in one file becomes a deck, made of what a site keeps."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import asdict
from pathlib import Path

import deck_checks
import pytest
from browsing import Visit
from bs4 import BeautifulSoup
from deck_checks import ROOM
from tiers import nightly_but

from scorelab.__main__ import main
from scorelab.derivations.engine import words
from scorelab.lectures.deck import made
from scorelab.lectures.pace import PACE
from scorelab.lectures.plan import parsed, read_plan
from scorelab.lectures.site import Chapter, Kept, Site

ROOT = Path(__file__).resolve().parent.parent
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html")).resolve()
PLANS = sorted((ROOT / "book/lectures").glob("*.yml"))

needs_book = pytest.mark.skipif(
    not (HTML / "index.html").exists() and not os.environ.get("CI"),
    reason="the book is not built (make book)",
)


def step(name: str, **more: object) -> Kept:
    body = f'<div class="step"><p>{name}</p></div>'
    return Kept(
        f"eq-{name}",
        "derivation",
        name,
        body,
        "say it",
        1.5,
        "proof",
        derivation="tweedie",
        step=name,
        height=4.0,
        **more,
    )


CHAPTER = Chapter(
    "book/sde/waves",
    "book/sde/waves.html",
    "Waves",
    slides=(
        Kept("question", "prose", "Why?", "<p>Why</p>", section="the-question", minutes=2),
        Kept(
            "fig-wave",
            "figure",
            "A wave",
            '<figure><img src="../../_images/wave.svg"><a href="#eq-a">see</a></figure>',
            section="the-wave",
            minutes=3,
        ),
        Kept("fig-hidden", "figure", "Hidden", "<figure></figure>", "", 3, "the-wave", shown=False),
        *(step(name) for name in ("kernel", "noisy", "denoiser", "tweedie")),
        Kept(
            "measured",
            "measured",
            "Measured",
            "<table><tbody><!--rows--></tbody></table>",
            rows=(
                ("height of a wave", "<tr><td>height</td></tr>", True),
                ("its speed", "<tr><td>speed</td></tr>", False),
            ),
        ),
    ),
    sections={
        "the-wave": {"title": "The wave", "outline": 3.4, "board": 9, "text": 6, "steps": 0},
        "proof": {"title": "Proof", "outline": 1, "board": 12, "text": 3, "steps": 6},
    },
    exercises={"ex-wave": {"title": "Waves at home", "minutes": 20}},
)


@pytest.fixture
def site(tmp_path) -> Site:
    """A site of one chapter, one preset and one exercise."""
    folder = tmp_path / "site"
    files = {
        "lectures/site.json": {
            "title": "A book",
            "chapters": [CHAPTER.name],
            "presets": {
                "reverse": {"title": "Noise becomes data", "see": "Look."},
                "new": {"title": "A new figure", "see": "Look at it."},
            },
        },
        f"lectures/slides/{CHAPTER.name}.json": asdict(CHAPTER),
    }
    for name, told in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(told), encoding="utf-8")
    (folder / "embed.html").write_text("<p>live</p>")
    return Site(folder)


def deck_of(site: Site, *items: dict, out: Path | None = None, **plan: object) -> BeautifulSoup:
    """The page of a plan with these items."""
    told = parsed({"title": "A lecture", "items": list(items), **plan})
    where = out or site.folder / "lectures/deck.html"
    return BeautifulSoup(made(told, site, where).html, "html.parser")


def shown(deck: BeautifulSoup) -> list[str]:
    """The names of the slides, without the opening and the contents."""
    return [section.get("id") for section in deck.select(".slides > section")[2:]]


WAVES = {"chapter": "sde/waves"}


# The form of a plan


FORMS = {
    "title is missing": {"items": [WAVES]},
    "items is missing": {"title": "A"},
    "a plan has no 'minuts', did you mean minutes": {
        "title": "A",
        "minuts": 3,
        "items": [WAVES],
    },
    "language must be one of en, es, got 'fr'": {"title": "A", "language": "fr", "items": [WAVES]},
    "minutes must be a positive number, got -1": {"title": "A", "minutes": -1, "items": [WAVES]},
    "item 1: an item has one of chapter,": {"title": "A", "items": [{"chaptr": "a"}]},
    "an item with 'live' has no 'steps'": {"title": "A", "items": [{"live": "a", "steps": "b"}]},
    "item 2: how must be one of outline, board": {
        "title": "A",
        "items": [WAVES, {"section": "a#b", "how": "chalk"}],
    },
}


@pytest.mark.parametrize("message", FORMS)
def test_a_plan_of_another_form_is_refused_with_the_place(message):
    with pytest.raises(ValueError, match=re.escape(message)):
        parsed(FORMS[message])


def test_slides_are_named_as_in_the_lists_of_chapters():
    (item,) = parsed(
        {
            "title": "A",
            "items": [
                {
                    "chapter": "a",
                    "slides": ["fig-a", {"b": "one two"}, {"measured": "mode 2 | barrier"}],
                }
            ],
        }
    ).items
    assert item.slides == (
        ("fig-a", ()),
        ("b", ("one", "two")),
        ("measured", ("mode 2", "barrier")),
    )
    assert item.n_steps == 2


def test_yaml_that_is_none_and_a_missing_package_are_told(tmp_path, monkeypatch):
    file = tmp_path / "plan.yml"
    file.write_text("title: [")
    with pytest.raises(ValueError, match=r"plan\.yml: .*line 1"):
        read_plan(file)
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ModuleNotFoundError, match=r"scorelab\[decks\]"):
        read_plan(file)


# What a plan names


NAMED = {
    "item 1: no chapter is called 'sde/wave', did you mean sde/waves?": {"chapter": "sde/wave"},
    "sde/waves has no section 'a-wave', did you mean the-wave": {"section": "sde/waves#a-wave"},
    "sde/waves has no slide 'fig-waves', did you mean fig-wave": WAVES | {"slides": ["fig-waves"]},
    "shows no step 'kernl' of tweedie, did you mean kernel": WAVES
    | {"slides": [{"tweedie": "kernl"}]},
    "no row of the table measured in sde/waves says 'depth'": WAVES
    | {"slides": [{"measured": "depth"}]},
    "no theorem is called 'tweedy', did you mean tweedie": {"theorem": "tweedy"},
    "tweedie has no step 'slop'": {"theorem": "tweedie", "steps": ["slop"]},
    "no preset is called 'reversed', did you mean reverse": {"live": "reversed"},
    "no exercise is called 'ex-waves', did you mean ex-wave": {"homework": ["ex-waves"]},
}


def test_all_that_is_not_there_is_named_at_once_and_nothing_is_written(site, tmp_path, capsys):
    plan = tmp_path / "plan.yml"
    plan.write_text(json.dumps({"title": "A", "items": list(NAMED.values())}))  # JSON is YAML
    assert main(["lecture", str(plan), "--site", str(site.folder)]) != 0
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    for message in NAMED:
        assert message in told
    assert not (site.folder / "lectures/plan.html").exists()


def test_a_site_without_slides_or_live_figures_is_told(site, tmp_path):
    with pytest.raises(ValueError, match="is no built site that keeps its slides"):
        Site(tmp_path)
    (site.folder / "embed.html").unlink()
    with pytest.raises(ValueError, match=r"the site has no embed\.html"):
        deck_of(site, {"live": "reverse"})


# What is on a deck


def test_slides_come_in_the_order_of_the_plan_and_a_section_shows_what_its_chapter_does(site):
    assert shown(deck_of(site, WAVES | {"slides": ["fig-hidden", "question"]})) == [
        "fig-hidden",
        "question",
    ]
    assert shown(deck_of(site, {"section": "sde/waves#the-wave"})) == ["fig-wave"]
    twice = deck_of(site, {"section": "sde/waves#the-wave"}, {"section": "sde/waves#the-wave"})
    assert shown(twice) == ["fig-wave", "fig-wave--2"]


def test_definitions_are_brought_along_and_steps_share_slides(site):
    deck = deck_of(site, WAVES | {"slides": [{"tweedie": "tweedie"}]})
    steps = [tag.get_text() for tag in deck.select(".step p")]
    assert steps[-1] == "tweedie"
    assert {"noisy", "denoiser"} <= set(steps)  # what the formula speaks of
    assert all(len(s.select(".step")) <= 2 for s in deck.select("section.derivation"))


def test_rows_of_a_table_are_chosen(site):
    rows = [["height"], ["speed"]]
    for slides, wanted in ((["measured"], rows[0]), ([{"measured": "speed"}], rows[1])):
        deck = deck_of(site, WAVES | {"slides": slides})
        assert [tag.get_text() for tag in deck.select("td")] == wanted


@pytest.mark.parametrize("out", ["site/lectures/a.html", "talk/a.html"])
def test_addresses_lead_from_the_deck_to_the_site_and_to_the_plan(site, tmp_path, out):
    text = "![my own](mine.png) and [the world](https://example.org/a)"
    told = parsed(
        {
            "title": "A",
            "items": [WAVES | {"slides": ["fig-wave"]}, {"slide": "Mine", "text": text}],
        }
    )
    where = tmp_path / out
    html = made(told, site, where, beside=tmp_path / "talk").html
    deck = BeautifulSoup(html, "html.parser")
    wave, mine = (deck.select_one(f"{what} img")["src"] for what in ("#fig-wave", "#mine"))
    assert (where.parent / wave).resolve() == (site.folder / "_images/wave.svg").resolve()
    assert (where.parent / mine).resolve() == (tmp_path / "talk/mine.png").resolve()
    assert deck.select_one("#mine a")["href"] == "https://example.org/a"
    page, _, anchor = deck.select_one("#fig-wave a")["href"].partition("#")
    assert (where.parent / page).resolve() == site.folder / "book/sde/waves.html"
    assert anchor == "eq-a"


def test_a_slide_of_ones_own_holds_markdown_and_formulas_and_no_html(site):
    text = "- *one* $x^2$\n- **two**\n\n$$\ny = 1\n$$\n\n<script>alert(1)</script>"
    deck = deck_of(site, {"slide": "Mine $a$", "text": text, "notes": "Say *this*."})
    body = deck.select_one("#mine-a .body")
    assert [tag.name for tag in body.find_all(["em", "strong", "li"])] == [
        *("li", "em", "li", "strong")
    ]
    assert [tag.get_text() for tag in deck.select("#mine-a annotation")] == ["a", "x^2", "y = 1"]
    assert not body.find("script")
    assert "<em>this</em>" in str(deck.select_one("#mine-a .notes"))
    with pytest.raises(ValueError, match=r"the formula '\\\\frac\{1'"):
        deck_of(site, {"slide": "Mine", "text": "$\\frac{1$"})


def test_a_theorem_has_notes_beside_every_step(site):
    deck = deck_of(site, {"theorem": "tweedie", "steps": ["tweedie"]}, notation="song")
    sections = deck.select("section.derivation")
    assert sections
    for section in sections:
        assert "tweedie" in section.select_one(".notes").get_text()
    assert "Left out before this" in sections[-1].select_one(".notes").get_text()


def test_what_is_english_in_a_spanish_deck_is_marked(site, monkeypatch):
    plan = {"language": "es", "title": "Una clase"}
    items = [
        WAVES | {"slides": ["fig-wave"]},
        {"live": "reverse"},
        {"live": "new"},
        {"homework": ["ex-wave"]},
        {"slide": "Hola", "text": "¿Qué tal?"},
        {"theorem": "tweedie", "steps": ["tweedie"]},
    ]
    # Whatever words there are by now: once without, once with those of a theorem.
    known = words.words_of
    without = lambda name, language: known(name, "en") if language == "en" else _none()  # noqa: E731
    monkeypatch.setattr("scorelab.lectures.deck.words_of", without)
    deck = deck_of(site, *items, **plan)
    assert deck.html["lang"] == "es"
    marked = {s["id"] for s in deck.select("section[lang=en]")}
    assert {"fig-wave", "new", "tweedie"} <= marked
    assert not marked & {"reverse", "hola", "contents", "homework"}
    for section in deck.select("section[lang=en]"):
        assert section.select_one(".language").get_text() == "EN"
    assert deck.select_one("#contents h2").get_text() == "Contenido"
    assert deck.select_one("#reverse h2").get_text() == "El ruido se vuelve datos"
    assert deck.select_one("#homework h2").get_text() == "Tarea"
    assert deck.select_one("#homework a")["lang"] == "en"
    assert deck.select_one("#homework .badge").get_text() == "EN"


def _none():
    raise ValueError("no words")


def test_every_preset_has_its_words_in_spanish():
    from scorelab.figures.live import PRESETS
    from scorelab.lectures.speaking import phrases

    assert phrases("es")["presets"].keys() == {preset.name for preset in PRESETS}
    assert phrases("es").keys() - {"presets"} == phrases("en").keys()


# Minutes


def test_minutes_are_counted_and_told(site, tmp_path, capsys):
    items = [
        {"section": "sde/waves#the-wave", "how": "outline"},
        {"section": "sde/waves#proof", "slides": [{"tweedie": "kernel noisy"}]},
        {"live": "reverse"},
        {"slide": "Mine", "text": "word " * 50, "minutes": 4},
    ]
    wanted = [3.4, 3 + 2 * PACE["steps"][0], PACE["figures"][0], 4]
    told = parsed({"title": "A", "minutes": 22, "items": items})
    deck = made(told, site, site.folder / "lectures/a.html")
    assert [minutes for _, minutes in deck.items] == pytest.approx(wanted)
    assert deck.too_long(told) == ""
    page = BeautifulSoup(deck.html, "html.parser")
    times = [tag.get_text() for tag in page.select("#contents .time")]
    assert times == ["3 min", "6 min", "3 min", "4 min"]
    assert page.select_one("#deck")["data-seconds"] == str(22 * 60)
    seconds = [int(s["data-timing"]) for s in page.select("[data-timing]")]
    assert sum(seconds) == pytest.approx(60 * sum(wanted), abs=len(seconds))
    plan = tmp_path / "plan.yml"
    plan.write_text(json.dumps({"title": "A", "minutes": 20, "items": items}))
    assert main(["lecture", str(plan), "--site", str(site.folder)]) == 0
    said = capsys.readouterr()
    assert "takes 16 of 20 minutes: 5 are wanted for questions" in said.err
    assert "plan.html: 6 slides, 16 of 20 minutes" in said.out


def test_a_deck_elsewhere_says_what_must_stay_where_it_is(site, tmp_path, capsys):
    plan = tmp_path / "plan.yml"
    plan.write_text(json.dumps({"title": "A", "items": [WAVES | {"slides": ["question"]}]}))
    out = tmp_path / "talk/deck.html"
    command = ["lecture", str(plan), "--site", str(site.folder), "--lang", "es"]
    assert main([*command, "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert "it needs the site at" in said.out
    assert "1 slides are in English and marked EN" in said.err
    assert "../site/_static/reveal.js" in out.read_text(encoding="utf-8")


# The book's own lectures


@needs_book
@pytest.mark.parametrize("plan", PLANS, ids=lambda file: file.stem)
def test_a_lecture_of_the_book_has_its_deck_which_fits(plan):
    site = Site(HTML)
    told = read_plan(plan)
    deck = made(told, site, HTML / f"lectures/{plan.stem}.html", beside=plan.parent)
    assert deck.too_long(told) == ""
    assert deck.html == (HTML / f"lectures/{plan.stem}.html").read_text(encoding="utf-8")
    page = BeautifulSoup(deck.html, "html.parser")
    for section in page.select("section.derivation"):
        assert section.select_one(".notes")
    missing = [
        tag["src"]
        for tag in page.select("[src]")
        if not (HTML / "lectures" / tag["src"].partition("#")[0]).exists()
    ]
    assert missing == []


@needs_book
@pytest.mark.parametrize("plan", nightly_but(PLANS[:1], PLANS), ids=lambda file: file.stem)
def test_nothing_is_cut_off_on_a_lecture(browser, plan):
    address = (HTML / f"lectures/{plan.stem}.html").as_uri()
    with Visit(browser, address, viewport=ROOM) as visit:
        seen = deck_checks.slides(visit)
        assert deck_checks.complaints(seen) == []
        assert visit.faults == []


@needs_book
def test_the_plan_on_the_lecturers_page_becomes_a_deck(browser, tmp_path):
    text = (ROOT / "book/teaching.md").read_text(encoding="utf-8")
    listing = re.search(r":caption: lecture\.yml\n\n(.*?)\n *```", text, flags=re.S)[1]
    assert len(listing.splitlines()) <= 15
    plan = tmp_path / "lecture.yml"
    plan.write_text(re.sub(r"(?m)^   ", "", listing), encoding="utf-8")
    out = tmp_path / "lecture.html"
    assert main(["lecture", str(plan), "--site", str(HTML), "--out", str(out)]) == 0
    with Visit(browser, out.as_uri(), viewport=ROOM) as visit:
        seen = deck_checks.slides(visit)
        assert deck_checks.complaints(seen) == []
    assert any("EN" in slide.text for slide in seen)


def test_a_formula_between_double_dollars_stands_alone_without_empty_lines(site):
    deck = deck_of(site, {"slide": "Score", "text": "It is\n$$s = 1.$$\nand $x$ too, 'a $$y$$'"})
    (section,) = deck.select("#score")
    assert len(section.select("mjx-container[display]")) == 2
    assert "$" not in section.get_text()


def test_a_notation_lies_beside_its_plan(tmp_path):
    (tmp_path / "own.toml").write_text("[roles]\nbrownian = 'B'\n", encoding="utf-8")
    plan = tmp_path / "plan.yml"
    plan.write_text(
        "title: A\nnotation: own.toml\nitems:\n- slide: B\n  text: c\n", encoding="utf-8"
    )
    assert read_plan(plan).notation == str(tmp_path / "own.toml")
    plan.write_text("title: A: b\nitems: []\n", encoding="utf-8")
    with pytest.raises(ValueError, match="a title with a colon needs quotes"):
        read_plan(plan)
