"""The command `python -m scorelab derive`."""

import io
import os
import re
import subprocess
import sys
import tomllib

import pytest
from tiers import nightly_but

from scorelab import derivations
from scorelab.__main__ import main
from scorelab.derivations import export
from scorelab.derivations.engine.proofs import recall


def test_a_derivation_is_printed_or_written_over_what_was_there(tmp_path, capsys):
    out = tmp_path / "new" / "tweedie.tex"
    for _ in range(2):
        assert main(["derive", "tweedie", "--to", "latex", "--out", str(out)]) == 0
    assert capsys.readouterr().out == ""
    assert main(["derive", "tweedie", "--to", "latex"]) == 0
    text = recall("tweedie").to_latex()
    assert capsys.readouterr().out == out.read_text("utf-8") == text
    assert [path.name for path in out.parent.iterdir()] == ["tweedie.tex"]


def test_steps_symbols_and_slides(capsys):
    command = [
        "derive",
        "tweedie",
        "--to",
        "beamer",
        "--steps",
        "kernel:noisy",
        "--overlays",
        "--per-frame",
        "1",
    ]
    assert main([*command, "--symbol", r"x=\mathbf{x}"]) == 0
    part = recall("tweedie")["kernel":"noisy"]
    expected = part.to_beamer(symbols={"x": r"\mathbf{x}"}, overlays=True, per_frame=1)
    assert capsys.readouterr().out == expected
    assert expected.count(r"\begin{frame}") == 3 + len(["theorem", "assumptions", "sources"])


def test_chosen_steps_bring_the_definitions_that_they_need(capsys):
    assert main(["derive", "tweedie", "--to", "markdown", "--steps", "tweedie, kernel-slope"]) == 0
    said = capsys.readouterr()
    labels = re.findall(r"\(eq-tweedie-([a-z-]+)\)", said.out)
    assert labels == ["kernel", "noisy", "denoiser", "tweedie", "kernel-slope"]
    assert said.err == "brought along, for what they define: kernel, noisy, denoiser\n"


def test_a_name_alone_says_what_it_is_and_what_can_be_renamed(capsys):
    assert main(["derive", "tweedie", "--notation", "song"]) == 0
    said = capsys.readouterr().out
    whole = recall("tweedie")
    assert all(f"  {step.name} " in said for step in whole.steps)
    assert all(f"{role} " in said for role in whole.roles.values())
    assert r"\nabla_{\mathbf{x}}" in said


def test_a_lecturer_s_own_words_go_into_every_export(capsys, tmp_path):
    assert main(["derive", "tweedie", "--words", "--lang", "es"]) == 0
    assert tomllib.loads(capsys.readouterr().out)["steps"]["kernel"]["reason"]
    own = tmp_path / "own.toml"
    own.write_text("[steps.kernel]\nreason = 'In my own words, $x$.'\n", encoding="utf-8")
    for to in ("latex", "markdown", "notebook"):
        command = ["derive", "tweedie", "--to", to, "--reasons", str(own)]
        assert main([*command, "--symbol", "x=u"]) == 0
        assert "In my own words, $u$." in capsys.readouterr().out
    own.write_text("[steps.kernels]\nreason = 'x'\n", encoding="utf-8")
    assert main(["derive", "tweedie", "--to", "latex", "--reasons", str(own)]) == 1
    assert "has no step 'kernels'" in capsys.readouterr().err


def test_all_derivations_in_one_format_or_in_all(tmp_path, monkeypatch):
    monkeypatch.setattr(derivations, "available", lambda: ["tweedie", "ou-moments"])
    names = ["ou-moments", "tweedie"]
    arguments = ["derive", "--all", "--symbol", r"sigma=\tau", "--out"]
    assert main([*arguments, str(tmp_path / "every")]) == 0
    for to, form in export.FORMATS.items():
        files = {path.name for path in (tmp_path / "every" / to).iterdir()}
        assert files - {export.MACROS_FILE} == {f"{name}{form.extension}" for name in names}
        assert (export.MACROS_FILE in files) == (form.extension == ".tex")
    assert r"\tau" in (tmp_path / "every/latex/tweedie.tex").read_text("utf-8")
    assert main([*arguments, str(tmp_path / "one"), "--to", "markdown"]) == 0
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == [f"{n}.md" for n in names]


