"""The table that closes a chapter must not let a false claim through; and the estimates in it."""

import copy
import json
import math
import pickle

import pytest
import torch
import truth
from markdown_it import MarkdownIt

from scorelab.estimate import Estimate
from scorelab.figures.measured import MEASURED, FalseClaim, Measured, is_sentence
from scorelab.figures.tables import Table

# ------------------------------------------------------------------------------------- Estimate


def test_estimate_is_the_mean_and_its_standard_error():
    """1, 2, 3, 6: mean 3, variance 14/3, standard error √(14/3)/2."""
    found = Estimate.of_mean(torch.tensor([1.0, 2.0, 3.0, 6.0]))
    assert found == 3.0
    assert found.standard_error == pytest.approx(math.sqrt(14 / 3) / 2, rel=1e-12)


def test_standard_error_is_the_spread_of_means():
    """Over 500 means of 100 exponential numbers; the ratio's standard error is about √(2/500)."""
    terms = torch.empty(500, 100).exponential_(generator=truth.generator(0))
    estimates = [Estimate.of_mean(row) for row in terms]
    ratio = sum(((e - 1) / 0.1) ** 2 for e in estimates) / 500
    assert abs(ratio - 1) <= 5 * math.sqrt(2 / 500)
    mean_square = sum(e.standard_error**2 for e in estimates) / 500
    assert mean_square == pytest.approx(0.01, rel=0.1)


def test_estimate_sums_in_float64():
    """10⁶ float32 numbers about 10⁴: a float32 sum would lose the digits."""
    terms = 1e4 + torch.randn(1_000_000, generator=truth.generator(1))
    assert Estimate.of_mean(terms) == pytest.approx(float(terms.double().mean()), rel=1e-14)


def test_estimate_is_a_float_that_survives_copies():
    found = Estimate(2.0, 0.25)
    assert isinstance(found, float)
    assert found + 1 == 3.0
    assert repr(found) == str(found) == "2.00 ± 0.25"
    for twin in (pickle.loads(pickle.dumps(found)), copy.copy(found), copy.deepcopy(found)):
        assert twin == 2.0
        assert twin.standard_error == 0.25


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (0.6, 0.00113, "0.6000 ± 0.0011"),
        (123.4, 12.3, "123 ± 12"),
        (-1.5, 0.5, "-1.50 ± 0.50"),
        (1e-9, 2e-10, "1.00e-09 ± 2.0e-10"),
        (1.0, 0.0, "1 ± 0"),
        (1.0, math.inf, "1 ± inf"),
    ],
)
def test_estimate_shows_the_digits_that_it_knows(value, error, shown):
    assert repr(Estimate(value, error)) == shown


@pytest.mark.parametrize("terms", [torch.ones(1), torch.ones(0), torch.ones(3, 2)])
def test_estimate_needs_terms(terms):
    with pytest.raises(ValueError, match=r"terms must have shape \(n,\) with n >= 2"):
        Estimate.of_mean(terms)


# ------------------------------------------------------------------------------------- Measured


def test_a_true_claim_is_a_row():
    table = Measured()
    table.row("it holds", exact=1.0, measured=1.05, tolerance=0.1, why="by hand")
    table.row("on the edge", exact=0.0, measured=0.5, tolerance=0.5)
    assert table.rows[0] == ("it holds", 1.0, 1.05, 0.1, "by hand")
    assert len(table.rows) == 2


@pytest.mark.parametrize(
    ("exact", "measured", "tolerance"),
    [
        (1.0, 1.2, 0.1),
        (1.0, 0.8, 0.1),
        (1.0, 1.0, -1.0),
        (math.nan, 1.0, 1.0),
        (1.0, math.nan, 1.0),
        (1.0, 1.0, math.nan),
        (math.inf, math.inf, 1.0),
    ],
)
def test_a_false_claim_raises_and_leaves_no_row(exact, measured, tolerance):
    table = Measured()
    with pytest.raises(FalseClaim, match=r"too bold: exact .* measured .* differ by"):
        table.row("too bold", exact=exact, measured=measured, tolerance=tolerance)
    assert table.rows == []
    assert issubclass(FalseClaim, AssertionError)


