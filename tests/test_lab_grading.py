"""Submissions are graded as they are, and what one of them does harms nobody.

Each process loads torch, so what can be looked at without one is, and the attacks share one. They
are run without confinement too, where each must succeed: else they would prove nothing.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from tiers import nightly_but

from scorelab.__main__ import main
from scorelab.lab.grading import command, confinement, process, running, submission
from scorelab.lab.grading.cells import CHECK, Rewriter, parsed, read_cells
from scorelab.lab.grading.folder import remove, submissions
from scorelab.lab.grading.running import Limits, Row, grade, questions
from scorelab.lab.grading.table import details, overview, spreadsheet

ROOT = Path(__file__).resolve().parent.parent
confined = pytest.mark.skipif(confinement.missing() is not None, reason="the kernel cannot")

MIXTURE = """
import math, torch, scorelab as sl
class GaussianMixture:
    def __init__(self, weights, means, covariances):
        as_tensor = lambda x: torch.as_tensor(x, dtype=torch.get_default_dtype())
        self.w, self.m, self.c = map(as_tensor, (weights, means, covariances))
        self.laws = torch.distributions.MultivariateNormal(self.m, self.c)
    def log_prob(self, x):
        w = self.w.to(x.dtype).log()
        return torch.logsumexp(w + self.laws.log_prob(x[:, None]), 1)
    def sample(self, n):
        k = torch.multinomial(self.w, n, replacement=True)
        return self.laws.sample((n,))[torch.arange(n), k]
    def score(self, x):
        x = x.detach().requires_grad_()
        return torch.autograd.grad(self.log_prob(x).sum(), x)[0]
