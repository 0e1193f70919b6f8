"""The table in its three forms: for a terminal, for the README, and JSON with everything."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.benchmarks.machine import Machine
from tests.benchmarks.row import Row, sums

_HEAD = (
    "goal",
    "work",
    "peer",
    "peer, s",
    "ours, s",
    "ratio",
    "CPU",
    "goal ratio",
    "",
    "counters, ours",
    "of roofline",
)


def plain(rows: Sequence[Row], here: Machine, device: str) -> str:
    """Return the table for a terminal, with the reasons below each row that has one."""
    cells = [_HEAD, *(_cells(row, here) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    told = [lines[0]]
    for line, row in zip(lines[1:], rows, strict=True):
        told += [line, f"      {row.reason}"] if row.reason else [line]
    return "\n".join([_words(here, device), *told])


def markdown(rows: Sequence[Row], here: Machine, day: str, stem: str) -> str:
    """Return the table for the README.

    Args:
        rows: What was measured.
        here: Where.
        day: When.
        stem: Path of JSON and picture without their endings, from the README.
    """
    head = ("", "work", "peer", "ratio", "goal", "", "of roofline")
    lines = [
        f"{day}, {_words(here, 'cuda' if 'gpu' in here.hardware else 'cpu')}. {sums(rows)}.",
        "",
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
    ]
    for row in rows:
        wanted = f"{row.wanted:g}x" if row.wanted is not None else "-"
        said = f"{row.verdict}: {row.reason}" if row.reason else row.verdict
        kind = f"{row.against}: {row.peer}"
        lines.append(
            f"| {row.goal} | {row.work} | {kind} | {row.ratio:.1f}x | {wanted} | {said} | {_share(row, here)} |"
        )
    return "\n".join(
        [*lines, "", f"![ratios]({stem}.svg)", "", f"Seconds, processor time and counters: `{stem}.json`."]
    )


def write_json(path: Path, rows: Sequence[Row], here: Machine, day: str, device: str) -> None:
    """Write everything that was measured."""
    document = {
        "date": day,
        "device": device,
        "machine": asdict(here),
        "summary": sums(rows),
        "rows": [{**asdict(row), **_derived(row, here)} for row in rows],
    }
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def put_into_readme(readme: Path, table: str, device: str) -> None:
    """Replace what stands between the markers of a device's table.

    Raises:
        ValueError: If the README has no such markers.
    """
    first, last = f"<!-- begin bench {device} -->", f"<!-- end bench {device} -->"
    text = readme.read_text(encoding="utf-8")
    if first not in text or last not in text:
        raise ValueError(f"{readme} has no markers {first} and {last}")
    before, after = text.split(first)[0], text.split(last)[1]
    readme.write_text(f"{before}{first}\n{table}\n{last}{after}", encoding="utf-8")


def _cells(row: Row, here: Machine) -> tuple[str, ...]:
    wanted = f"{row.wanted:g}x" if row.wanted is not None else "-"
    extrapolated = "*" if row.theirs.extrapolated else ""
    return (
        row.goal, row.work, f"{row.against}: {row.peer}", f"{row.theirs.seconds:.2f}{extrapolated}",
        f"{row.ours.seconds:.2f}", f"{row.ratio:.2f}x", f"{row.cpu_ratio:.2f}x", wanted, row.verdict,
        _counters(row.ours.counters), _share(row, here),
    )  # fmt: skip


def _counters(counters: Mapping[str, int]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {count:,}" for name, count in counters.items() if name != "cells_run"
    )


def _derived(row: Row, here: Machine) -> dict[str, Any]:
    return {
        "ratio": row.ratio,
        "cpu_ratio": row.cpu_ratio,
        "verdict": row.verdict,
        "reason": row.reason,
        "gates_hold": [gate.holds for gate in row.gates],
        "of_roofline": row.fraction_of(_ceiling(row, here)),
    }


def _share(row: Row, here: Machine) -> str:
    share = row.fraction_of(_ceiling(row, here))
    return "-" if share is None else f"{100.0 * share:.0f} %"


def _ceiling(row: Row, here: Machine) -> float:
    return here.ceiling("bfloat16" if row.in_bf16 else "float32")


def _words(here: Machine, device: str) -> str:
    what = here.hardware.get("gpu", "") if device == "cuda" else here.hardware["cpu"]
    return (
        f"{what}, {here.hardware['cores']} cores, {here.threads} threads, torch {here.packages['torch']}; ceiling of "
        f"a matrix product {here.float32 / 1e9:.0f} GFLOP/s in float32, {here.bfloat16 / 1e9:.0f} in bf16"
    )