def test_an_estimate_is_held_to_its_standard_errors():
    table = Measured()
    table.estimate("close", exact=1.0, measured=Estimate(1.39, 0.1))
    table.estimate("closer", exact=1.0, measured=Estimate(1.19, 0.1), errors=2)
    for errors, value in [(4, 1.41), (4, 0.59), (2, 1.21)]:
        with pytest.raises(FalseClaim):
            table.estimate("far", exact=1.0, measured=Estimate(value, 0.1), errors=errors)
    assert table.rows[0][3:] == (pytest.approx(0.4), "4 SE")
    assert table.rows[1][4] == "2 SE"


def test_a_bound_has_two_sides():
    table = Measured()
    table.bound("small", measured=1e-12, at_most=1e-10)
    table.bound("nothing", measured=0.0, at_most=0.0)
    assert cells(table)[0] == ["small", "", "1.0 × 10⁻¹²", "≤ 1.0 × 10⁻¹⁰"]
    for value in (2e-10, -1e-12, math.nan):
        with pytest.raises(FalseClaim, match="not between 0 and"):
            table.bound("not small", measured=value, at_most=1e-10)


def test_a_short_reason_stands_beside_the_tolerance_and_a_sentence_below_the_claim():
    table = Measured()
    table.bound("small", measured=1.0, at_most=2.0, why="4 SE")
    table.bound("wide", measured=0.0, at_most=1.0, why="Rounding | alone: a slip in $a_*$ gives 1.")
    assert cells(table) == [
        ["small", "", "1", "≤ 2 (4 SE)"],
        ["wide *Rounding | alone: a slip in $a_*$ gives 1.*", "", "0", "≤ 1"],
    ]
    assert repr(table).endswith("wide ·  · 0 · ≤ 1 · Rounding | alone: a slip in $a_*$ gives 1.")


def test_the_output_holds_the_rows_as_data():
    table = Measured()
    table.row("mass", exact=1, measured=torch.tensor(1.0), tolerance=1e-6, why="grid")
    table.estimate("share", exact=0.3, measured=Estimate(0.301, 0.0021))
    table.bound("small", measured=Estimate(0.0, math.inf), at_most=1, why="nothing")
    keys = ("claim", "exact", "measured", "standard_error", "tolerance", "why")
    expected = [
        ("mass", 1.0, 1.0, None, 1e-6, "grid"),
        ("share", 0.3, 0.301, 0.0021, 4 * 0.0021, "4 SE"),
        ("small", None, 0.0, None, 1.0, "nothing"),
    ]
    bundle = table._repr_mimebundle_()
    assert bundle[MEASURED] == {"rows": [dict(zip(keys, row, strict=True)) for row in expected]}
    assert bundle[MEASURED] == json.loads(json.dumps(bundle[MEASURED], allow_nan=False))
    assert bundle["text/markdown"] == table._repr_markdown_()
    assert bundle["text/plain"] == repr(table)


@pytest.mark.parametrize(
    ("why", "says"),
    [
        ("", False),
        ("4 SE", False),
        ("4 SE + ε/4s² at the narrowest axis", False),
        ("5 SE of the difference", False),
        (r"$\text{one two three four five six}$", False),
        ("Rounding alone: a wrong factor gives 0.1.", True),
        ("4 SE, and 0.01 for the step, which the next row measures", True),
    ],
)
def test_a_reason_is_a_sentence(why, says):
    assert is_sentence(why) is says


