"""Write the index of the exercises, by which one is found without loading all: `make index`."""

import json
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import yaml

from scorelab import exercises
from scorelab.exercises.engine.registry import INDEX

ROOT = Path(__file__).resolve().parent.parent


def index() -> dict[str, list[str]]:
    """The labels of the exercises by the module of their chapter, in the order of the book."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    pages = [page["file"] for part in contents["parts"] for page in part["chapters"]]
    order = [Path(page).name.replace("-", "_") for page in pages]
    modules = [m.name for m in iter_modules(exercises.__path__) if not m.ispkg]
    return {
        name: list(import_module(f"{exercises.__name__}.{name}").EXERCISES)
        for name in sorted(modules, key=order.index)
    }


if __name__ == "__main__":
    INDEX.write_text(json.dumps(index(), indent=2) + "\n", "utf-8")
