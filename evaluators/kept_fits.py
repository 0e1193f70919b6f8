"""What was trained, as the store keeps it: the files of a fit as arrays of bytes, if they are small enough to keep."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from evaluators.engine.job import Fitted
from evaluators.origin import Origin
from evaluators.results import Stored

#: Trained weights are kept when they are small: a head, an adapter, a small network. Larger ones are trained again.
KEPT_FIT_BYTES = 4 * 1024 * 1024


def packed(fitted: Fitted, made: Origin) -> Stored | None:
    """Return a fit as it is stored, with how it came to be; None if it is too large to keep."""
    from evaluators.engine.records import FILES

    with tempfile.TemporaryDirectory() as name:
        fitted.save(Path(name))
        files = [Path(name) / file for file in FILES]
        if sum(path.stat().st_size for path in files) > KEPT_FIT_BYTES:
            return None
        arrays = {path.name: np.frombuffer(path.read_bytes(), dtype=np.uint8) for path in files}
    return Stored(arrays, made.facts)


@contextmanager
def unpacked(stored: Stored) -> Iterator[Path]:
    """Yield a folder with the files of a stored fit; it is gone afterwards."""
    from evaluators.engine.records import FILES

    with tempfile.TemporaryDirectory() as name:
        for file in FILES:
            # Only these names: whoever can write to a shared store must not choose where we write.
            (Path(name) / file).write_bytes(stored.arrays[file].tobytes())
        yield Path(name)
