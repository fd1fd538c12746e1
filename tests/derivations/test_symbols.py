r"""Every lecturer has other notation: `sigma=\sigma_t`, `h=\Delta t`."""

import re

import pytest
from tiers import nightly_but

from scorelab import derivations
from scorelab.derivations import export
from scorelab.derivations.export.rewriting import rewritten


def test_a_symbol_has_its_new_name_in_equations_and_reasons():
    derivation = derivations.unchecked("tweedie")
    new = derivation.to_latex(symbols={"x": r"\mathbf{x}", "sigma": r"\sigma_t"})
    assert r"\scorelabN(y; \mathbf{x}, \sigma_t^2)" in new
    assert r"$\sigma_t$" in new
    assert r"$\mathbf{x}$" in new
    proof = new[new.index(r"\emph{Proof.}") :]
    formulas = " ".join(re.findall(r"\$[^$]+\$|\\begin\{equation\}.*?\\end", proof, re.DOTALL))
    assert not re.search(r"(?<![A-Za-z\\{])x(?![A-Za-z}])", formulas)
    back = new.replace(r"\mathbf{x}", "x").replace(r"\sigma_t", r"\sigma")
    assert unbroken(back) == unbroken(derivation.to_latex())


def unbroken(text: str) -> str:
    """TeX without its line breaks, which longer names move."""
    return re.sub(r"\s|&|\\\\|\\quad|\\(?:begin|end)\{aligned\}", "", text)


@pytest.mark.parametrize(
    ("symbols", "there", "gone"),
    [
        # An index stays with its base …
        ({"x": r"\mathbf{x}"}, r"\mathbf{x}_{0}", "x_{0}"),
        # … unless the new name has one as well, …
        ({"sigma": r"\sigma_t"}, r"\sigma_{\max}", r"\sigma_t_"),
        # … and can have a name of its own, however its index is written.
        ({"sigma_max": r"\sigma_1"}, r"\sigma_1", r"\sigma_{\max}"),
        ({r"\sigma_{\max}": r"\sigma_1"}, r"\sigma_1", r"\sigma_{\max}"),
        ({"x_0": r"\xi"}, r"a \xi", "x_0"),
        # A power of a power needs brackets; upright letters are no symbols.
        ({"sigma": r"\sigma^\star"}, r"\left(\sigma^\star\right)^{2}", r"\sigma^\star^"),
        ({r"\mathcal{N}": r"\phi"}, r"\phi(x; m, v)", r"\mathcal{N}"),
    ],
)
def test_indices_and_powers(symbols, there, gone):
    text = derivations.unchecked("ncsn-to-sde").to_markdown(symbols=symbols)
    assert there in text
    assert not re.search(re.escape(gone) + r"(?![a-z])", text.replace(r"\mathbf{x}_{0}", ""))


@pytest.mark.parametrize("space", [r"\mathbb R^d", r"\mathbb{R}^d"])
def test_a_letter_in_another_alphabet_is_another_name(space):
    assert rewritten(rf"R(x) \in {space}", {("R", ""): "V"}, set()) == rf"V(x) \in {space}"


def test_two_symbols_can_change_places():
    text = derivations.unchecked("tweedie").to_markdown(symbols={"x": "y", "y": "x"})
    assert r"\mathcal{N}(x; y, \sigma^2)" in text


def test_a_line_that_becomes_too_wide_is_split():
    derivation = derivations.unchecked("mixture-score")
    wide = {"x": r"x_{\mathrm{a\ very\ long\ name\ of\ a\ point}}"}
    old, new = derivation.to_markdown(), derivation.to_markdown(symbols=wide)
    assert new.count(r"\begin{aligned}") > old.count(r"\begin{aligned}")


@pytest.mark.parametrize(
    ("symbols", "message"),
    [
        ({"foo": "z"}, "tweedie has no symbol 'foo'; it has .*p, q, sigma, x, x_1"),
        ({"pi": "z"}, "no symbol 'pi'"),
        ({"e": "z"}, "no symbol 'e'"),
        ({"x": "y"}, "y already stands for something else"),
        ({"x": "u", "y": "u"}, "two symbols would have one name"),
    ],
)
def test_names_that_mislead_are_refused(symbols, message):
    with pytest.raises(ValueError, match=message):
        derivations.unchecked("tweedie").to_latex(symbols=symbols)


def test_names_in_code_are_not_tex():
    with pytest.raises(ValueError, match="symbols"):
        export.script(derivations.unchecked("tweedie"), symbols={"x": "z"})


