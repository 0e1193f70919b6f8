"""A page as a file."""

from __future__ import annotations

from pathlib import Path

from hub.cli.output import Output


def write_page(path: Path, page: str, output: Output) -> None:
    """Write a page; the same bytes on every system."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(page.encode("utf-8"))
    output.note(f"written: {path}")
