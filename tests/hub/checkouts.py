"""A checkout for tests that run whole commands: the real catalog, with one small protocol instead of its own."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
#: Frozen strategies and floors in seconds; `settings` may follow.
LIGHT = "majority, tfidf-logreg, pixels-logreg, knn, linear-probe"


def small_catalog(folder: Path, *, strategies: str = LIGHT, more: str = "") -> Path:
    """Make a catalog whose protocol `tiny` has two runs at two labels a class; tasks are links that may be replaced."""
    for name in ("models", "policies", "data"):
        (folder / name).symlink_to(ROOT / "catalog" / name)
    for name in ("tasks", "protocols"):
        (folder / name).mkdir()
    for task in (ROOT / "catalog" / "tasks").glob("*.yaml"):
        (folder / "tasks" / task.name).symlink_to(task)
    (folder / "protocols" / "tiny.yaml").write_text(
        f"schema: 1\nid: tiny\ntitle: For a test\ndescription: Two runs.\nlabels_per_class: [2]\nruns: 2\n"
        f"strategies: [{strategies}]\n{more}"
    )
    return folder
