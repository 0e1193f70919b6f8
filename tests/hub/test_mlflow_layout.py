"""MLflow's folders back to one file set: explicit paths, and a refusal with the next step where it is not plain."""

import pytest

from evaluators.errors import InvalidDocument
from hub.sources.mlflow_layout import arrange

WHOLE = ("config.json", "model.safetensors", "tokenizer.json")
TRANSFORMERS = {"flavors": {"transformers": {"model_binary": "model", "source_model_name": "org/base"}}}


def below(folder, *names):
    return [f"{folder}/{name}" for name in names]


def test_a_folder_that_save_pretrained_wrote_is_taken_as_it_is():
    assert arrange("runs:/1/m", WHOLE, None) == {name: (name,) for name in WHOLE}


def test_a_run_with_one_model_in_a_folder_is_that_folder():
    found = arrange("runs:/1", [*below("ckpt", *WHOLE, "1_Pooling/config.json"), "plot.png"], None)
    assert found["config.json"] == ("ckpt/config.json",)
    assert found["1_Pooling/config.json"] == ("ckpt/1_Pooling/config.json",)
    assert "plot.png" not in found


def test_the_transformers_flavor_is_joined_from_model_and_components():
    files = [
        "MLmodel",
        *below("model", "config.json", "model.safetensors"),
        *below("components/tokenizer", "vocab.txt"),
    ]
    assert arrange("models:/m-1", files, TRANSFORMERS) == {
        "config.json": ("model/config.json",),
        "model.safetensors": ("model/model.safetensors",),
        "vocab.txt": ("components/tokenizer/vocab.txt",),
    }


def test_a_file_in_two_folders_is_given_with_both_places():
    files = [*below("model", *WHOLE), *below("components/tokenizer", "tokenizer.json")]
    assert arrange("x", files, TRANSFORMERS)["tokenizer.json"] == (
        "model/tokenizer.json",
        "components/tokenizer/tokenizer.json",
    )


def test_the_sentence_transformers_flavor_lies_in_its_data_folder():
    described = {"flavors": {"sentence_transformers": {}, "python_function": {"data": "model.st"}}}
    assert arrange("x", ["MLmodel", *below("model.st", *WHOLE)], described)["config.json"] == (
        "model.st/config.json",
    )


def test_a_checkpoint_that_a_trainer_logged_as_pyfunc_is_taken_without_its_pickle():
    described = {"flavors": {"python_function": {"loader_module": "mlflow.pyfunc.model"}}}
    files = ["MLmodel", "python_model.pkl", *below("artifacts/checkpoint-500", *WHOLE)]
    found = arrange("x", files, described)
    assert set(found) == set(WHOLE)


@pytest.mark.parametrize(
    ("files", "described", "said", "hint"),
    [
        (["MLmodel", "data/model.pth"], {"flavors": {"pytorch": {}, "python_function": {}}}, "flavor pytorch", "save_"),
        (["MLmodel", "model.pkl"], {"flavors": {"sklearn": {}}}, "flavor sklearn", "log_artifacts"),
        (["MLmodel"], {}, "flavor unknown", "log_artifacts"),
        (["MLmodel", "peft/adapter_config.json"],
         {"flavors": {"transformers": {"peft_adaptor": "peft", "source_model_name": "org/base"}}},
         "adapter of org/base", "merge_and_unload"),
        (["MLmodel"], {"flavors": {"transformers": {"source_model_name": "org/base"}}}, "a reference to org/base",
         "hub propose org/base"),
        ([*below("checkpoint-500", *WHOLE), *below("checkpoint-900", *WHOLE)], None, "holds 2 models",
         "hub propose runs:/1/checkpoint-900"),
        (["pytorch_model.bin"], None, "no model with a config.json; it has pytorch_model.bin, which can run", "save_"),
        ([], None, "no model with a config.json", "save_pretrained"),
    ],
)  # fmt: skip
def test_what_is_no_file_set_of_a_base_model_is_refused_with_the_next_step(files, described, said, hint):
    with pytest.raises(InvalidDocument, match=said) as caught:
        arrange("runs:/1", files, described)
    assert hint in caught.value.hint


def test_fields_of_an_mlmodel_that_are_no_words_say_nothing():
    described = {"flavors": {5: {}, "transformers": {"model_binary": [["x"]]}}}
    with pytest.raises(InvalidDocument, match="a reference to its base, no weights"):
        arrange("x", ["MLmodel", *WHOLE], described)
