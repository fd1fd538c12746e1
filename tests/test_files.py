"""Files that are written whole or not at all, over whatever stands in their place."""

import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scorelab._support.files import write_whole

ROOT = Path(__file__).resolve().parent.parent
linux = pytest.mark.skipif(sys.platform != "linux", reason="what only Linux has")
as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="not root")


@pytest.fixture(params=["nameless", "named"])
def ways(request, monkeypatch):
    """Where the system knows files without a name, and where it does not."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)


def test_content_is_there_and_nothing_beside_it(tmp_path, ways):
    path = tmp_path / "new" / "file"
    write_whole(path, b"one")
    write_whole(str(path), b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]
    longest = path.with_name("é" * 127)
    write_whole(longest, b"three")
    assert longest.read_bytes() == b"three"


def test_it_is_readable_as_any_new_file_is(tmp_path, ways):
    write_whole(tmp_path / "whole", b"")
    (tmp_path / "plain").touch()
    modes = {(tmp_path / name).stat().st_mode for name in ("whole", "plain")}
    assert len(modes) == 1


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o777, 0o4755, 0o2600])
def test_the_mode_stays(tmp_path, ways, mode):
    path = tmp_path / "file"
    path.touch()
    path.chmod(mode)
    write_whole(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == mode


@as_root
def test_the_owner_stays(tmp_path, ways):
    path = tmp_path / "file"
    path.touch()
    os.chown(path, 4321, 1234)
    path.chmod(0o4750)
    write_whole(path, b"new")
    found = path.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (4321, 1234, 0o4750)


def test_another_name_of_the_file_keeps_the_old_content(tmp_path):
    path, other = tmp_path / "file", tmp_path / "other"
    path.write_bytes(b"old")
    os.link(path, other)
    write_whole(path, b"new")
    assert (path.read_bytes(), other.read_bytes()) == (b"new", b"old")


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path):
    (tmp_path / "far").mkdir()
    for name, target in (("a", "far/file"), ("b", "a"), ("c", str(tmp_path / "far/none/yet"))):
        (tmp_path / name).symlink_to(target)
        write_whole(tmp_path / name, name.encode())
        assert (tmp_path / name).is_symlink()
        assert (tmp_path / name).read_bytes() == name.encode()
    assert (tmp_path / "far/file").read_bytes() == b"b"
    assert (tmp_path / "far/none/yet").read_bytes() == b"c"
    (tmp_path / "folder").symlink_to("far")
    write_whole(tmp_path / "folder" / "file", b"d")
    assert (tmp_path / "far/file").read_bytes() == b"d"


def test_links_in_a_circle_and_a_folder_are_refused_by_name(tmp_path):
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    with pytest.raises(OSError, match=r"links.*one'$"):
        write_whole(tmp_path / "one", b"")
    with pytest.raises(IsADirectoryError, match=tmp_path.name):
        write_whole(tmp_path, b"")
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"file/below'$"):
        write_whole(tmp_path / "file" / "below", b"")
    assert sorted(os.listdir(tmp_path)) == ["file", "one", "two"]


@linux
def test_a_pipe_gets_the_content_and_stays(tmp_path):
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    content = os.urandom(1 << 18)  # more than a pipe holds
    write_whole(pipe, content)
    reader.join(10)
    assert got == [content]
    assert pipe.is_fifo()
    assert os.listdir(tmp_path) == ["pipe"]


@linux
@as_root
def test_a_device_gets_the_content_and_stays(tmp_path):
    node = tmp_path / "null"
    os.mknod(node, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    link = tmp_path / "link"
    link.symlink_to("null")
    for path in (node, link):
        try:
            write_whole(path, b"new")
        except PermissionError:
            pytest.skip("devices are closed here")
    assert node.is_char_device()
    assert link.is_symlink()
    disk = tmp_path / "disk"
    os.mknod(disk, 0o600 | stat.S_IFBLK, os.makedev(7, 200))
    with pytest.raises(OSError, match=r"Not a file.*disk'$"):
        write_whole(disk, b"new")
    assert disk.is_block_device()
    assert Path(os.devnull).is_char_device()


@linux
def test_a_full_disk_is_said_by_name():
    with pytest.raises(OSError, match=r"No space left on device: '/dev/full'"):
        write_whole("/dev/full", b"new")
    assert Path("/dev/full").is_char_device()


@linux
@pytest.mark.parametrize("way", ["file", "more", "pipe"])
def test_standard_output_is_a_file_like_another(tmp_path, way):
    code = "from scorelab._support.files import write_whole; write_whole('/dev/stdout', b'new')"
    out = tmp_path / "out"
    out.write_text("old\n")
    more = {"file": "> out; cat out", "more": ">> out; cat out", "pipe": "| cat"}[way]
    command = f'(echo begin; "{sys.executable}" -c "{code}"; echo; echo end) {more}'
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=env, stdout=-1, text=True)
    assert done.stdout == "old\n" * (way == "more") + "begin\nnew\nend\n"
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.skipif(sys.platform == "win32", reason="folders are never closed there")
def test_what_may_not_be_written_stays(tmp_path):
    """As somebody who is not root: root may do anything."""
    folder, shut = tmp_path / "folder", tmp_path / "shut"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    shut.mkdir()
    for file, mode in ((folder / "file", 0o444), (shut / "file", 0o666)):
        file.write_bytes(b"old")
        file.chmod(mode)
    shut.chmod(0o555)
    with somebody(tmp_path):
        for file in (folder / "file", shut / "file", shut / "new", shut / "a" / "new"):
            with pytest.raises(PermissionError, match=f"{file}'$"):
                write_whole(file, b"new")
    assert (folder / "file").read_bytes() == (shut / "file").read_bytes() == b"old"
    assert os.listdir(folder) == os.listdir(shut) == ["file"]


@contextmanager
def somebody(tmp_path: Path) -> Iterator[None]:
    """Without the rights of root, if it has them."""
    root = os.geteuid() == 0
    if root:
        for folder in (tmp_path, *list(tmp_path.parents)[:2]):
            folder.chmod(folder.stat().st_mode | 0o711)
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("fails", ["os.fsync", "os.replace"])
def test_what_is_cut_short_leaves_the_old_content(tmp_path, monkeypatch, ways, fails):
    def no_space(*_):
        raise OSError("no space")

    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(fails, no_space)
    with pytest.raises(OSError, match="no space"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


KILLED = """
import os, signal, sys
from scorelab._support.files import write_whole
name, after = sys.argv[2], sys.argv[3] == "after"
real = getattr(os, name)
def fatal(*args, **kwargs):
    if after:
        real(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(os, name, fatal)
write_whole(sys.argv[1], b"new" * 1000)
"""


@linux
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["fsync", "fchmod", "link", "replace"])
def test_a_kill_leaves_the_old_content_or_the_new_and_the_next_write_nothing_else(
    tmp_path, call, when
):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), call, when], env=env)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == (b"new" * 1000 if (call, when) == ("replace", "after") else b"old")
    between = (call, when) in {("link", "after"), ("replace", "before")}
    assert os.listdir(tmp_path) == (["file", ".file.tmp"] if between else ["file"]) or between
    write_whole(path, b"next")
    assert path.read_bytes() == b"next"
    assert os.listdir(tmp_path) == ["file"]


def test_what_a_killed_writer_has_left_goes_where_files_need_a_name(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    old, fresh, other = (tmp_path / f".{n}.tmp" for n in ("file.1a", "file.2b", "other.3c"))
    for path in (old, fresh, other):
        path.touch()
    for path in (old, other):
        os.utime(path, (1, 1))
    write_whole(tmp_path / "file", b"new")
    assert {p.name for p in tmp_path.iterdir()} == {"file", fresh.name, other.name}


def test_many_writers_of_one_file_leave_what_one_of_them_wrote(tmp_path, ways):
    path = tmp_path / "file"
    contents = [bytes([65 + i]) * 50_000 for i in range(6)]
    failures = []

    def write(content: bytes) -> None:
        try:
            for _ in range(8):
                write_whole(path, content)
        except OSError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert path.read_bytes() in contents
    assert os.listdir(tmp_path) == ["file"]


WRITES = {"write_text", "write_bytes", "savefig", "imsave", "copyfile", "copytree", "mkstemp"}


def test_nothing_else_writes_files():
    """All goes through `write_whole`, but for what is thrown away, or is a copy of its own."""
    found = set()
    for folder in ("scorelab", "book"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text("utf-8")
            if any(f".{name}(" in text for name in WRITES):
                found.add(path.relative_to(ROOT).as_posix())
    assert found == {
        "book/_ext/scorebook/notebooks/wheel.py",  # builds in a folder that goes
        "scorelab/figures/pictures.py",  # a film, read back as bytes
        "scorelab/lab/grading/folder.py",  # a submission's own folder
        "scorelab/lab/grading/running.py",  # likewise
        "scorelab/training/mnist/network.py",  # into memory
    }