"""


def notebook(path: Path, *cells: str) -> Path:
    """Write a notebook with these cells of code."""
    path.parent.mkdir(exist_ok=True)
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    found = [{**cell, "source": dedent(code).strip().splitlines(keepends=True)} for code in cells]
    path.write_text(json.dumps({"cells": found, "nbformat": 4, "nbformat_minor": 5}))
    return path


def run(folder: Path, **limits: float) -> Row:
    """Grade the only submission in a folder."""
    (found,) = submissions(folder)
    return grade(found, Limits(**limits), "en")


# What is read, without running it.


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        (
            "x = 1\n!pip install torch\nfor i in x:\n    %run a",
            "x = 1\npass\nfor i in x:\n    pass",
        ),
        ("files = !ls\nplt.plot?", "pass\npass"),
        ("%time x = f()", "x = f()"),
        ("%%time\nx = f()", "x = f()"),
        ("%%bash\nrm -r *", ""),
        ("x = (7\n% 4)\n!ls", "x = 7 % 4\npass"),
        ('"""\n%not a command\n"""', "'\\n%not a command\\n'"),
    ],
)
def test_what_only_ipython_understands_is_passed_over(cell, kept):
    assert ast.unparse(parsed(cell, "cell")) == ast.unparse(ast.parse(kept))


def test_what_is_no_python_even_so_is_an_error():
    with pytest.raises(SyntaxError):
        parsed("%matplotlib inline\nx = (", "cell")


def named(text: str) -> str | None:
    return text if text in questions() else None


@pytest.mark.parametrize(
    "call",
    [
        'sl.lab.check("P1 b", G(1))',
        'lab.check("P1 b", G(1), language="es")',
        'check(question="P1 b", answer=G(1))',
        'print(scorelab.lab.check("P1 b", G(1)))',
        'from scorelab.lab import check as c\nc("P1 b", G(1))',
    ],
)
def test_a_check_is_found_by_any_name(call):
    tree = Rewriter(named).visit(ast.parse(call))
    assert f"{CHECK}('P1 b', lambda: G(1))" in ast.unparse(tree)


@pytest.mark.parametrize(
    "call", ['sl.exercises.check("ex-a", 1)', "check(1, 2)", 'judge("P1 b", G)', 'check("P1 b")']
)
def test_what_is_no_check_stays(call):
    assert ast.unparse(Rewriter(named).visit(ast.parse(call))) == call.replace('"', "'")


def test_what_is_borrowed():
    code = """
    import scorelab as sl, scorelab.solvers, scorelab.sde as processes
    from scorelab import lab, euler_maruyama as em
    from scorelab.mixture import GaussianMixture
    from scorelab.lab import check
    sl.lab.check, sl.dsm_loss, sl.__version__, torch.randn, scorelab.heun
    """
    rewriter = Rewriter(named)
    rewriter.visit(ast.parse(dedent(code)))
    whole = {"solvers", "sde", "euler_maruyama", "GaussianMixture", "dsm_loss", "heun"}
    assert rewriter.borrowed == whole


def test_a_script_has_cells_too(tmp_path):
    file = tmp_path / "a.py"
    file.write_text("x = 1\n# %% [markdown]\n\n# In[2]:\ny = 2\n")
    assert [cell.strip() for cell in read_cells(file)] == ["x = 1", "y = 2"]


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"cells": [1]}', b""]
)
def test_a_damaged_notebook_is_refused_in_words(tmp_path, content):
    file = tmp_path / "a.ipynb"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="Error: "):
        read_cells(file)


def test_submissions_are_found_and_links_are_not_followed(tmp_path):
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret.txt").write_text("secret")
    notebook(elsewhere / "other.ipynb")
    notebook(folder / "ana.ipynb")
    (folder / "notes.txt").write_text("")
    notebook(folder / "benja" / "lab.ipynb")
    (folder / "benja" / "helper.py").write_text("")
    (folder / "benja" / "secret.txt").symlink_to(elsewhere / "secret.txt")
    os.mkfifo(folder / "benja" / "pipe")
    notebook(folder / "benja" / ".ipynb_checkpoints" / "lab-checkpoint.ipynb")
    (folder / "carla").mkdir()
    (folder / "carla" / "a.py").write_text("")
    (folder / "data").mkdir()
    notebook(folder / "elena" / "1.ipynb")
    notebook(folder / "elena" / "2.ipynb")
    (folder / "felipe").symlink_to(elsewhere)
    (folder / "gabi.ipynb").symlink_to(elsewhere / "other.ipynb")

    found = {s.name: s for s in submissions(folder)}
    files = {name: s.file and s.file.relative_to(folder).as_posix() for name, s in found.items()}
    assert files == {
        "ana.ipynb": "ana.ipynb",
        "benja": "benja/lab.ipynb",
        "carla": "carla/a.py",
        "elena/1.ipynb": "elena/1.ipynb",
        "elena/2.ipynb": "elena/2.ipynb",
        "felipe": None,
        "gabi.ipynb": None,
    }
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert found["benja"].copy_to(scratch) == scratch / "lab.ipynb"
    assert {path.name for path in scratch.iterdir()} == {"lab.ipynb", "helper.py"}


# What is printed.

ROWS = [
    Row(
        "ana",
        {"P1 a": ("right", "held"), "P1 b": ("not yet", "=look again"), "P2 a": ("missing", "")},
        [f"cell {n}: NameError" for n in range(1, 6)],
        ["GaussianMixture"],
    ),
    Row("benja", {"P1 a": ("nothing to check yet", "")}, stopped="stopped after 600 s"),
]


def test_the_table_is_aligned_and_says_what_its_marks_mean():
    head, ana, benja, _, legend = overview(ROWS, "en").splitlines()
    at = head.index("P1a") + 1
    assert [row[at] for row in (ana, benja)] == ["✓", "—"]
    at = head.index("P1b") + 1
    assert [row[at] for row in (ana, benja)] == ["✗", "·"]
    assert ana.endswith("cell 3: NameError; 2 more errors; borrows GaussianMixture")
    assert benja.endswith("stopped after 600 s")
    assert set(ana + benja) & set("✓✗—·!") <= set(legend)
    told = details([*ROWS, Row("carla", {"P1 a": ("missing", "no such name")})], "en")
    assert "P1 b ✗ =look again" in told
    assert "P1 a · no such name" in told
    assert "held" not in told
    long = overview([Row("a" * 40, errors=["cell 1: NameError"] * 4)], "es").splitlines()[1]
    assert long.startswith("a" * 29 + "… ")
    assert long.endswith("; 1 error más")


def test_the_spreadsheet_has_every_message_and_no_formula():
    content = spreadsheet(ROWS, "es").decode("utf-8-sig")
    ana, benja = csv.DictReader(io.StringIO(content, newline=""))
    assert ana["P1 a"] == "Correcto"
    assert ana["P1 b: mensaje"] == "'=look again"
    assert len(ana["errores"].splitlines()) == 5
    assert benja["detenida"] == "stopped after 600 s"
    assert benja["P3 f"] == "Sin comprobación"


def test_a_students_text_cannot_write_on_the_terminal_or_fill_it():
    assert running._clean("a\x1b[2J\nb\u202ec\ud800") == "a [2J b c "
    assert len(running._clean("a" * 10**6)) == 300


@pytest.mark.parametrize("line", [b"[1\n", b"[" * 100_000 + b"\n", b"\xff\n"])
def test_a_report_that_cannot_be_read_is_passed_over(line):
    assert list(running._records(io.BytesIO(line + b'{"cell": 1}\n'))) == [{"cell": 1}]


# The command.


def test_help_loads_nothing_heavy():
    code = "import sys; from scorelab.__main__ import main\ntry: main(['lab', 'grade', '--help'])"
    code += "\nfinally: print([m for m in ('torch', 'sympy', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.endswith("[]\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "nowhere"),
        (["."], "no notebook"),
        ([".", "--out", "grades.xls"], ".csv"),
        ([".", "--out", "new/grades.csv"], "no folder new"),
    ],
)
def test_what_cannot_be_graded_is_one_line_and_status_1(
    tmp_path, monkeypatch, capsys, arguments, says
):
    monkeypatch.chdir(tmp_path)
    assert main(["lab", "grade", *arguments, "--unconfined"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line


@pytest.mark.parametrize(
    ("what", "value", "says"),
    [
        ("sys.platform", "darwin", "Linux"),
        ("platform.machine", lambda: "riscv64", "riscv64"),
        ("_version", lambda: 2, "Landlock"),
    ],
)
def test_without_what_it_takes_the_command_refuses(
    tmp_path, monkeypatch, capsys, what, value, says
):
    notebook(tmp_path / "a.ipynb")
    monkeypatch.setattr(confinement, "_version", lambda: 7)
    monkeypatch.setattr(f"{confinement.__name__}.{what}", value)
    assert main(["lab", "grade", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line
    assert "--unconfined" in line


@confined
def test_a_folder_is_graded_in_spanish_and_stays_as_it_was(tmp_path, capsys):
    folder = tmp_path / "entregas"
    check = 'assert sl.lab.check("P1 b", GaussianMixture)'
    notebook(folder / "ana.ipynb", MIXTURE, check, "sl.lab.check('P1 c', mixture)")
    (folder / "benja.ipynb").write_text("{")
    (folder / "carla.zip").write_text("")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    out = tmp_path / "notas.csv"
    status = main(
        ["lab", "grade", str(folder), "--language", "es", "--out", str(out), "--jobs", "2"]
    )
    assert status == 0
    head, ana, benja, carla, *_ = capsys.readouterr().out.splitlines()
    assert "correctas" in head
    assert ana.count("✓") == 2
    assert ana.endswith("P1 a comprobado por los nombres de la plantilla")
    assert "no se puede leer: JSONDecodeError" in benja
    assert carla.endswith("un archivo zip: hay que descomprimirlo")
    first, *_ = csv.DictReader(io.StringIO(out.read_text("utf-8-sig"), newline=""))
    assert first["P1 c: mensaje"] == "`mixture` no está definido"
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


# What runs.


@confined
def test_a_submission_is_graded_by_its_last_checks_whatever_it_does_to_the_check(tmp_path):
    path = notebook(
        tmp_path / "ana" / "lab.ipynb",
        "%matplotlib inline\n" + MIXTURE,
        "sl.lab.check('P1 b', ...)",
        """
        sl.lab.check = lambda *_: 1 / 0
        import scorelab.lab.asking as asking
        asking.check = sl.lab.check
        display(sl.lab.check("P1 · b", GaussianMixture))
        sl.lab.check("p1A", 5)
        sl.lab.check("P1 c", mixture)
        """,
        "1 / 0",
        "sl.lab.check('P1 d', (lambda: nowhere)())",
        """
        import helper, matplotlib.pyplot as plt, os, pathlib, sympy
        from tqdm.notebook import tqdm
        from torch.utils.data import DataLoader
        assert len([*tqdm(DataLoader(torch.arange(10), num_workers=2))]) == 10
        plt.plot([1, 2])
        plt.savefig("plot.png")
        plt.show()
        assert os.getcwd() == os.environ["HOME"] == os.environ["TMPDIR"]
        assert torch.get_num_threads() == 1
        def plain(x: int): ...
        assert plain.__annotations__ == {"x": int}
        sl.GaussianMixture
        """,
        "import os; os.environ['SECRET']",
        "input()",
        "raise SystemExit",
        "print('x' * 10**8)\nopen('huge', 'wb').truncate(2 << 30)",
        "torch.ones(1 << 40)",
        "x = [b'x' * (1 << 20) for _ in range(1 << 20)]",
    )
    (path.parent / "helper.py").write_text("")
    os.environ["SECRET"] = "secret"
    try:
        row = run(tmp_path, memory=2000)
    finally:
        del os.environ["SECRET"]
    verdicts = {question: verdict for question, (verdict, _) in row.results.items()}
    assert verdicts == {"P1 b": "right", "P1 a": "not yet", "P1 c": "missing", "P1 d": "missing"}
    assert row.results["P1 c"][1] == "`mixture` is not defined"
    assert [error.partition(": ")[2].partition(":")[0] for error in row.errors] == [
        *("ZeroDivisionError", "NameError", "KeyError", "EOFError", "SystemExit", "OSError"),
        *("RuntimeError", "MemoryError"),
    ]
    assert row.errors[0] == "cell 4: ZeroDivisionError: division by zero"
    assert row.borrows == ["GaussianMixture"]
    assert row.stopped == ""


@confined
@pytest.mark.parametrize(
    ("code", "limits", "stopped"),
    [
        pytest.param(
            "while True:\n    try: torch.ones(9).sum()\n    except Exception: pass",
            {"seconds": 10},
            "after 10 s",
            marks=pytest.mark.nightly,
        ),
        # What processes share is no process's own, so each may have it: together they may not.
        pytest.param(
            "import mmap\nshared = mmap.mmap(-1, 2 << 30)\n"
            "while True: shared.write(bytes(1 << 20))",
            {"memory": 1200},
            "more than 1200 MiB",
            marks=pytest.mark.nightly,
        ),
        (
            "import subprocess\nwhile True: subprocess.Popen(['sleep', '60'])",
            {},
            "more than 64 processes",
        ),
        ("import os; os._exit(0)", {}, "its process ended"),
    ],
    ids=["time", "memory", "processes", "exit"],
)
def test_what_a_stopped_submission_had_right_is_kept(tmp_path, code, limits, stopped):
    check = "sl.lab.check('P1 b', GaussianMixture)"
    notebook(tmp_path / "a.ipynb", MIXTURE, check, code)
    row = run(tmp_path, **limits)
    assert row.results["P1 b"][0] == "right"
    assert stopped in row.stopped
    assert row.stopped.endswith("(cell 3)")


ATTACKS = {
    "open": "open(there / 'a.ipynb', 'w')",
    "save": "torch.save({}, there / 'new.pt')",
    "numpy": "import numpy; numpy.save(there / 'new.npy', [1])",
    "shell": "subprocess.run(['sh', '-c', f'echo > {there}/new.txt'], check=True)",
    "link": "os.symlink(there, 'link'); open('link/linked', 'w')",
    "hard link": "os.link(there / 'kept', 'mine')",
    "remove": "shutil.rmtree(there / 'tree')",
    "rename": "os.rename(there / 'renamed', 'mine')",
    "truncate": "os.truncate(there / 'kept', 0)",
    "read": "(there / 'kept').read_text()",
    "list": "os.listdir(there)",
    "mode": "os.chmod(there / 'mode', 0); assert not os.stat(there / 'mode').st_mode & 0o777",
    "times": "os.utime(there / 'mode', (0, 0)); assert not os.stat(there / 'mode').st_mtime",
    "shared memory": "open(f'/dev/shm/{os.getpid()}', 'w'); os.unlink(f'/dev/shm/{os.getpid()}')",
    "network": "socket.create_connection(('127.0.0.1', PORT))",
    "datagram": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))",
    "service": "socket.socket(socket.AF_UNIX).connect(str(there / 'service'))",
    "environment": "open(f'/proc/{VICTIM}/environ').read()",
    "signal": "os.kill(VICTIM, 0)",
    "limits": "import resource; resource.setrlimit(resource.RLIMIT_DATA, (-1, -1))",
}


@pytest.fixture
def victims(tmp_path) -> Iterator[dict]:
    """A folder, services, and a process, which are none of a submission's business."""
    there = tmp_path / "there"
    (there / "tree").mkdir(parents=True)
    for name in ("a.ipynb", "kept", "renamed", "mode", "tree/leaf"):
        (there / name).write_text("content")
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as service,
        subprocess.Popen(["sleep", "600"]) as process,
    ):
        service.bind(str(there / "service"))
        service.listen()
        port = server.getsockname()[1]
        head = "import os, pathlib, shutil, socket, subprocess, torch"
        yield {
            "there": there,
            "head": f"{head}\nthere = pathlib.Path({str(there)!r})\n"
            f"PORT, VICTIM = {port}, {process.pid}",
        }
        assert process.poll() is None
        process.kill()


