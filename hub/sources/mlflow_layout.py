"""Which of a run's files make up a model, and under which paths: MLflow's folders back to one upstream file set.

In: the files of an artifact folder, and its MLmodel if there is one. Out: path of the card -> path inside the folder.
Explicit, so that a reviewer sees it in the card; what is not plain is refused with the next step. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from evaluators.errors import InvalidDocument

MLMODEL = "MLmodel"
_COMPONENTS = "components"
_WHOLE = ("config.json", "adapter_config.json")
_CONVERT = (
    "load it where you trust it, log_artifacts() a folder that save_pretrained() wrote, and propose that"
)


def arrange(
    place: str, files: Sequence[str], described: Mapping[str, Any] | None
) -> dict[str, tuple[str, ...]]:
    """Return the places of every file of the model inside the folder.

    Args:
        place: How people name the folder.
        files: Paths inside it.
        described: Its MLmodel; None if it has none.

    Returns:
        Path of the card -> one path inside the folder; several where it stands in several of MLflow's folders, and
        their bytes must be equal.

    Raises:
        InvalidDocument: If they hold no model, a pickle, a mere reference, or several models.
    """
    if described is None:
        return _joined(files, [_only_folder(place, files)])
    flavors = described.get("flavors")
    named = (
        {key: value for key, value in flavors.items() if isinstance(key, str)}
        if isinstance(flavors, dict)
        else {}
    )
    if isinstance(named.get("transformers"), dict):
        return _joined(files, _of_transformers(place, files, named["transformers"]))
    python = named.get("python_function")
    python = python if isinstance(python, dict) else {}
    if "sentence_transformers" in named:
        return _joined(files, [_word(python, "data") or _only_folder(place, files)])
    kinds = ", ".join(sorted(set(named) - {"python_function"})) or _word(python, "loader_module") or "unknown"
    # A pyfunc model (a Trainer's callback writes one) may carry a checkpoint among its files, beside its pickle.
    if set(named) - {"python_function"} or not any(PurePosixPath(path).name in _WHOLE for path in files):
        raise InvalidDocument(
            f"{place} is an MLflow model of flavor {kinds}, which loads by unpickling or holds no safetensors",
            hint=_CONVERT,
        )
    return _joined(files, [_only_folder(place, files)])


def _of_transformers(place: str, files: Sequence[str], flavor: Mapping[str, Any]) -> list[str]:
    source = _word(flavor, "source_model_name") or "its base"
    if flavor.get("peft_adaptor"):
        raise InvalidDocument(
            f"{place} is an adapter of {source}, no base model",
            hint="merge it into its base (merge_and_unload) and log that, or propose the base",
        )
    weights = _word(flavor, "model_binary")
    if not weights:
        raise InvalidDocument(
            f"{place} holds a reference to {source}, no weights (it was logged with save_pretrained=False)",
            hint=f"hub propose {source}",
        )
    below = {PurePosixPath(path).parts[1] for path in files if path.startswith(f"{_COMPONENTS}/")}
    # The tokenizer's files lie beside the model's in a repository; other components are not read here.
    return [weights, *(f"{_COMPONENTS}/{name}" for name in sorted(below))]


def _word(fields: Mapping[str, Any], key: str) -> str:
    """Return a field that is text; "" if it is missing or something else."""
    found = fields.get(key)
    return found if isinstance(found, str) else ""


def _only_folder(place: str, files: Sequence[str]) -> str:
    """Return the one folder that holds a model; "" for the root."""
    folders = sorted({_parent(path) for path in files if PurePosixPath(path).name in _WHOLE})
    # 1_Pooling and its kin are parts of the model above them.
    tops = [folder for folder in folders if not any(_inside(folder, other) for other in folders)]
    if len(tops) == 1:
        return tops[0]
    if len(tops) > 1:
        shown = ", ".join(f"{place}/{folder}" for folder in tops[:4])
        more = f" and {len(tops) - 4} more" if len(tops) > 4 else ""
        raise InvalidDocument(
            f"{place} holds {len(tops)} models: {shown}{more}",
            hint=f"name one: hub propose {place}/{tops[-1]}",
        )
    if any(path.endswith(".safetensors") for path in files):
        return _parent(next(path for path in files if path.endswith(".safetensors")))
    pickles = [path for path in files if path.endswith((".bin", ".pt", ".pth", ".pkl", ".ckpt", ".h5"))]
    found = f"; it has {', '.join(pickles[:3])}, which can run code when loaded" if pickles else ""
    raise InvalidDocument(f"{place} holds no model with a config.json{found}", hint=_CONVERT)


def _joined(files: Sequence[str], folders: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for folder in folders:
        for path in files:
            if not folder or _inside(path, folder):
                name = PurePosixPath(path).relative_to(folder or ".").as_posix()
                found[name] = (*found.get(name, ()), path)
    return found


def _parent(path: str) -> str:
    parent = PurePosixPath(path).parent.as_posix()
    return "" if parent == "." else parent


def _inside(path: str, folder: str) -> bool:
    return path != folder and (folder == "" or path.startswith(f"{folder}/"))
