"""Modules that have moved, found by the names they had."""

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

_DERIVATIONS = [
    "annealed_contraction",
    "dsm_equivalence",
    "dsm_floor",
    "dsm_target",
    "euler_maruyama_bias",
    "fisher_blindness",
    "fisher_gaussians",
    "implicit_score_matching",
    "mixture_score",
    "ncsn_to_sde",
    "ou_autocovariance",
    "ou_entropy_decay",
    "ou_moments",
    "ou_reversibility",
    "ou_spectrum",
    "ou_stationarity",
    "ou_transition",
    "probability_flow",
    "reverse_sde",
    "schedule_overlap",
    "tweedie",
    "ula_bias",
]

# What stands now where something else was (`training`, `networks`, `derivations.printing`) offers
# the names that it had.
MOVED = {
    "allocator": "_support.allocator",
    "architectures": "networks.registry",
    "batches": "training.batches",
    "checkpoints": "training.checkpoints",
    "checks": "_support.checks",
    "data": "training.mnist.data",
    "decks": "derivations.export.decks",
    "decks.derivation": "derivations.export.decks.writer",
    "decks.page": "derivations.export.decks.html",
    "decks.sources": "derivations.export.decks.sources",
    "derivations.checking": "derivations.engine.checking",
    "derivations.derivation": "derivations.engine.derivation",
    "derivations.export.frames": "derivations.export.framing",
    "derivations.export.latex": "derivations.export.tex",
    "derivations.export.markdown": "derivations.export.myst",
    "derivations.export.notebook": "derivations.export.jupyter",
    "derivations.export.pieces": "derivations.export.parts",
    "derivations.export.reveal": "derivations.export.slides",
    "derivations.export.script": "derivations.export.sympy_script",
    "derivations.formats": "derivations.export.formats",
    "derivations.gaussian": "derivations.engine.densities",
    "derivations.latex": "derivations.printing.latex",
    "derivations.proofs": "derivations.engine.proofs",
    "devices": "training.devices",
    "digits": "training.mnist.judge",
    "exercises.exercise": "exercises.engine.judging",
    "exercises.kinds": "exercises.engine.kinds",
    "exercises.reading": "exercises.engine.reading",
    "exercises.registry": "exercises.engine.registry",
    "exercises.ways": "exercises.engine.ways",
    "files": "_support.files",
    "live": "figures.live",
    "macros": "derivations.printing.macros",
    "measured": "figures.measured",
    "picture": "figures.pictures",
    "plotting": "figures.plotting",
    "recipes": "training.mnist.network",
    "slices": "_support.slices",
    "typesetter": "derivations.printing.typesetter",
    "unet": "networks.unet",
    **{f"derivations.{name}": f"derivations.catalogue.{name}" for name in _DERIVATIONS},
}


class _Finder:
    """Loads a module under its old name: the very module, so its classes are the same."""

    package = "scorelab"

    def find_spec(self, fullname: str, path=None, target=None) -> ModuleSpec | None:
        package, _, name = fullname.partition(".")
        return ModuleSpec(fullname, self) if package == self.package and name in MOVED else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        package, _, name = spec.name.rpartition(".")
        if name in getattr(sys.modules[package], "__all__", ()):
            sys.modules[package].__class__ = _Package
        module = import_module(f"{self.package}.{MOVED[spec.name.partition('.')[2]]}")
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to do but to give back the description that the import replaced."""
        module.__spec__ = module.__spec__.loader_state


class _Package(ModuleType):
    """A package in which a module by its old name does not take the place of a function."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (isinstance(value, ModuleType) and name in self.__all__):
            super().__setattr__(name, value)


def find_moved() -> None:
    """Let Python find the modules of this package by their old names too."""
    others = [f for f in sys.meta_path if getattr(f, "package", None) != _Finder.package]
    sys.meta_path[:] = [_Finder(), *others]