def attack(path: Path, victims: dict, **limits: float) -> dict[str, str]:
    """Which attacks failed, and of what."""
    notebook(path, victims["head"], *ATTACKS.values())
    row = run(path.parent, **limits)
    assert row.stopped == ""
    found = [re.fullmatch(r"cell (\d+): (.*)", error) for error in row.errors]
    return {list(ATTACKS)[int(match[1]) - 2]: match[2] for match in found}


def tree(folder: Path) -> dict[str, tuple]:
    """All that a folder holds."""
    return {
        str(path): (
            path.stat().st_mode,
            path.stat().st_mtime_ns,
            path.is_file() and path.read_text(),
        )
        for path in folder.rglob("*")
    }


@confined
def test_a_submission_harms_nobody(tmp_path, victims):
    before = tree(victims["there"])
    failed = attack(tmp_path / "attacker" / "a.ipynb", victims)
    assert set(failed) == set(ATTACKS) - ({"signal"} if confinement._version() < 6 else set())
    assert tree(victims["there"]) == before


@confined
def test_it_would_if_it_were_not_confined(tmp_path, victims):
    failed = attack(tmp_path / "attacker" / "a.ipynb", victims, confined=False)
    assert set(failed) <= {"limits"}  # which is the administrator's alone to raise


@pytest.mark.skipif(sys.platform != "linux", reason="nobody supervises elsewhere")
def test_what_a_submission_starts_ends_with_it(tmp_path):
    mark = f"{os.getpid()}.25"
    code = f"""
    import os, signal, subprocess
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execvp("sleep", ["sleep", "{mark}"])
        os._exit(0)
    subprocess.Popen(["nohup", "sleep", "{mark}"], start_new_session=True)
    import pathlib, time
    time.sleep(1)
    lines = [p.read_bytes() for p in pathlib.Path("/proc").glob("[0-9]*/cmdline")]
    assert sum(line.startswith(b"sleep") and b"{mark}" in line for line in lines) == 2
    """
    notebook(tmp_path / "a.ipynb", code)
    row = run(tmp_path, confined=False)
    assert (row.errors, row.stopped) == ([], "")
    running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [line for line in running if mark.encode() in line]


