"""A fit that does not end well is tried again in a gentler way, and what was done is told.

Out of memory: again with recomputed blocks, then with half the micro-batch. A loss that became NaN in bfloat16: again
in float32. It begins anew each time, so what comes out is the fit that would have been made that way at once.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import torch

from evaluators.engine.job import DivergedError, FitJob
from evaluators.engine.memory import WHOLE, Footprint, tighter

T = TypeVar("T")

#: What is said where memory runs out and the exception has no kind of its own: by torch's allocator of a CPU, on Linux
#: and on Windows; by the driver of a GPU, of pinned memory too; by cuBLAS.
_SHORTAGES = ("can't allocate memory", "not enough memory", "out of memory", "CUBLAS_STATUS_ALLOC_FAILED")


def recovering(job: FitJob, batch: int, attempt: Callable[[FitJob, Footprint], T]) -> T:
    """Fit, and fit again where memory or precision did not suffice.

    Args:
        job: Its `remedy` is told what was changed.
        batch: Samples a step.
        attempt: Fits a job in a footprint, from the beginning.

    Raises:
        DivergedError: If the loss became NaN or infinite in float32.
        RuntimeError: If the memory does not suffice for one sample either.
    """
    cut = WHOLE
    while True:
        try:
            return attempt(job, cut)
        except DivergedError as error:
            if job.dtype == "float32":
                raise
            told = f"trained again in float32: in {job.dtype} {error}"
            job = replace(job, dtype="float32")
        except (MemoryError, RuntimeError) as error:
            smaller = tighter(cut, batch)
            if not is_out_of_memory(error) or smaller is None:
                raise
            told = f"trained again with {smaller}: memory ran out with {cut}"
            cut = smaller
        # Only here: the exception's traceback held the tensors of the step that failed.
        release_memory(job.device)
        job.remedy(told)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out: of a GPU, of torch's allocator on a CPU, or of Python."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _SHORTAGES)


def release_memory(device: str) -> None:
    """Give back what nobody holds."""
    gc.collect()
    if device != "cpu":
        torch.cuda.empty_cache()
