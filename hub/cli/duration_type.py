"""Durations on the command line: `90s`, `30m`, `1h`, `1h30m`, `20ms`."""

from __future__ import annotations

import re

import click

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|min|s|m|h|d)")


class Duration(click.ParamType[float]):
    """Seconds above 0, written with their unit."""

    name = "duration"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds.

        Raises:
            click.BadParameter: If it is no duration.
        """
        if isinstance(value, float):
            return value
        text = value.strip().lower()
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
        if _PART.sub("", text).strip() or seconds <= 0.0:
            self.fail(f"{value!r} is no duration: write 90s, 30m, 1h or 1h30m", param, ctx)
        return seconds