def test_a_check_that_takes_too_long_is_given_up(monkeypatch):
    reports = []
    monkeypatch.setattr(submission, "check", lambda *_, **__: time.sleep(30))
    record = submission._checker("en", 1, lambda **report: reports.append(report))
    assert record("P1 a", lambda: object) is None
    late = {"verdict": "unchecked", "message": "the check takes more than 1 s"}
    assert reports == [{"question": "P1 a"} | late]


def deep(folder: Path) -> None:
    """Make folders within folders, more than Python's stack has room for."""
    before = os.getcwd()
    folder.mkdir(parents=True)
    os.chdir(folder)
    for _ in range(1500):
        os.mkdir("d")
        os.chdir("d")
    os.chdir(before)


def test_a_submission_that_cannot_be_copied_is_a_row_and_leaves_nothing(tmp_path):
    folder, within = tmp_path / "folder", tmp_path / "within"
    within.mkdir()
    notebook(folder / "a.ipynb")
    deep(folder / "ana")
    notebook(folder / "ana" / "lab.ipynb")
    try:
        ana = next(s for s in submissions(folder) if s.name == "ana")
        row = grade(ana, Limits(), "en", str(within))
        assert row.stopped.startswith("could not be run: RecursionError")
        assert not [*within.iterdir()]
    finally:
        remove(folder)
    assert not folder.exists()


