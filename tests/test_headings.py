"""A page may lead to a section of another one, and does not outlive its renaming."""

from __future__ import annotations

import re

import pytest
from sample import PARTS, Book


@pytest.mark.nightly
def test_a_section_that_is_renamed_stops_every_build_until_the_link_follows(tmp_path):
    book = Book(tmp_path)
    book.write("scorelab/__init__.py", "")
    book.write("one.md", "# One\n\n## The proof: part $a$\n\nWords.\n")
    link = "# Two\n\nSee [how](one.md#the-proof-part-).\n"
    book.write("two.md", link)
    book.configure("one", "two", more="    myst_heading_anchors: 3", parts=(*PARTS, "sections"))
    code, output = book.build()
    assert code == 0, output
    assert 'href="one.html#the-proof-part-a"' in book.page("two")

    book.write("one.md", "# One\n\n## The argument\n\nWords.\n")
    for _ in range(2):
        code, output = book.build()
        assert code != 0
        assert "local id not found in doc 'one': 'the-proof-part-'" in output

    link = link.replace("the-proof-part-", "the-argument")
    whole = "[The argument](one.md#the-argument)"
    book.write("two.md", f"{link}\nSee {whole}, too.\n\n{whole}\n")
    code, output = book.build()
    assert code == 0, output
    assert 'href="one.html#the-argument"' in book.page("two")
    quoted = re.findall(r"“?<a [^>]*><span [^>]*>The argument</span></a>”?", book.page("two"))
    assert [words[0] + words[-1] for words in quoted] == ["“”", "<>"]
