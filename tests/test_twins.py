"""A translation has all that its original has, says so in its page, and no word of it is lost."""

from __future__ import annotations

from collections.abc import Iterator

import nbformat
import pytest
from bs4 import BeautifulSoup
from sample import PARTS, Book
from scorebook.translations.compare import differences, headings, names_of, renamed
from scorebook.translations.pieces import bare_tex, numbers, pieces
from scorebook.words import told_again, word
from tiers import nightly_but

ENGLISH = r"""
# The laboratory

A mixture of 3 Gaussians in $\R^2$ has the density {eq}`eq-lab-mixture`, see
[the chapter](../one.md) and [the solution](solution.md#the-solution).

(p1-a)=
## A density

$$
p(x) = \sum_k w_k\, p_k(x) \quad\text{for all } x
$$ (eq-lab-mixture)

The weights are 0.6 and 0.4, as {cite}`song2021` has it, in `mixture.py`; go [back](#p1-a).

:::{admonition} Mind the weights
:class: tip

- They are not equal.
- They sum to 1, see [](#a-picture).
:::

```{code-cell} ipython3
:from: solution
:cell: mixture
```

### A picture

```{code-cell} ipython3
---
cell: picture
mystnb:
  figure:
    caption: The density of $p$.
    name: fig-lab-density
  image:
    alt: two hills
---
draw()
```

| what | value |
|------|-------|
| mean | $\mu$ |
"""
SPANISH = r"""
# El laboratorio

Una mezcla de 3 gaussianas en $\R^2$ tiene la densidad {eq}`eq-lab-mixture-es`; véanse
[el capítulo](../one.md) y [la solución](solucion.md#la-solucion).

(p1-a-es)=
## Una densidad

$$
p(x) = \sum_k w_k\,p_k(x) \quad\text{para todo } x
$$ (eq-lab-mixture-es)

Como dice {cite}`song2021`, los pesos son 0.6 y 0.4, en `mixture.py`; [volver](#p1-a-es).

:::{admonition} Atención a los pesos
:class: tip

- No son iguales.
- Suman 1, véase [](#una-imagen).
:::

```{code-cell} ipython3
:from: solution
:cell: mixture
```

### Una imagen

```{code-cell} ipython3
---
from: laboratory
cell: picture
mystnb:
  figure:
    caption: La densidad de $p$.
    name: fig-lab-density-es
  image:
    alt: dos colinas
---
```

| qué | valor |
|-----|-------|
| media | $\mu$ |
"""
SOLUTIONS = ("# The solution\n\n(eq-x)=\n", "# La solucion\n\n(eq-x-es)=\n")


def compared(english: str, spanish: str) -> list:
    there, here = pieces(english, "lab/laboratory"), pieces(spanish, "lab/laboratorio")
    others = (pieces(text) for text in SOLUTIONS)
    names = names_of("lab/solution", next(others), "lab/solucion", next(others), "es")
    names |= names_of("lab/laboratory", there, "lab/laboratorio", here, "es")
    names |= {f"#{a}": f"#{b}" for a, b in headings(there, here).items()}
    return list(differences(renamed(there, names), here))


def line(text: str, words: str) -> int:
    return text[: text.index(words)].count("\n") + 1


def test_a_faithful_translation_is_not_complained_of():
    assert compared(ENGLISH, SPANISH) == []


