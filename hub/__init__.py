"""The hub: a catalog of approved base models, the gate that approves them, and the pull that delivers them.

In a notebook: `import hub; hub.load("name")` gives a pulled model, verified. Importing the package imports nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.adapted import load_adapted as load_adapted
    from hub.loading import Loaded as Loaded
    from hub.loading import load as load

__version__ = "0.1.0"

#: Public name -> module. No module may bear a public name: importing it would put the module in the function's place.
_PUBLIC = {"load": "hub.loading", "Loaded": "hub.loading", "load_adapted": "hub.adapted"}


def __getattr__(name: str) -> object:
    """Import a public name on its first use (PEP 562)."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'hub' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    """Name what a notebook may complete."""
    return sorted([*globals(), *_PUBLIC])
