"""The words of the theorems: complete in both languages, of the same formulas, fit for any TeX."""

import re
from collections import Counter

import pytest

from scorelab import derivations
from scorelab.derivations import Derivation, Step
from scorelab.derivations.engine.derivation import DerivationError, equation, theorem
from scorelab.derivations.engine.words import LANGUAGES, Words, phrases, read_words, words_of
from scorelab.derivations.export import NOTATIONS, notation_called

NAMES = derivations.available()


def formulas(text: str) -> Counter:
    """The formulas of a text without what is words in them."""
    found = re.findall(r"\$\$?([^$]+)\$\$?", text)
    return Counter(re.sub(r"\\text\{[^{}]*\}|\s|[.,;]$", "", formula) for formula in found)


def said(name: str, language: str) -> dict[str, str]:
    """Every text of a theorem by its place."""
    file = words_of(name, language)
    texts = {"title": file.title, "statement": file.statement}
    for part in ("assumptions", "sources"):
        texts |= {f"{part} {i}": text for i, text in enumerate(getattr(file, part))}
    for part in ("titles", "reasons"):
        texts |= {f"{part} {step}": text for step, text in getattr(file, part).items()}
    return texts


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_every_step_has_a_title_and_a_reason_and_every_text_is_sound(name, language):
    steps = [step.name for step in derivations.unchecked(name).steps]
    file, texts = words_of(name, language), said(name, language)
    assert list(file.titles) == steps
    assert list(file.reasons) == steps
    assert file.assumptions
    assert file.sources
    for place, text in texts.items():
        assert text, place
        plain = re.sub(r"\$\$?[^$]+\$\$?|`[^`]+`", "", text)
        assert "$" not in plain, f"{place}: a formula is not closed"
        # Any TeX sets letters and dashes; σ, x² or ∇ are written as formulas.
        assert not re.search(r"[^\x00-\xff–—…‘’“”]", plain), f"{place}: {text}"
        assert not re.search(r"[²³¹½×·±]", plain), f"{place}: {text}"
    for place, text in texts.items():
        if place.startswith("reasons"):
            assert text[0] != "…", f"{place} goes on with another step's sentence"
            assert text.rstrip()[-1] in ".:?)$", f"{place}: {text}"
        if place.startswith("assumptions"):
            assert text.rstrip(")").endswith("."), f"{place}: {text}"


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_speak_of_the_same_formulas(name):
    english, spanish = said(name, "en"), said(name, "es")
    assert list(english) == list(spanish)
    for place, text in english.items():
        assert formulas(text) == formulas(spanish[place]), place


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("notation", NOTATIONS)
def test_every_theorem_can_be_written_in_every_ready_notation(name, notation):
    text = derivations.unchecked(name).to_markdown(notation=notation, language="es")
    assert r"\held" not in text
    assert "**Teorema**" in text


def test_both_languages_have_all_phrases():
    def keys(table, above=""):
        for key, value in table.items():
            yield from keys(value, f"{above}{key}.") if isinstance(value, dict) else [above + key]

    assert sorted(keys(phrases("en"))) == sorted(keys(phrases("es")))


SMALL = Derivation("small", "Small", [Step("one", equation(1, 1), "One.")])


def test_words_are_laid_over_a_derivation_and_leave_the_rest():
    other = SMALL.worded(Words(title="Klein", reasons={"one": "Eins."}))
    assert (other.title, other["one"].reason, other["one"].equation) == (
        "Klein",
        "Eins.",
        SMALL["one"].equation,
    )
    assert SMALL.title == "Small"
    with pytest.raises(ValueError, match="small has no step 'two', it has one"):
        SMALL.worded(Words(titles={"two": "Two"}))


def test_a_language_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="language must be one of en, es, got 'fr'"):
        derivations.unchecked("tweedie").in_language("fr")
    with pytest.raises(ValueError, match="small has no words in the language 'es'"):
        SMALL.to_latex(language="es")
    with pytest.raises(DerivationError, match="no-such-theorem has no words"):
        theorem("no-such-theorem", SMALL.steps)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = 1", "title is not text"),
        ("titel = 'x'", "no words are called titel"),
        ("assumptions = 'x'", "assumptions is not a list of texts"),
        ("sources = [1]", "sources is not a list of texts"),
        ("steps = 1", "steps is not a table"),
        ("[steps]\na = 'x'", "steps.a is not a table"),
        ("[steps.a]\nraison = 'x'", "no words are called steps.a.raison"),
        ("title = ", "Invalid value"),
        ("[[steps]]", "steps is not a table"),
    ],
)
def test_a_file_of_words_that_is_none_is_refused(text, message, tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=re.escape(message)):
        read_words(file)


def notation(tmp_path, text: str):
    file = tmp_path / "own.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_role_is_renamed_wherever_it_stands_and_nothing_else(tmp_path):
    own = notation(
        tmp_path,
        r"""
[roles]
brownian = 'B'
random = 'Y'
""",
    )
    text = derivations.unchecked("reverse-sde").to_markdown(notation=own)
    assert r"g(t)\,\mathrm{d}B" in text.replace(" ", "")
    assert "w_{1}" in text or "w_1" in text  # the weights keep their letter
    assert r"\mathrm{d}w" not in text
    assert "p_{t}(x)" in text or "p_t(x)" in text  # a value is not the random variable
    assert "$Y_t$" in text


def test_a_symbol_of_the_same_letter_leaves_brownian_motion_alone():
    text = derivations.unchecked("reverse-sde").to_markdown(symbols={"w_1": "W_1"})
    assert r"\mathrm{d}w" in text
    assert "W_1" in text


def test_a_single_symbol_has_the_last_word(tmp_path):
    own = notation(tmp_path, "[symbols]\nsigma = '\\sigma_t'\n")
    tweedie = derivations.unchecked("tweedie")
    assert r"\sigma_t" in tweedie.to_markdown(notation=own)
    text = tweedie.to_markdown(notation=own, symbols={"sigma": r"\tau"})
    assert r"\tau^2" in text
    assert r"\sigma" not in text


def test_the_score_is_a_function_or_a_gradient_as_one_likes(tmp_path):
    own = notation(
        tmp_path,
        r"""
[roles]
score = { name = 's_\theta', applied = ['s_\theta(#1)', 's_\theta(#1; #2)'] }
""",
    )
    text = derivations.unchecked("reverse-sde").to_markdown(notation=own)
    assert r"s_\theta(x; t)" in text
    assert "s(x, t)" not in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[roles]\nscores = 's'", "no role is called 'scores'"),
        ("[roles]\nscore = 1", "'score' is not TeX but 1"),
        ("[roles]\nscore = { name = 's' }", "neither TeX nor a name"),
        ("[symbols]\nx = 'σ'", "is not TeX"),
        ("[letters]\nx = 'y'", "'letters' is none of says, roles"),
        ("roles = 1", "'roles' is not a table"),
        ("[roles]\nbrownian = 'x'", "x already stands for something else"),
    ],
)
def test_a_notation_that_is_none_is_refused(text, message, tmp_path):
    own = notation(tmp_path, text)
    with pytest.raises(ValueError, match=re.escape(message)):
        derivations.unchecked("reverse-sde").to_markdown(notation=own)


def test_ready_notations_say_what_they_are():
    assert all(notation_called(name).says for name in NOTATIONS)