@pytest.mark.parametrize(
    ("was", "becomes", "complaint"),
    [
        ("### Una imagen", "## Una imagen", "a heading of level 3 there, and a heading of level 2"),
        ("\n### Una imagen\n", "", "a heading of level 3 there, and nothing more"),
        (":cell: mixture", ":cell: density", "solution:mixture there, and a cell lab/solution:de"),
        ("from: laboratory\n", "", "lab/laboratory:picture there, and a cell lab/laboratorio:p"),
        (r"w_k\,p_k(x)", r"p_k(x)", r"a displayed formula p(x)=\sum_kw_k"),
        ("$$ (eq-lab-mixture-es)", "$$", "a target eq-lab-mixture-es there"),
        ("$$ (eq-lab-mixture-es)", "$$ (eq-lab-mixture)", "and a target eq-lab-mixture here"),
        (r"$\R^2$", r"$\R^3$", r"another formula (only there: \R^2; only here: \R^3)"),
        ("0.6 y 0.4", "0,6 y 0.4", "another number (only there: 0.6; only here: 0, 6)"),
        ("los pesos son 0.6 y 0.4", "los pesos son 0.6 y 0.5", "only there: 0.4; only here: 0.5"),
        ("{eq}`eq-lab-mixture-es`", "{eq}`eq-lab-mixture`", "only here: eq:eq-lab-mixture"),
        ("{cite}`song2021`", "Song", "only there: cite:song2021"),
        ("(../one.md)", "(../two.md)", "only there: one; only here: two"),
        ("solucion.md#la-solucion", "solution.md#the-solution", "lab/solucion#la-solucion"),
        ("[volver](#p1-a-es)", "[volver](#p1-a)", "only there: #p1-a-es; only here: #p1-a)"),
        ("(#una-imagen)", "(#a-picture)", "only there: #una-imagen; only here: #a-picture"),
        ("(p1-a-es)=", "(p1-a)=", "a target p1-a-es there, and a target p1-a here"),
        ("name: fig-lab-density-es", "name: fig-lab-density", "a target fig-lab-density-es there"),
        ("`mixture.py`", "`mezcla.py`", "another literal (only there: mixture.py; only here: mez"),
        ("- No son iguales.\n", "", "an item of a list there, and a cell"),
        ("| media | $\\mu$ |\n", "", "a row of a table there, and nothing more"),
        ("{admonition}", "{note}", "admonition :class: tip there, and a directive note"),
        (":class: tip", ":class: note", "a directive admonition :class: note here"),
        ("    caption: La densidad de $p$.\n", "", "a caption there, and an alt here"),
        ("    alt: dos colinas\n", "    width: 3\n", "an alt there, and a row of a table here"),
    ],
)  # fmt: skip
def test_what_a_translation_lacks_is_said_with_both_lines(was, becomes, complaint):
    assert was in SPANISH
    changed = SPANISH.replace(was, becomes)
    found = compared(ENGLISH, changed)
    assert any(complaint in difference.says for difference in found), found
    for difference in found:
        assert 1 < difference.there <= len(ENGLISH.splitlines())
        assert 1 <= difference.here <= len(changed.splitlines())


def test_the_lines_are_those_of_the_place():
    (found,) = compared(ENGLISH, SPANISH.replace("son 0.6", "son 0.7"))
    assert found.there == line(ENGLISH, "The weights are")
    assert found.here == line(SPANISH, "los pesos son")
    (found,) = compared(ENGLISH, SPANISH.replace("- Suman 1,", "- Suman 2,"))
    assert found.there == line(ENGLISH, "- They sum")
    assert found.here == line(SPANISH, "- Suman")


def test_a_paragraph_left_in_english_is_found_and_a_short_one_is_not():
    long = "Every mode of it is found by every chain in the end."
    short = "Yang Song, Stanford."
    for text, says in ((long, ["not translated: Every mode of it is found …"]), (short, [])):
        both = (f"{page}\n{text}\n" for page in (ENGLISH, SPANISH))
        assert [difference.says for difference in compared(*both)] == says


def test_words_in_formulas_and_spaces_do_not_count_but_signs_do():
    assert bare_tex(r"a \text{ if } b") == bare_tex(r"a\text{si}b")
    assert bare_tex(r"p_{\mathrm{data}}") == bare_tex(r"p_{\mathrm{datos}}")
    assert bare_tex(r"\mathrm{d}x") != bare_tex(r"\mathrm{e}x")
    assert bare_tex("a + b") != bare_tex("a - b")


def test_thousands_are_parted_as_each_language_does():
    assert numbers("60,000 of 1.5, and 3") == ["60000", "1.5", "3"]
    assert numbers("60\N{NO-BREAK SPACE}000 de 1.5 y 3.") == ["60000", "1.5", "3"]