def rows_of(file: Path) -> list[dict]:
    return list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"), newline="")))


@pytest.mark.skipif(sys.platform != "linux", reason="nobody supervises elsewhere")
@pytest.mark.parametrize("how", nightly_but([signal.SIGTERM], [signal.SIGINT, signal.SIGTERM]))
def test_what_is_graded_before_an_interruption_is_kept(tmp_path, how):
    folder, out, temporary = tmp_path / "folder", tmp_path / "grades.csv", tmp_path / "temporary"
    temporary.mkdir()
    (folder / "ana").mkdir(parents=True)
    notebook(folder / "ana" / "a.ipynb", "import time; time.sleep(60)")
    notebook(folder / "benja.ipynb", "1 / 0")
    command = ["-m", "scorelab", "lab", "grade", str(folder), "--unconfined", "--out", str(out)]
    command += ["--jobs", "2"]
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONIOENCODING": "ascii"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        until = time.monotonic() + 60
        while not (out.exists() and rows_of(out)) and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(1)
        process.send_signal(how)
        printed, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "benja" in printed
    assert "✓ right" in printed  # UTF-8 for a pipe, whatever the encoding
    assert "ana" not in printed
    assert [row["submission"] for row in rows_of(out)] == ["benja.ipynb"]
    assert not [*temporary.iterdir()]


