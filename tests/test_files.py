"""Files that are written whole or not at all."""

import os

import pytest

from scorelab._support.files import write_whole


def test_content_is_there_and_nothing_beside_it(tmp_path):
    path = tmp_path / "new" / "file"
    write_whole(path, b"one")
    write_whole(str(path), b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


def test_it_is_readable_as_any_new_file_is(tmp_path):
    write_whole(tmp_path / "whole", b"")
    (tmp_path / "plain").touch()
    modes = {(tmp_path / name).stat().st_mode for name in ("whole", "plain")}
    assert len(modes) == 1


@pytest.mark.parametrize("fails", ["os.fsync", "os.replace"])
def test_what_is_cut_short_leaves_the_old_content(tmp_path, monkeypatch, fails):
    def no_space(*_):
        raise OSError("no space")

    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(fails, no_space)
    with pytest.raises(OSError, match="no space"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]
