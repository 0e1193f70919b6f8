"""What was trained, as the store keeps it: the files of a fit as arrays of bytes, if they are small enough to keep."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluators.engine.job import Fitted
from evaluators.origin import Origin
from evaluators.results import Stored

#: Trained weights are kept when they are small: a head, an adapter, a small network. Larger ones are trained again.
KEPT_FIT_BYTES = 4 * 1024 * 1024


def packed(fits: Mapping[str, tuple[Fitted, Origin]]) -> dict[str, Stored]:
    """Return fits of one pass as they are stored, by key; those that are too large to keep are left out.

    Args:
        fits: What was trained and how it came to be, by key.
    """
    small = {key: (files, made) for key, (fitted, made) in fits.items() if (files := _files(fitted))}
    company: dict[str, Any] = {"together": list(small)} if len(small) > 1 else {}
    return {key: Stored(files, {**company, **made.facts}) for key, (files, made) in small.items()}


def company_of(stored: Stored) -> Sequence[str]:
    """Return the keys of the fits that were stored with one in its pass, itself among them; none if it was alone."""
    company: Sequence[str] = stored.facts.get("together", ())
    return company


@contextmanager
def unpacked(stored: Stored) -> Iterator[Path]:
    """Yield a folder with the files of a stored fit; it is gone afterwards."""
    from evaluators.engine.records import FILES

    with tempfile.TemporaryDirectory() as name:
        for file in FILES:
            # Only these names: whoever can write to a shared store must not choose where we write.
            (Path(name) / file).write_bytes(stored.arrays[file].tobytes())
        yield Path(name)


def _files(fitted: Fitted) -> dict[str, NDArray[np.uint8]] | None:
    from evaluators.engine.records import FILES

    with tempfile.TemporaryDirectory() as name:
        fitted.save(Path(name))
        files = [Path(name) / file for file in FILES]
        if sum(path.stat().st_size for path in files) > KEPT_FIT_BYTES:
            return None
        return {path.name: np.frombuffer(path.read_bytes(), dtype=np.uint8) for path in files}