def test_a_reader_that_goes_away_does_not_stop_the_command(monkeypatch, tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", open(writing, "w", encoding="utf-8"))  # noqa: SIM115
        command._print("x")
        command._print("y")


@confined
def test_packages_elsewhere_can_be_read_and_submissions_beside_them_cannot(tmp_path, monkeypatch):
    for name in ("linked/inner", "named", "site"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "__init__.py").write_text("")
    (tmp_path / "site" / "linked").symlink_to(tmp_path / "linked")
    folder = tmp_path / "project" / "folder"
    folder.mkdir(parents=True)
    own = tmp_path / "own"
    own.mkdir()
    paths = [tmp_path / "site", tmp_path / "named", tmp_path / "gone", folder.parent, folder, own]
    monkeypatch.setattr(sys, "path", [str(path) for path in paths])
    found = [*process._packages(folder, [str(own)])]
    assert found == [str(tmp_path / name) for name in ("site", "linked", "named")]


def test_where_nothing_can_be_run_the_status_says_so(tmp_path, monkeypatch, capsys):
    notebook(tmp_path / "a.ipynb", "1")
    notebook(tmp_path / "b.ipynb", "1")
    monkeypatch.setattr(running, "_START", running._START.replace("main(order)", "1 / 0"))
    assert main(["lab", "grade", str(tmp_path), "--unconfined"]) == 1
    assert "no submission could be run" in capsys.readouterr().err
    assert main(["lab", "grade", str(tmp_path), "--unconfined", "--memory", "50"]) == 1
    assert "torch alone needs 512 MiB" in capsys.readouterr().err


def test_nothing_that_was_handed_in_is_overlooked(tmp_path):
    notebook(tmp_path / "ana" / "LAB.IPYNB", "x = 1")
    (tmp_path / "benja").mkdir()
    (tmp_path / "carla.ZIP").write_text("")
    (tmp_path / "diego").mkdir()
    (tmp_path / "diego" / "all.zip").write_text("")
    (tmp_path / "__MACOSX").mkdir()
    notebook(tmp_path / "__MACOSX" / "a.ipynb")
    found = submissions(tmp_path)
    assert [(s.name, s.file and s.file.name, s.lack) for s in found] == [
        ("ana", "LAB.IPYNB", "nothing"),
        ("benja", None, "nothing"),
        ("carla.ZIP", None, "zip"),
        ("diego", None, "zip"),
    ]
    assert grade(found[2], Limits(), "en").stopped == "a zip archive: unpack it"
    notebook(tmp_path / "emma.Ipynb", "x = 1")
    assert [s.name for s in submissions(tmp_path)] == ["ana", "carla.ZIP", "diego", "emma.Ipynb"]
    script = tmp_path / "A.PY"
    script.write_text("x = 1")
    assert read_cells(script) == ["x = 1"]


@confined
def test_what_nobody_checks_is_checked_by_the_templates_names(tmp_path):
    code = MIXTURE + "\nmixture = ...\nfrom scorelab import euler_maruyama\nsigmas = 1 / 0"
    notebook(tmp_path / "a.ipynb", code, "1 + 1")
    row = run(tmp_path)
    assert {question: verdict for question, (verdict, _) in row.results.items()} == {
        "P1 a": "right",
        "P1 b": "right",
    }
    (line,) = [line for line in overview([row], "en").splitlines() if line.startswith("a.ipynb")]
    assert line.endswith("no check cell found; P1 a, P1 b checked by the template's names")


@confined
def test_an_answer_that_is_scorelabs_own_is_said_to_be(tmp_path):
    code = """
    GaussianMixture = getattr(__import__("scorelab"), "Gaussian" + "Mixture")
    sl.lab.check("P1 b", GaussianMixture)
    class Mine(GaussianMixture): pass
    sl.lab.check("P1 a", Mine)
    sl.lab.check("P1 c", GaussianMixture([1.0], [[0.0, 0.0]], [[[1.0, 0.0], [0.0, 1.0]]]))
    sl.lab.check("P1 d", lambda *a: None)
    """
    notebook(tmp_path / "a.ipynb", "import scorelab as sl", code)
    row = run(tmp_path)
    assert row.lent == {"P1 a", "P1 b", "P1 c"}
    assert "scorelab's own code in the answer to P1 a, P1 b, P1 c" in overview([row], "en")


def test_the_spreadsheet_tells_no_check_from_nothing_to_check():
    content = spreadsheet([Row("ana", {"P1 a": ("missing", "`G` is not defined")})], "en")
    (row,) = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert (row["P1 a"], row["P1 b"]) == ("Nothing of that name", "No check of it")


def test_what_a_notebook_shows_ends_no_cell_where_there_is_no_ipython(tmp_path, monkeypatch):
    for module in [name for name in sys.modules if name.partition(".")[0] == "IPython"]:
        monkeypatch.delitem(sys.modules, module)
    for module in ("IPython", "IPython.display"):  # so that they are put back
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(submission, "find_spec", lambda name: None)
    code = """
    from IPython.display import HTML, Image, Latex, Markdown, Math, clear_output, display
    from IPython import get_ipython as notebook
    import IPython
    display(Markdown("# x"), HTML(""), Image(filename="x.png"), Latex(""), Math("x"))
    clear_output(wait=True)
    IPython.display.display(1)
    get_ipython().run_line_magic("matplotlib", "inline")
    notebook().magic("matplotlib inline")
    import matplotlib.pyplot as plt
    plt.install_repl_displayhook()
    """
    exec(dedent(code), submission._namespace(tmp_path / "a.ipynb"))


@confined
def test_data_is_laid_beside_each_notebook(tmp_path, capsys):
    data, folder = tmp_path / "data", tmp_path / "folder"
    (data / "raw").mkdir(parents=True)
    (data / "raw" / "digits").write_text("")
    folder.mkdir()
    notebook(folder / "a.ipynb", "open('raw/digits')")
    (folder / "ana" / "work").mkdir(parents=True)
    notebook(folder / "ana" / "work" / "a.ipynb", "open('raw/digits')")
    assert main(["lab", "grade", str(folder), "--data", str(data)]) == 0
    printed = capsys.readouterr().out
    assert "Error" not in printed
    assert main(["lab", "grade", str(folder), "--data", str(tmp_path / "none")]) == 1
    assert "--data" in capsys.readouterr().err