def test_the_list_and_the_macros(capsys):
    assert main(["derive", "--list"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == derivations.available()
    assert main(["derive", "--macros"]) == 0
    assert capsys.readouterr().out == export.macros()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("tweedi --to latex", "did you mean tweedie"),
        ("tweedie --to late", "did you mean latex"),
        ("tweedie --to latex --words", "--words is for a NAME"),
        ("tweedie --to latex --notation sonk", "give song, or the path"),
        ("tweedie --to latex --notation none.toml", "No such file"),
        ("", "give one of NAME"),
        ("tweedie --list", "give one of NAME"),
        ("--all", "needs --out FOLDER"),
        ("--all --out x --steps a:b", "--steps is for one derivation"),
        ("--all --out x --symbol foo=y", "no derivation has a symbol 'foo'"),
        ("tweedie --to latex --steps nothing", "has no step 'nothing'"),
        ("tweedie --to latex --steps noisy:kernel", "after the last"),
        ("tweedie --to sympy --steps kernel", "needs every step"),
        ("tweedie --to latex --overlays", "--overlays is for beamer, reveal, not for latex"),
        ("tweedie --to latex --symbol x", "not of the form OLD=NEW"),
        ("tweedie --to beamer --per-frame 0", "per_frame must be at least 1"),
        ("tweedie --to latex --out .", "is a folder"),
        ("tweedie --to latex --symbol x=é", "'é' is not TeX"),
        ("tweedie --to latex --symbol x=σ_t", r"write σ as \sigma"),
        ("tweedie --to latex --symbol x=\x07", "is not TeX"),
        ("--all --out x --symbol x=é", "'é' is not TeX"),
        ("tweedie --to latex --out /dev/full", "No space left on device: '/dev/full'"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(derivations, "available", lambda: ["tweedie", "ou-moments"])
    assert main(["derive", *arguments.split()]) == 1
    said = capsys.readouterr()
    assert message in said.err
    assert said.err.count("\n") == 1
    assert not said.out
    assert not list(tmp_path.iterdir())


def test_what_is_cut_short_leaves_the_old_file(tmp_path, monkeypatch):
    out = tmp_path / "d.tex"
    out.write_text("old")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("no space")))
    assert main(["derive", "tweedie", "--to", "latex", "--out", str(out)]) == 1
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_the_list_needs_neither_torch_nor_sympy():
    """So it is there at once: to import them takes seconds, to prove everything a minute."""
    code = (
        "import sys; from scorelab.__main__ import main; main(['derive', '--list']); "
        "sys.exit(bool({'torch', 'sympy', 'numpy'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "tweedie                 Tweedie's formula\n" in done.stdout


def test_it_is_a_command_of_the_package():
    done = subprocess.run(
        [sys.executable, "-m", "scorelab", "derive", "ou-moments", "--to", "markdown"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == recall("ou-moments").to_markdown()


def printed(arguments: str, shell: str, **environment: str) -> subprocess.CompletedProcess:
    command = f'"{sys.executable}" -m scorelab {arguments} {shell}'
    env = os.environ | environment
    return subprocess.run(["bash", "-c", command], env=env, capture_output=True)


@pytest.mark.parametrize("encoding", nightly_but(["ascii"], ["cp1252", "ascii"]))
def test_what_is_printed_into_a_file_is_utf_8(encoding):
    done = printed("derive tweedie --to markdown", "", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == recall("tweedie").to_markdown()


@pytest.mark.skipif(sys.platform != "linux", reason="needs bash and /dev/full")
@pytest.mark.parametrize(
    ("shell", "status", "error"),
    [
        ("| head -c 9; exit ${PIPESTATUS[0]}", 0, b""),
        (">&-", 0, b""),
        ("> /dev/full", 1, b"No space left on device"),
    ],
)
def test_who_does_not_read_gets_no_traceback(shell, status, error):
    done = printed("derive tweedie --to reveal", shell)
    assert done.returncode == status
    assert error in done.stderr
    assert done.stderr.count(b"\n") == bool(error)


def test_the_encoding_of_standard_output_is_as_it_was(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", stream)
    assert main(["derive", "tweedie", "--to", "markdown"]) == 0
    assert stream.encoding == "cp1252"
    assert stream.buffer.getvalue().decode() == recall("tweedie").to_markdown()
