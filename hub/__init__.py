"""The hub: a catalog of approved base models, the gate that approves them, and the pull that delivers them.

In a notebook: `import hub`, then `hub.list()`, `hub.recommend(...)`, `hub.evaluate(...)`, `hub.adapt(...)`,
`hub.pull("name")`, `hub.load("name")`. Importing the package imports nothing.
"""

from __future__ import annotations

import builtins
import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.adapted.model import load_adapted
    from hub.loading import Loaded, load
    from hub.notebook.functions import adapt, evaluate, pull, recommend, show
    from hub.notebook.functions import list_models as list  # noqa: A004  its public name

__all__ = ["Loaded", "adapt", "evaluate", "list", "load", "load_adapted", "pull", "recommend", "show"]
__version__ = "0.1.0"

_FUNCTIONS = "hub.notebook.functions"
#: Public name -> module, name in it. No module may bear a public name: importing it would put the module in the
#: function's place.
_PUBLIC = {
    "list": (_FUNCTIONS, "list_models"),
    "show": (_FUNCTIONS, "show"),
    "evaluate": (_FUNCTIONS, "evaluate"),
    "recommend": (_FUNCTIONS, "recommend"),
    "adapt": (_FUNCTIONS, "adapt"),
    "pull": (_FUNCTIONS, "pull"),
    "load": ("hub.loading", "load"),
    "Loaded": ("hub.loading", "Loaded"),
    "load_adapted": ("hub.adapted.model", "load_adapted"),
}


def __getattr__(name: str) -> object:
    """Import a public name on its first use (PEP 562)."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'hub' has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> builtins.list[str]:
    """Name what a notebook may complete."""
    return sorted([*globals(), *_PUBLIC])