def test_tables_of_a_borrowed_output_are_told_in_the_language_and_labels_have_its_suffix():
    table = "{.measured}\n| claim | exact |\n|---|--:|\n| a \\| exact b | 1 |"
    shown = told_again({"data": {"text/markdown": table}}, "es")["data"]["text/markdown"]
    assert shown == (
        f"{{.measured}}\n| {word('claim', 'es')} | {word('exact', 'es')} |\n"
        "|---|--:|\n| a \\| exact b | 1 |"
    )
    assert "afirmación" in shown
    formula = {"data": {"text/markdown": "So\n\n$$\nx\n$$ (eq-x)\n"}}
    assert "$$ (eq-x-es)\n" in told_again(formula, "es")["data"]["text/markdown"]
    assert told_again(formula, "en")["data"]["text/markdown"] == "So\n\n$$\nx\n$$\n"


# ------------------------------------------------------------------------------- A small book

FRONT = "---\nfile_format: mystnb\n{}---\n"
KERNEL = "kernelspec: {display_name: Python 3, name: python3}\nstandalone: true\n"
ORIGINAL = """\
# The solution

The density is 1.5 at $x$, and nowhere more, see {eq}`eq-p`.

:::{note}
Short.
:::

$$
p(x) = 1
$$ (eq-p)

```{code-cell} ipython3
:cell: table
:tags: [hide-input]

from IPython.display import Markdown
Markdown("| claim | exact |\\n|---|---|\\n| one | 1 |")
```

## The end

Words.
"""
TRANSLATED = """\
# La solución

La densidad es 1.5 en $x$, y en ninguna parte más, véase {eq}`eq-p-es`.

:::{note}
Breve.
:::

$$
p(x) = 1
$$ (eq-p-es)

```{code-cell} ipython3
:from: solution
:cell: table
```

## El final

Palabras.
"""
LAYOUT = """\
    html_theme: scorebook
    nb_render_markdown_format: myst"""


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Book:
    """A page, its translation and another page, with the layout of the book and an address."""
    book = Book(tmp_path_factory.mktemp("twins"))
    book.write("scorelab/__init__.py", "")
    book.write("lab/data.bin", "data")
    english = FRONT.format(KERNEL + "beside: [data.bin]\n")
    spanish = FRONT.format("translation_of: solution\nlanguage: es\nstandalone: true\n")
    book.write("lab/solution.md", english + ORIGINAL)
    book.write("lab/solucion.md", spanish + TRANSLATED)
    book.write("last.md", "# The last page\n\nIt ends.\n")
    book.configure(
        "lab/solution",
        "lab/solucion",
        "last",
        more=LAYOUT,
        parts=(*PARTS, "layout", "assets", "things", "translations", "sharing"),
    )
    code, output = book.build()
    assert code == 0, output
    return book


def head(book: Book, name: str) -> list[tuple[str, str]]:
    found = BeautifulSoup(book.page(name), "html.parser").select("link[rel=alternate]")
    return [(link["hreflang"], link["href"]) for link in found]


def test_each_of_two_pages_leads_to_the_other(book):
    both = [("en", "solution.html"), ("x-default", "solution.html"), ("es", "solucion.html")]
    assert head(book, "lab/solution") == both
    assert head(book, "lab/solucion") == both
    assert head(book, "last") == []
    for name, other, language, words in (
        ("solution", "solucion", "es", "Español"),
        ("solucion", "solution", "en", "English"),
    ):
        (link,) = BeautifulSoup(book.page(f"lab/{name}"), "html.parser").select("a.language")
        assert (link["href"], link["hreflang"], link["lang"], link.text) == (
            f"{other}.html", language, language, words,
        )  # fmt: skip
    assert 'class="language"' not in book.page("last")


def test_a_page_says_its_language_and_what_on_it_is_in_another(book):
    page = BeautifulSoup(book.page("lab/solucion"), "html.parser")
    assert page.html["lang"] == "es"
    for selector in (".toctree", "a.brand", "a.next span"):
        assert page.select_one(selector)["lang"] == "en"
    assert page.select_one(".toctree a.current")["lang"] == "es"
    english = BeautifulSoup(book.page("last"), "html.parser")
    assert english.html["lang"] == "en"
    assert english.select_one('.toctree a[href="lab/solucion.html"]')["lang"] == "es"
    assert english.select_one("a.prev span")["lang"] == "es"
    assert not english.select_one(".toctree").has_attr("lang")