def test_options_are_read():
    assert export.parse([r"x=\mathbf{x}", "sigma = s"]) == {"x": r"\mathbf{x}", "sigma": "s"}
    for wrong, message in [
        ("x", "not of the form"),
        ("=y", "not of the form"),
        (r"x=\mathbf{x", "not a formula"),
        ("x=a}{b", "not a formula"),
        ("x=$y$", "not a formula"),
        ("x=a_b_c", "not a formula"),
        ("x=a_", "not a formula"),
        ("x=a^{b", "not a formula"),
        (r"x=a\\b", "not a formula"),
        ("x=50%", "not a formula"),
    ]:
        with pytest.raises(ValueError, match=message):
            export.parse([wrong])
    with pytest.raises(ValueError, match="two new names"):
        export.parse(["x=a", "x=b"])


def _in_steps(name: str, symbols: dict[str, str]) -> str:
    return derivations.unchecked(name).to_markdown(symbols=symbols)


@pytest.mark.parametrize(
    ("name", "symbols", "there", "gone"),
    [
        # A limit and a power hold the whole name.
        (
            "euler-maruyama-bias",
            {"h": r"\Delta t"},
            r"\int_0^{\Delta t} e^{-(\Delta t-u)/2}",
            "^\\Delta",
        ),
        ("euler-maruyama-bias", {"h": r"\Delta t"}, r"\left(\Delta t\right)^{2}", r"\Delta t^"),
        ("euler-maruyama-bias", {"h": "{a b}"}, r"\left({a b}\right)^{2}", "b}^"),
        ("probability-flow", {"t": "t_k"}, r"\partial_x p_{t_k} = s p_{t_k}", "p_t_k"),
        ("ou-stationarity", {"t": "t_k"}, r"p_{t_k}(x", "p_t_k"),
        ("annealed-contraction", {"T": r"N_{\mathrm{steps}}"}, r"V_{N_{\mathrm{steps}}}", "V_N"),
        # What always has an index gets a second one outside of brackets.
        ("ou-stationarity", {"p": r"p_\theta"}, r"\left(p_\theta\right)_t(x", r"p_\theta_t"),
        ("mixture-score", {"w": r"\omega"}, r"\omega_{k} \mathcal{N}", "{w}"),
        ("mixture-score", {"w": r"\hat p_w"}, r"\left(\hat p_w\right)_{k} \math", "p_w}_"),
        ("ula-bias", {"a": r"a^{\star}"}, r"\left(a^{\star}\right)^{", "}^{2}"),
        # A sum in a product.
        ("ula-bias", {"a": "1-b"}, r"\left(1-b\right) m", " 1-b m"),
        # By the printed name, and by another spelling of the letter.
        ("ula-bias", {"m_start": r"\mu_0"}, r"m_{0} = \mu_0", "start} = m"),
        ("ula-bias", {"epsilon": r"\eta"}, r"\sqrt{\eta}", "varepsilon"),
        ("ula-bias", {"ε": r"\eta"}, r"$\eta < 4s^2$", "varepsilon"),
        ("fisher-blindness", {"phi": r"\psi"}, r"\psi(", "varphi"),
    ],
)
def test_the_mathematics_stays_right(name, symbols, there, gone):
    text = _in_steps(name, symbols)
    assert there in text
    assert gone not in text


def test_one_value_of_a_function_is_not_its_start():
    with pytest.raises(ValueError, match=r"'m_0' is one value of 'm'.* m_start"):
        _in_steps("ula-bias", {"m_0": r"\mu_0"})


@pytest.mark.parametrize("name", nightly_but(["dsm-target"], derivations.available()))
def test_every_listed_name_is_printed_and_can_be_changed(name):
    derivation = derivations.unchecked(name)
    plain = derivation.to_markdown()
    assert not {"+", "-"} & derivation.symbols
    for old in derivation.symbols:
        new = derivation.to_markdown(symbols={old: r"\maltese"})
        assert r"\maltese" in new, old
        assert export.has(derivation, old)
        assert new != plain


def test_a_random_state_gets_its_time_by_itself(tmp_path):
    (tmp_path / "own.toml").write_text("[roles]\nrandom = 'X_t'\n", encoding="utf-8")
    with pytest.raises(ValueError, match="gets its time by itself: write 'X'"):
        derivations.unchecked("tweedie").to_markdown(notation=tmp_path / "own.toml")


def test_a_letter_that_is_taken_says_what_to_do(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text("[roles]\nrandom = 'X'\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"\[theorem\.reverse-sde\] with a line X = "):
        derivations.unchecked("reverse-sde").to_markdown(notation=own)
    own.write_text("[roles]\nrandom = 'X'\n[theorem.reverse-sde]\nX = 'Y'\n", encoding="utf-8")
    assert "Y" in derivations.unchecked("reverse-sde").to_markdown(notation=own)
