"""The audit without Lighthouse: what the server sends, which rows come first, what fails."""

from __future__ import annotations

import gzip
import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from audit import __main__ as command
from audit import report
from audit.server import media_type, serving

AUDIT = Path(report.__file__).parent
GOOD = {"performance": 100, "accessibility": 100, "best-practices": 100, "seo": 100}


def measured(name: str = "a.html", **scores: int) -> list[dict]:
    """What a page on which all is well measures, but for `scores`."""
    scores = GOOD | {k.replace("_", "-"): v for k, v in scores.items()}
    return [
        *({"kind": "lighthouse", "name": name, "screen": screen, "scores": scores, "bytes": 9_000,
           "faults": []} for screen in ("mobile", "desktop")),
        *({"kind": "axe", "name": name, "scheme": scheme, "violations": []}
          for scheme in ("light", "dark")),
    ]  # fmt: skip


def test_a_good_page_passes():
    assert report.verdict(report.rows(measured(), ["a.html"]), demand_speed=True) == []


@pytest.mark.parametrize("category", ["accessibility", "best_practices", "seo"])
def test_99_fails_where_100_is_wanted(category):
    [told] = report.verdict(report.rows(measured(**{category: 99}), ["a.html"]))
    assert category.replace("_", "-") in told
    assert "99" in told


def test_one_violation_in_one_scheme_fails():
    found = measured()
    found[-1]["violations"] = ["color-contrast: <p>"]
    [told] = report.verdict(report.rows(found, ["a.html"]))
    assert "dark: color-contrast" in told


@pytest.mark.parametrize("left_out", range(4))
def test_what_was_not_measured_fails(left_out):
    found = measured()
    del found[left_out]
    assert report.verdict(report.rows(found, ["a.html"]), demand_speed=True)


def test_a_page_that_was_not_measured_at_all_fails():
    rows = report.rows(measured("a.html"), ["a.html", "b.html"])
    assert rows[0].name == "b.html"
    assert report.verdict(rows)


@pytest.mark.parametrize(("score", "missed"), [(94, 2), (95, 1), (99, 1), (100, 0)])
def test_speed_is_a_target_that_can_be_demanded(score, missed):
    rows = report.rows(measured(performance=score), ["a.html"])
    assert report.verdict(rows) == []
    assert len(report.verdict(rows, demand_speed=True)) == missed


def test_speed_is_the_median_of_the_runs_and_every_other_score_their_worst():
    found = measured(performance=20, seo=90) + measured() + measured()
    [row] = report.rows(found, ["a.html"])
    assert row.speed("mobile") == row.speed("desktop") == 100
    assert row.scores["seo"] == 90


def test_the_worst_page_comes_first():
    found = measured("slow.html", performance=50) + measured("good.html")
    found += measured("axe.html") + measured("seo.html", seo=80)
    found[-5]["violations"] = ["label: <input>"]
    rows = report.rows(found, ["good.html", "axe.html", "slow.html", "seo.html"])
    names = ["seo.html", "axe.html", "slow.html", "good.html"]
    assert [row.name for row in rows] == names
    lines = report.table(rows).splitlines()
    assert [line.split()[0] for line in lines[1:]] == names
    assert len({len(line) for line in lines}) == 1
    assert lines[3].split()[1:] == ["50", "50", "100", "100", "100", "9", "0"]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text("<p>word</p>" * 500, encoding="utf-8")
    (tmp_path / "moved.html").write_text('<meta http-equiv="refresh">', encoding="utf-8")
    (tmp_path / "film.mp4").write_bytes(bytes(range(256)))
    return tmp_path


def test_text_is_sent_compressed_typed_and_with_an_age(site):
    with serving(site) as address:
        head, body = get(address + "index.html", {"Accept-Encoding": "gzip"})
        assert gzip.decompress(body) == (site / "index.html").read_bytes()
        assert len(body) < 500
        assert head["Content-Type"] == "text/html; charset=utf-8"
        assert head["Cache-Control"] == "max-age=600"
        assert get(address)[1] == (site / "index.html").read_bytes()


def test_a_part_of_a_film_is_sent_as_asked(site):
    with serving(site) as address:
        head, body = get(address + "film.mp4", {"Range": "bytes=16-31"})
    assert body == bytes(range(16, 32))
    assert head["Content-Range"] == "bytes 16-31/256"
    assert head["Content-Type"] == "video/mp4"


@pytest.mark.parametrize("path", ["nowhere.html", "../secret", "%2e%2e/secret"])
def test_nothing_else_is_sent(site, path):
    root = site / "inner"
    root.mkdir()
    (root / "index.html").touch()
    (site / "secret").write_text("secret", encoding="utf-8")
    with serving(root) as address, pytest.raises(urllib.error.HTTPError, match="404"):
        get(address + path)


def test_a_site_that_is_not_built_is_told(tmp_path):
    with pytest.raises(ValueError, match=r"root: .* no index.html"), serving(tmp_path):
        pass


def test_types_that_python_may_not_know():
    for name, kind in [("a.woff2", "font/woff2"), ("a.js", "text/javascript; charset=utf-8")]:
        assert media_type(Path(name)) == kind


def test_the_command_fails_and_says_why(site, monkeypatch, capsys):
    monkeypatch.setattr(command, "HTML", site)
    monkeypatch.setattr(command, "_measure", lambda *_: iter(measured("index.html", seo=90)))
    assert command.main([]) == 1
    assert "FAILED index.html: seo 90, wanted 100" in capsys.readouterr().out
    monkeypatch.setattr(command, "_measure", lambda *_: iter(measured("index.html")))
    assert command.main([]) == 0
    assert command.main(["nowhere"]) == 2


def test_pages_that_only_lead_on_are_left_out(site):
    assert command.found_pages(site) == ["index.html"]


def test_the_lock_file_pins_everything_and_names_no_registry():
    text = (AUDIT / "package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(text)["packages"]
    wanted = json.loads((AUDIT / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    assert '"resolved"' not in text
    assert all(packages[f"node_modules/{name}"]["version"] == v for name, v in wanted.items())
    assert all("integrity" in package for name, package in packages.items() if name)


def get(url: str, headers: dict[str, str] | None = None):
    request = urllib.request.Request(url, headers=headers or {})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.headers, answer.read()