def test_table_as_text_and_markdown():
    table = Measured()
    table.row("mass", exact=1.0, measured=1.0000001, tolerance=1e-6, why="grid")
    table.estimate("share", exact=0.3, measured=Estimate(0.301, 0.0021))
    assert repr(table) == (
        "mass · 1 · 1 · ± 1.0 × 10⁻⁶ (grid)\nshare · 0.3 · 0.3010 ± 0.0021 · ± 0.0084 (4 SE)"
    )
    assert cells(table) == [
        ["mass", "1", "1", "± 1.0 × 10⁻⁶ (grid)"],
        ["share", "0.3", "0.3010 ± 0.0021", "± 0.0084 (4 SE)"],
    ]


@pytest.mark.parametrize(
    ("claim", "shown"),
    [
        (r"the norm $\|s\|$", r"the norm $\|s\|$"),
        ("|x| is small", "|x| is small"),
        (r"stable for $\varepsilon < 4 s^2$", r"stable for $\varepsilon < 4 s^2$"),
        ("a <b>bold</b> & claim", "a &lt;b&gt;bold&lt;/b&gt; &amp; claim"),
    ],
)
def test_claims_reach_the_page_as_they_are(claim, shown):
    """Pipes end no cell, formulas keep their signs, words hold no HTML."""
    table = Measured()
    table.row(claim, exact=1, measured=1, tolerance=0)
    assert cells(table) == [[shown, "1", "1", "± 0"]]
    assert claim in repr(table)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (1.23456, "1.235"),
        (-0.5, "-0.5"),
        (1234.5, "1234"),
        (9999.9, "1.0 × 10⁴"),
        (12345.0, "1.2 × 10⁴"),
        (1e5, "1.0 × 10⁵"),
        (-2.5e-12, "-2.5 × 10⁻¹²"),
        (0.00123, "0.00123"),
    ],
)
def test_numbers(value, shown):
    table = Measured()
    table.row("n", exact=value, measured=value, tolerance=1.0)
    assert cells(table)[0][1:3] == [shown, shown]


@pytest.mark.parametrize(
    ("tolerance", "shown"),
    [(0.01234, "0.012"), (12.3, "12"), (99.4, "99"), (99.6, "1.0 × 10²"), (1234, "1.2 × 10³")],
)
def test_tolerances_have_two_digits(tolerance, shown):
    table = Measured()
    table.row("n", exact=0, measured=0, tolerance=tolerance)
    assert cells(table)[0][3] == f"± {shown}"


def cells(table: Measured) -> list[list[str]]:
    """What a Markdown parser finds in the rows of the table."""
    attributes, source = table._repr_markdown_().split("\n", 1)
    assert attributes == "{.measured}"
    tokens = MarkdownIt("commonmark").enable("table").parse(source)
    inline = [t.content for t in tokens if t.type == "inline"]
    assert inline[:4] == ["claim", "exact", "measured", "tolerance"]
    return [inline[i : i + 4] for i in range(4, len(inline), 4)]


# ---------------------------------------------------------------------------------------- Table


def test_a_table_of_results_in_a_page_and_in_a_terminal():
    table = Table(
        ["$T$", "weights | modes", "count"],
        [(3.0, "0.6 < $|w|$", 12345), (1 / 3, Estimate(0.25, 0.01), torch.tensor(2.0))],
    )
    tokens = MarkdownIt("commonmark").enable("table").parse(table._repr_markdown_())
    inline = [t.content for t in tokens if t.type == "inline"]
    assert inline == [
        *("$T$", "weights | modes", "count"),
        *("3", "0.6 &lt; $|w|$", "12345"),
        *("0.3333", "0.250 ± 0.010", "2"),
    ]
    aligned = [t.attrs.get("style") for t in tokens if t.type == "th_open"]
    assert aligned == ["text-align:right", None, "text-align:right"]
    assert repr(table).splitlines()[1] == "3       0.6 < $|w|$      12345"


def test_a_row_that_does_not_fit_the_heads_is_refused():
    with pytest.raises(ValueError, match="row 1 has 1 cells for 2 heads"):
        Table(["a", "b"], [(1, 2), (3,)])
