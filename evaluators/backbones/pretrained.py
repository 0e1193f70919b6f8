"""Loads a verified folder with the library it was made for: a model that gives features, and its preprocessing.

In: a folder of safetensors, configuration and tokenizer, and the library's name. Out: the library's own objects, as a
notebook wants them; the harness itself uses `Backbone`. Invariants: nothing is fetched, no code of a model folder is
run, no pickle is opened. Works with whatever versions of transformers or timm the project has.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from evaluators.errors import EnvironmentProblem, InvalidDocument
from evaluators.names import unknown_name

_NEEDED = {"transformers": ("torch", "transformers"), "timm": ("torch", "timm")}
_PICKLES = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".tar", ".npy", ".npz"})
_TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "tokenizer.model",
)


def load_pretrained(folder: Path, library: str) -> tuple[Any, Any]:
    """Load the model and the preprocessing of a folder that was verified.

    Args:
        folder: The exact files of a base model.
        library: `transformers` or `timm`.

    Returns:
        (model in evaluation mode, preprocessing). transformers: AutoModel, and AutoTokenizer or AutoImageProcessor.
        timm: a model without its classifier, and the evaluation transform from an image to a tensor.

    Raises:
        UsageProblem: If the library is another one.
        EnvironmentProblem: If the library is not installed.
        InvalidDocument: If the folder holds no safetensors weights, or a pickle.
    """
    if library not in _NEEDED:
        raise unknown_name("library", library, _NEEDED)
    missing = [name for name in _NEEDED[library] if importlib.util.find_spec(name) is None]
    if missing:
        raise EnvironmentProblem(
            f"loading {folder.name} needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} "
            "not installed here",
            hint=f"pip install 'basehub[evaluate]', or just {' '.join(_NEEDED[library])} in the versions you work with",
        )
    _only_safetensors(folder)
    return _load_timm(folder) if library == "timm" else _load_transformers(folder)


def _only_safetensors(folder: Path) -> None:
    # transformers can be told so; timm's folder loader would take a pickle that it finds before some safetensors.
    if not any(folder.glob("*.safetensors")):
        raise InvalidDocument(f"{folder} holds no safetensors weights")
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix in _PICKLES)
    if pickles:
        raise InvalidDocument(
            f"{folder} holds files that may be pickles, which are never opened: {', '.join(pickles)}"
        )


def _load_transformers(folder: Path) -> tuple[Any, Any]:
    from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

    reads_text = any((folder / name).exists() for name in _TOKENIZER_FILES)
    processor = AutoTokenizer if reads_text else AutoImageProcessor
    model = AutoModel.from_pretrained(
        folder, local_files_only=True, trust_remote_code=False, use_safetensors=True
    ).eval()
    return model, processor.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def _load_timm(folder: Path) -> tuple[Any, Any]:
    import timm
    from timm.data import create_transform, resolve_model_data_config

    model = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0).eval()
    return model, create_transform(**resolve_model_data_config(model), is_training=False)
