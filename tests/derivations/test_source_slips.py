"""A slip in the source of a derivation, in a definition or a helper too, is refused by its checks.

By day the first slip of each kind for a few derivations, at night a sample of every derivation's:
all would take more than an hour of a core, see `source_mutants` for how to ask for them. What stays
true is listed, with the reason, in `free_slips`.
"""

import random
import re

import pytest
from free_slips import FREE_SLIPS
from source_mutants import believed, slips
from tiers import first_of_each

from scorelab import derivations
from scorelab.derivations.engine import checking

NAMES = derivations.available()
DAY = ["ou-moments", "ou-transition"]
NIGHT = 20  # slips of each derivation


def words(title: str) -> str:
    """What is listed: the slip without its place in the file."""
    return re.sub(r", line \d+: ", ": ", title)


@pytest.mark.parametrize("name", DAY)
def test_one_slip_of_each_kind_is_refused(name):
    free = FREE_SLIPS.get(name, {})
    tried = [title for title in slips(name) if words(title) not in free]
    assert not list(believed(name, first_of_each(tried, lambda title: title.split(",")[0])))


@pytest.mark.nightly
@pytest.mark.parametrize("name", NAMES)
def test_a_sample_of_all_slips_is_refused(name):
    titles = list(slips(name))
    sample = random.Random(0).sample(titles, min(NIGHT, len(titles)))
    free = FREE_SLIPS.get(name, {})
    assert {words(title) for title in believed(name, sample)} - set(free) == set()


def test_what_is_listed_as_free_is_a_slip_that_there_is():
    for name, free in FREE_SLIPS.items():
        assert set(free) <= {words(title) for title in slips(name)}, name
        assert all(free.values())


def test_a_slip_that_is_believed_is_found(monkeypatch):
    """The search itself can fail: without its checks a derivation believes everything."""
    from scorelab.derivations import Derivation

    monkeypatch.setattr(Derivation, "check", lambda self: self)
    title = next(title for title in slips("ou-moments") if title.startswith("sign"))
    assert list(believed("ou-moments", [title])) == [title]


def test_steps_that_a_slip_leaves_alone_are_proved_once(monkeypatch):
    """A wrong factor in the covariance: only the step about the covariance is asked again."""
    asked = []
    check = checking.check

    def counted(relation, *about):
        asked.append(relation)
        return check(relation, *about)

    monkeypatch.setattr(checking, "check", counted)
    steps = derivations.unchecked("ou-autocovariance").steps
    claims = [step.equation for step in steps if not step.checked]
    title = next(title for title in slips("ou-autocovariance") if "f(x) * p(y, x) → 2" in title)
    assert not list(believed("ou-autocovariance", [title]))
    assert asked[: len(claims)] == claims
    assert [relation.lhs for relation in asked[len(claims) :]] == [claims[-1].lhs]