@pytest.mark.parametrize("width", nightly_but([320, 1400], [320, 390, 1400]))
def test_the_way_to_the_other_language_is_in_sight_and_can_be_pressed(book, browser, width):
    tab = browser.new_page(viewport={"width": width, "height": 800})
    tab.goto((book.root / "_build/html/lab/solution.html").as_uri())
    link = tab.locator("a.language")
    assert link.is_visible()
    box = link.bounding_box()
    assert box["width"] >= 24
    assert box["height"] >= 24
    for other in tab.locator("header.top :is(a, button), .tools button").all():
        if other.is_visible():
            taken = other.bounding_box()
            apart = taken["x"] + taken["width"] <= box["x"] or box["x"] + box["width"] <= taken["x"]
            beneath = (
                taken["y"] + taken["height"] <= box["y"] or taken["y"] >= box["y"] + box["height"]
            )
            assert apart or beneath
    link.click()
    assert tab.url.endswith("solucion.html")
    assert tab.locator("a.language").inner_text() == "English"
    tab.close()


def test_the_words_of_the_book_are_in_the_language_of_the_page(book):
    page = BeautifulSoup(book.page("lab/solucion"), "html.parser")
    assert page.select_one(".admonition-title").text == "Nota"
    assert "note" in page.select_one(".admonition")["class"]
    assert page.select_one("summary .collapsed").text == "Mostrar el código de la celda"
    assert page.select_one("a.skip").text == "Saltar al texto"
    assert page.select_one("a.next small").text == "Siguiente"
    assert page.select_one("th").text == "afirmación"
    english = BeautifulSoup(book.page("lab/solution"), "html.parser")
    assert english.select_one(".admonition-title").text == "Note"
    assert english.select_one("summary .collapsed").text == "Show code cell source"
    assert english.select_one("th").text == "claim"


def test_a_standalone_notebook_begins_with_its_page_and_has_its_files_beside(book):
    html = book.root / "_build/html"
    for name, title in (("solution", "# The solution"), ("solucion", "# La solución")):
        cells = nbformat.read(html / f"lab/{name}.ipynb", as_version=4).cells
        assert cells[0].source.startswith(title)
        headings = [c.source.splitlines()[0] for c in cells if c.source.startswith("#")]
        assert headings == [title, "## The end" if name == "solution" else "## El final"]
        assert not any("scorelab" in cell.source for cell in cells)
    assert "afirmación" in cells[1].outputs[0]["data"]["text/markdown"]
    assert (html / "lab/data.bin").read_text() == "data"


def test_search_knows_the_equations_of_the_original_alone(book):
    index = (book.root / "_build/html/searchindex.js").read_text(encoding="utf8")
    assert "eq-p" in index
    assert "eq-p-es" not in index


@pytest.fixture
def edited(book) -> Iterator[Book]:
    """The book for a test that changes it."""
    with book.put_back():
        yield book


@pytest.mark.nightly
def test_a_translation_that_falls_behind_stops_every_build_until_it_follows(edited):
    book = edited
    page = book.root / "lab/solution.md"
    was = page.read_text(encoding="utf8")
    page.write_text(was.replace("1.5", "1.6"), encoding="utf8")
    for _ in range(2):
        code, output = book.build()
        assert code != 0
        assert "lab/solucion.md:9: " in output
        assert "not as in lab/solution.md:9: the section has another number" in output
    page.write_text(was, encoding="utf8")
    code, output = book.build()
    assert code == 0, output


def test_a_page_that_translates_what_is_not_there_is_complained_of(edited):
    book = edited
    page = book.root / "lab/solucion.md"
    was = page.read_text(encoding="utf8")
    page.write_text(was.replace("translation_of: solution", "translation_of: sol"), "utf8")
    code, output = book.build()
    assert code != 0
    assert "it translates lab/sol, which is no page of this book" in output
    assert 'class="language"' not in book.page("lab/solution")
