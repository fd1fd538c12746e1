"""The derivations as they leave the book: their files, their LaTeX to paste, how they are cited.

Everything is taken from the registry `scorelab.derivations` and its table of formats. Deriving and
checking all of them takes seconds, so each is kept on disk under a digest of what it depends on.
Nothing here knows Sphinx.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from scorebook.cache import digest_of, kept

import scorelab
from scorelab import derivations
from scorelab._support.files import write_whole
from scorelab.derivations import export
from scorelab.derivations.engine.words import LANGUAGES, words_file

ALL = "scorelab-derivations.zip"
# In Spanish the site keeps what is text: a deck takes seconds to set, and the command makes it.
FORMS = {
    "en": tuple(export.FORMATS),
    "es": tuple(form for form in export.FORMATS if form != "reveal"),
}
LABELS = {  # of links; a format that is not here goes by its own name
    "latex": ".tex",
    "beamer": "Beamer",
    "reveal": "Slides",
    "markdown": ".md",
    "notebook": ".ipynb",
    "sympy": ".py",
}


@dataclass(frozen=True)
class Export:
    """One derivation, checked and written out.

    Attributes:
        name: Its stable name.
        title: Its title; Markdown with mathematics between dollar signs.
        statement: What it says; Markdown with mathematics.
        assumptions: Of what; likewise.
        sources: Who said it first, or best.
        steps: The name of each step, and how it was checked.
        latex: What is copied: the body of `to_latex`, for any document with amsmath.
        citation: One line to cite it by.
        files: The text of each format by the file's name, in every language.
    """

    name: str
    title: str
    statement: str
    assumptions: list[str]
    sources: list[str]
    steps: list[tuple[str, str]]
    latex: str
    citation: str
    files: dict[str, str]

    @property
    def mark(self) -> str:
        """How its steps were checked, in a line: `8 steps: 5 checked by algebra, 3 definitions`."""
        count = Counter(checked for _, checked in self.steps)
        words = [
            f"{count['symbolic']} checked by algebra",
            f"{count['numeric']} {'' if count['symbolic'] else 'checked '}to 20 digits",
            f"{count['observed']} observed",
            f"{count['cited']} cited",
            f"{count['definition']} definition{'s' * (count['definition'] != 1)}",
        ]
        kinds = ("symbolic", "numeric", "observed", "cited", "definition")
        said = ", ".join(word for word, kind in zip(words, kinds, strict=True) if count[kind])
        return f"{len(self.steps)} steps: {said}"


class Exports:
    """All derivations as they leave the book.

    Args:
        cache: The folder that keeps them from build to build.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._known: dict[str, Export] = {}

    def __getitem__(self, name: str) -> Export:
        if name not in self._known:
            self._known[name] = self._kept(name)
        return self._known[name]

    @cached_property
    def digest(self) -> str:
        """A digest of all that the derivations and their files depend on."""
        return digest_of([self._code, *map(_words, derivations.available())])

    @cached_property
    def _code(self) -> str:
        """The same without the words of the theorems: each file depends on its own alone."""
        package = Path(derivations.__file__).parent
        kinds = ("*.py", "*.js", "*.css", "notations/*.toml", "text/*.toml")
        sources = [path for kind in kinds for path in sorted(package.rglob(kind))]
        sources.append(Path(__file__))
        digest = hashlib.sha256(f"{release()} {version('sympy')}".encode())
        for file in sources:
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
        return digest.hexdigest()[:32]

    def write(self, folder: Path, names: Iterable[str]) -> None:
        """Write every format of these derivations, the macros, and an archive of it all."""
        texts, names = {export.MACROS_FILE: export.macros()}, list(names)
        for name in names:
            texts |= self[name].files
        archive = _archive(texts)
        texts |= {copied_file(name): _copied(name, self[name].latex) for name in names}
        for file, text in texts.items():
            _write(folder / file, text.encode())
        _write(folder / ALL, archive)
        there = {path for path in folder.rglob("*") if path.is_file()}
        for stale in there - {folder / file for file in (*texts, ALL)}:
            stale.unlink()

    def _kept(self, name: str) -> Export:
        recipe = [self._code, _words(name), name]
        made = kept(self._cache, recipe, lambda: json.dumps(asdict(_exported(name))).encode())
        fields = json.loads(made)
        return Export(**fields | {"steps": [tuple(step) for step in fields["steps"]]})


def release() -> str:
    """The version of the package."""
    return scorelab.__version__


def copied_file(name: str) -> str:
    """The script that holds the LaTeX of a derivation, which a page loads when it is copied."""
    return f"latex/{name}.js"


def _copied(name: str, latex: str) -> str:
    return f"(window.scorelabLatex ??= {{}})[{json.dumps(name)}] = {json.dumps(latex)};\n"


def file_name(name: str, form: str, language: str = "en") -> str:
    """The file of a derivation in a format: of two with one extension the second says which.

    Each language but the book's own has a folder.
    """
    extension = export.FORMATS[form].extension
    first = next(f for f, other in export.FORMATS.items() if other.extension == extension)
    folder = "" if language == "en" else f"{language}/"
    return f"{folder}{name}{'' if form == first else f'-{form}'}{extension}"


def _words(name: str) -> list[str]:
    return [words_file(name, language) for language in LANGUAGES]


def _exported(name: str) -> Export:
    # With them comes sympy, which most builds can do without.
    from scorelab.derivations.export.tex import excerpt

    derivation = derivations.get(name)
    theorem = export.prepared(derivation)
    return Export(
        name=name,
        title=theorem.title,
        statement=theorem.statement,
        assumptions=list(theorem.assumptions),
        sources=list(theorem.sources),
        steps=[(step.name, step.checked) for step in derivation.steps],
        latex=excerpt(derivation),
        citation=theorem.source,
        files={
            file_name(name, form, language): export.FORMATS[form].render(
                derivation, language=language
            )
            for language, forms in FORMS.items()
            for form in forms
        },
    )


def _write(path: Path, content: bytes) -> None:
    if not path.is_file() or path.read_bytes() != content:
        write_whole(path, content)


def _archive(texts: dict[str, str]) -> bytes:
    """A zip of the files, the same for the same texts: it holds no time of day."""
    content = BytesIO()
    with ZipFile(content, "w") as archive:
        for file, text in sorted(texts.items()):
            archive.writestr(ZipInfo(f"{Path(ALL).stem}/{file}"), text, ZIP_DEFLATED)
    return content.getvalue()
