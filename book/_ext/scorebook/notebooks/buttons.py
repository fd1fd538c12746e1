"""What a page with notebooks offers: a line to download them, buttons for Colab and Binder.

The buttons come with a repository's address (`_config.yml`: `repository: url`); until then there
is nothing that they could open. Both open the branch `notebooks`, to which the workflow in
`.github` publishes the repository with its notebooks.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlparse

from docutils import nodes
from scorebook import contents, state
from scorebook.chapters.execution import executor_of
from scorebook.words import word
from sphinx.application import Sphinx
from sphinx.util.osutil import relative_uri

BRANCH = "notebooks"
STUDENT_SUFFIX = "-student"


def add_buttons(
    app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    """Put the line with the notebooks below the title, and the launch menu among the buttons."""
    if doctree is None:
        return
    name = posixpath.join(
        posixpath.dirname(page), app.env.metadata[page].get("notebook", posixpath.basename(page))
    )
    lines = _template_line(app, page)
    if not app.config.solutions and Path(app.outdir, f"{name}{STUDENT_SUFFIX}.ipynb").is_file():
        name += STUDENT_SUFFIX
    executed = Path(app.outdir, f"{name}.ipynb").is_file()
    if executed:
        lines += _line(app, page, name)
    if not lines:
        return
    context["body"] = context["body"].replace("</h1>", f"</h1>\n{lines}", 1)
    buttons = context.setdefault("header_buttons", [])
    repository = urlparse(app.config.notebook_repository)
    if executed and repository.hostname == "github.com":
        buttons[:0] = [
            _launch("Colab", _colab, repository.path, name),
            _launch("Binder", _binder, repository.path, name),
        ]


def _template_line(app: Sphinx, page: str) -> str:
    """`Your own notebook`: the template of a page, and the package that checks what is in it."""
    template = app.env.metadata[page].get("template")
    if template is None:
        return ""
    files = {f"{template}.ipynb": "a template that checks your answers"}
    return _offer(app, page, "Your own notebook", files, _with_package(app, page, files))


def _line(app: Sphinx, page: str, name: str) -> str:
    """`Run it yourself`: the notebooks of a page, and the package that they need."""
    file = posixpath.basename(name)
    if Path(app.outdir, f"{name}{STUDENT_SUFFIX}.ipynb").is_file():
        files = {
            f"{file}{STUDENT_SUFFIX}.ipynb": "the student's notebook",
            f"{file}.ipynb": "the one with solutions",
        }
    elif name.endswith(STUDENT_SUFFIX):
        files = {f"{file}.ipynb": "the student's notebook"}
    elif "template" in app.env.metadata[page]:
        files = {f"{file}.ipynb": "the model solution"}
    else:
        files = {f"{file}.ipynb": "the executed notebook"}
    if contents.stands_alone(app.env, name):
        chapter = executor_of(app).read(name, Path(app.env.doc2path(name)))
        beside = map(posixpath.basename, chapter.notebook.metadata.get("beside", []))
        files |= {data: f"<code>{data}</code>" for data in beside}
        how = "Put them into one folder." if len(files) > 1 else "It needs nothing else."
    else:
        how = _with_package(app, page, files)
    return _offer(app, page, "Run it yourself", files, how)


def _with_package(app: Sphinx, page: str, files: dict[str, str]) -> str:
    """Add the package to the files, if it is offered; return what to do with them."""
    wheel = state.of_build(app).wheel
    if not wheel:
        return ""
    files[relative_uri(app.builder.get_target_uri(page), wheel)] = "the package"
    return "Put them into one folder; the first cell installs the package."


def _offer(app: Sphinx, page: str, what: str, files: dict[str, str], how: str) -> str:
    say = partial(word, language=contents.language(app.env, page))
    links = ", ".join(f'<a href="{url}" download>{say(text)}</a>' for url, text in files.items())
    return f'<p class="run"><strong>{say(what)}</strong>: {links}. {say(how)}</p>'


def _launch(text: str, address: Callable[[str, str], str], repository: str, name: str) -> dict:
    url = address(repository.strip("/").removesuffix(".git"), f"{name}.ipynb")
    return {"type": "link", "text": text, "tooltip": f"Run on {text}", "url": url}


def _colab(repository: str, path: str) -> str:
    return f"https://colab.research.google.com/github/{repository}/blob/{BRANCH}/{quote(path)}"


def _binder(repository: str, path: str) -> str:
    return f"https://mybinder.org/v2/gh/{repository}/{BRANCH}?labpath={quote(path, safe='')}"
