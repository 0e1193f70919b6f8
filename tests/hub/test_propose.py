"""A proposed card: facts from the model's own files, TODO for the rest, and nothing that could run code."""

import json
from itertools import pairwise

import pytest

from evaluators.errors import InvalidDocument, UsageProblem
from hub.catalog import load_catalog
from hub.catalog_rules import unanswered
from hub.home import Home
from hub.locking import lock_card
from hub.proposal_steps import todos_of
from hub.propose import propose
from hub.sources.hub_facts import read_facts
from hub.sources.source import SourceProblem
from tests.fakes_hub import FakeHub
from tests.hub.models import COMMIT, put, tiny_bert

POOLING = json.dumps({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}).encode()
MODULES = json.dumps([{"type": "sentence_transformers.models.Normalize"}]).encode()
README = b"---\nlicense: mit\nlanguage: en\n---\n# Tiny\n"


@pytest.fixture
def catalog(tmp_path):
    (tmp_path / "catalog" / "models").mkdir(parents=True)
    return load_catalog(tmp_path / "catalog")


@pytest.fixture
def folder(tmp_path):
    def make(**changes):
        files = {**tiny_bert(), "README.md": README, **changes}
        return str(
            put(tmp_path / "My Model v2", {name: data for name, data in files.items() if data is not None})
        )

    return make


def test_a_folder_becomes_a_card_with_what_its_files_say(catalog, folder):
    place = folder(**{"1_Pooling/config.json": POOLING, "modules.json": MODULES, "training.log": b"secret"})
    card = propose(place, None, catalog).card
    assert card.id == "my-model-v2"
    assert (card.library, card.family, card.lifecycle.state) == ("transformers", "encoder", "proposed")
    assert (card.input.pooling, card.input.normalize) == ("cls", True)
    assert (card.licence.spdx, card.licence.use) == ("MIT", "any")
    assert "training.log" not in card.files
    assert {"config.json", "model.safetensors", "tokenizer.json", "1_Pooling/config.json"} <= set(card.files)
    fields = {remark.text.partition(":")[0] for remark in unanswered(card)}
    assert {"summary", "pretraining", "owner", "intended_use", "limits"} <= fields


def test_a_folder_of_this_machine_asks_for_a_place_that_others_reach(catalog, folder):
    proposal = propose(folder(), None, catalog)
    asked = [todo for todo in todos_of(proposal.text) if todo.field == "mirrors"]
    assert len(asked) == 1
    assert "only this machine has this folder" in asked[0].question


def test_a_folder_of_the_catalog_is_named_as_everybody_finds_it(catalog):
    place = put(catalog.folder / "data" / "ours", {**tiny_bert(), "README.md": README})
    proposal = propose(str(place), None, catalog)
    assert proposal.card.mirrors[0].path == "data/ours"
    assert not [todo for todo in todos_of(proposal.text) if todo.field == "mirrors"]


def test_a_repository_is_pinned_to_the_commit_that_was_read(catalog, tmp_path):
    with FakeHub() as hub:
        hub.add("org/Tiny-Bert", {**tiny_bert(), "README.md": README}, commit=COMMIT)
        environment = {"HF_ENDPOINT": hub.endpoint}
        card = propose("org/Tiny-Bert", None, catalog, environment).card
        lock = lock_card(card, catalog, Home(tmp_path / "home"), environment=environment)
        assert hub.count("model.safetensors") == 1
    assert card.id == "tiny-bert"
    assert card.mirrors[0].revision == COMMIT == lock.revision
    assert card.licence.source == "https://huggingface.co/org/Tiny-Bert"


def test_an_unknown_licence_is_the_strictest_until_a_person_says_otherwise(catalog, folder):
    card = propose(folder(**{"README.md": b"no front matter"}), None, catalog).card
    assert (card.licence.spdx, card.licence.use) == ("TODO", "research-only")


@pytest.mark.parametrize(
    "front", [b"---\nlicense: [\n---\n", b"---\n- a\n---\n", b"---\n" + b"[" * 5000 + b"\n---\n"]
)
def test_front_matter_that_cannot_be_read_says_nothing(catalog, folder, front):
    assert propose(folder(**{"README.md": front}), None, catalog).card.licence.spdx == "TODO"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"model.safetensors": None, "pytorch_model.bin": b"\x80\x04."},
            "pytorch_model.bin, which can run code",
        ),
        ({"adapter_config.json": b'{"base_model_name_or_path": "org/base"}'}, "an adapter of org/base"),
        ({"config.json": b'{"model_type": "vit", "image_size": 224}'}, "read through timm here"),
        ({"config.json": b"{}"}, "names no model_type"),
        ({"config.json": b"{"}, "config.json is not JSON"),
        ({"config.json": None}, "has no config.json"),
    ],
)
def test_what_is_no_base_model_that_can_be_used_here_is_refused(catalog, folder, changes, said):
    with pytest.raises(InvalidDocument, match=said):
        propose(folder(**changes), None, catalog)


def test_an_id_that_is_taken_and_a_place_that_is_none_are_told(catalog, folder, tmp_path):
    place = folder()
    proposal = propose(place, "tiny", catalog)
    (catalog.folder / "models" / "tiny.yaml").write_text(proposal.text)
    with pytest.raises(UsageProblem, match="has a card tiny already"):
        propose(place, "tiny", load_catalog(catalog.folder))
    with pytest.raises(UsageProblem, match="names no model"):
        propose(str(tmp_path / "nowhere"), None, catalog)
    with pytest.raises(SourceProblem, match="cannot be reached"):
        propose("org/name", None, catalog, {"HF_ENDPOINT": "http://127.0.0.1:9"})


def test_a_timm_network_is_read_as_its_configuration_says(catalog, folder):
    published = {
        "input_size": [3, 32, 48],
        "mean": [0.1, 0.2, 0.3],
        "std": [1, 1, 1],
        "crop_pct": 0.9,
        "interpolation": "bilinear",
    }
    config = json.dumps({"architecture": "resnet18", "pretrained_cfg": published}).encode()
    card = propose(folder(**{"config.json": config, "tokenizer.json": None}), None, catalog).card
    assert (card.library, card.family, card.input.size) == ("timm", "vision", 32)
    assert (card.input.mean, card.input.crop, card.input.interpolation) == ((0.1, 0.2, 0.3), 0.9, "bilinear")


def test_what_the_hub_says_of_a_repository_is_in_the_draft(catalog):
    about = {
        "cardData": {"license": "cc-by-nc-4.0", "language": ["en", "de"], "base_model": "org/base"},
        "tags": [
            "license:cc-by-nc-4.0",
            "base_model:org/base",
            "base_model:finetune:org/base",
            "dataset:mnli",
        ],
        "lastModified": "2025-03-04T05:06:07.000Z",
        "safetensors": {"parameters": {"F32": 300}, "total": 300},
    }
    with FakeHub() as hub:
        hub.add("org/tiny", tiny_bert(), commit=COMMIT, about=about)
        card = propose("org/tiny", None, catalog, {"HF_ENDPOINT": hub.endpoint}).card
    assert (card.licence.spdx, card.licence.use, card.languages) == (
        "CC-BY-NC-4.0",
        "non-commercial",
        ("en", "de"),
    )
    assert (card.lineage.base, card.lineage.relation, card.lineage.datasets) == (
        "org/base",
        "finetune",
        ("mnli",),
    )
    assert (str(card.lineage.published), card.parameters) == ("2025-03-04", 300)
    assert card.licence.terms_accepted_by is None


def test_a_gated_repository_asks_who_accepted_its_terms(catalog):
    with FakeHub() as hub:
        hub.add("org/tiny", tiny_bert(), commit=COMMIT, gated=True)
        environment = {"HF_ENDPOINT": hub.endpoint, "HF_TOKEN": hub.token}
        proposal = propose("org/tiny", None, catalog, environment)
        with pytest.raises(SourceProblem, match="is gated, and HF_TOKEN is not set"):
            propose("org/tiny", None, catalog, {"HF_ENDPOINT": hub.endpoint})
    assert proposal.card.licence.terms_accepted_by.startswith("TODO: who accepted its access terms")
    asked = {todo.field: todo for todo in todos_of(proposal.text)}
    assert "granted: manual" in asked["licence.terms_accepted_by"].question
    assert all("TODO" in proposal.text.splitlines()[todo.line - 1] for todo in asked.values())


@pytest.mark.parametrize(
    "about",
    [
        {"cardData": "x", "tags": {"a": 1}, "lastModified": 3, "safetensors": [], "gated": {}},
        {
            "cardData": {"base_model": 7},
            "tags": [1, None],
            "lastModified": "soon",
            "safetensors": {"total": "a"},
        },
    ],
)
def test_an_answer_of_another_shape_says_nothing(catalog, about):
    with FakeHub() as hub:
        hub.add("org/tiny", tiny_bert(), commit=COMMIT, about=about)
        card = propose("org/tiny", None, catalog, {"HF_ENDPOINT": hub.endpoint}).card
    assert (card.lineage, card.parameters, card.licence.spdx) == (None, None, "TODO")


def test_a_licence_that_is_no_spdx_id_is_shown_to_the_person_who_answers(catalog, folder):
    front = b"---\nlicense: other\nlicense_name: acme-community\n---\n"
    text = propose(folder(**{"README.md": front}), None, catalog).text
    assert 'spdx: "TODO"  # its place says: other, acme-community' in text
    asked = {todo.field: todo.question for todo in todos_of(text)}
    assert "its place says: other" in asked["licence.spdx"]


def test_a_pickle_beside_safetensors_is_left_out_and_told(catalog, folder):
    place = folder(**{"pytorch_model.bin": b"\x80\x04.", "modeling_x.py": b"", "model.fp16.safetensors": b""})
    proposal = propose(place, None, catalog)
    assert "left out (pickles, which can run code when loaded): pytorch_model.bin" in proposal.notes
    assert "left out (code, which is never run): modeling_x.py" in proposal.notes
    assert "left out (weights beside the model's): model.fp16.safetensors" in proposal.notes
    assert [path for path in proposal.card.files if path.endswith(".safetensors")] == ["model.safetensors"]


def test_an_own_head_is_told_not_to_be_used(catalog, folder):
    config = b'{"model_type": "bert", "architectures": ["BertForSequenceClassification"]}'
    notes = propose(folder(**{"config.json": config}), None, catalog).notes
    assert notes == ("the head of BertForSequenceClassification is not used: its trunk is the base",)


@pytest.mark.parametrize(
    ("pooling", "said"),
    [
        ({"pooling_mode": "cls"}, "pooling: cls\n"),
        ({"pooling_mode": "lasttoken"}, "pooling: last\n"),
        ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}, "pooling: mean\n"),
        (
            {"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True},
            "TODO: its files say mean+max_tokens",
        ),
        ({"pooling_mode": "max"}, "TODO: its files say max"),
    ],
)
def test_pooling_is_read_in_the_form_of_every_version_of_sentence_transformers(
    catalog, folder, pooling, said
):
    place = folder(**{"1_Pooling/config.json": json.dumps(pooling).encode()})
    assert said in propose(place, None, catalog).text


def test_a_default_prompt_of_a_sentence_transformer_is_kept(catalog, folder):
    prompts = json.dumps({"prompts": {"query": "query: "}, "default_prompt_name": "query"}).encode()
    card = propose(folder(**{"config_sentence_transformers.json": prompts}), None, catalog).card
    assert card.input.prompt == "query: "


def test_a_text_model_without_tokenizer_is_refused(catalog, folder):
    with pytest.raises(InvalidDocument, match="has no tokenizer") as caught:
        propose(folder(**{"tokenizer.json": None}), None, catalog)
    assert "save_pretrained" in caught.value.hint


def test_weights_in_a_folder_below_are_pointed_at(catalog, folder):
    place = folder(**{"model.safetensors": None, "0_Transformer/model.safetensors": b"x"})
    with pytest.raises(InvalidDocument, match="no safetensors weights at its top") as caught:
        propose(place, None, catalog)
    assert caught.value.hint.endswith("/0_Transformer")


def bomb(key: str) -> bytes:
    """Return 350 bytes of YAML that stand for nine to the ninth words, under a key."""
    rows = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    rows += [f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]" for before, name in pairwise("abcdefghi")]
    return "\n".join([*rows, f"{key}: *i"]).encode()


@pytest.mark.parametrize("key", ["license", "language"])
def test_a_readme_that_expands_without_end_says_nothing(catalog, folder, key):
    card = propose(folder(**{"README.md": b"---\n" + bomb(key) + b"\n---\n"}), None, catalog).card
    assert (card.licence.spdx, card.languages) == ("TODO", ())


def test_front_matter_longer_than_a_document_may_be_is_not_read(catalog, folder):
    long = b"---\nlicense: mit\nnote: " + b"x" * 65_536 + b"\n---\n"
    assert propose(folder(**{"README.md": long}), None, catalog).card.licence.spdx == "TODO"


@pytest.mark.parametrize(
    ("front", "languages", "licence"),
    [
        (b"language: 5\nlicense: {a: b}", (), "TODO"),
        (b"language: [en, 5, [de], fr]\nlicense: [mit]", ("en", "fr"), "MIT"),
        (b"language: en\nlicense: [mit, apache-2.0]", ("en",), "TODO"),
    ],
)
def test_of_front_matter_only_words_count(catalog, folder, front, languages, licence):
    card = propose(folder(**{"README.md": b"---\n" + front + b"\n---\n"}), None, catalog).card
    assert (card.languages, card.licence.spdx) == (languages, licence)


def test_what_a_readme_says_stays_inside_its_comment(catalog, folder):
    front = b'---\nlicense: other\nlicense_name: "x\\nowner: me\\e[2J"\n---\n'
    text = propose(folder(**{"README.md": front}), None, catalog).text
    assert "  # its place says: other, x owner: me [2J\n" in text


def prompts(prompt: str) -> dict[str, bytes]:
    written = json.dumps({"prompts": {"q": prompt}, "default_prompt_name": "q"})
    return {"config_sentence_transformers.json": written.encode()}


@pytest.mark.parametrize(
    "prompt", ["query: ", "a\u0085b\u2028c", 'é "quoted" \\ \U0001f600', "two\nlines\x1b[2J"]
)
def test_a_prompt_reaches_the_card_character_by_character(catalog, folder, prompt):
    assert propose(folder(**prompts(prompt)), None, catalog).card.input.prompt == prompt


def test_half_a_character_is_refused(catalog, folder):
    with pytest.raises(InvalidDocument, match="a lone surrogate"):
        propose(folder(**prompts("\ud800")), None, catalog)


@pytest.mark.parametrize("name", ['w\nowner: "me"\n#.safetensors', "w: b.safetensors", "[w.safetensors"])
def test_a_file_name_that_would_be_more_than_a_name_is_refused(catalog, folder, name):
    weights = tiny_bert()["model.safetensors"]
    with pytest.raises(InvalidDocument, match="is not a plain path inside the folder"):
        propose(folder(**{"model.safetensors": None, name: weights}), None, catalog)


def test_how_a_model_pools_stays_inside_its_comment(catalog, folder):
    pooling = json.dumps({"pooling_mode": "max\n  prompt: evil"}).encode()
    card = propose(folder(**{"1_Pooling/config.json": pooling}), None, catalog).card
    assert (card.input.pooling, card.input.prompt) == ("mean", "")


def test_the_facts_of_a_timm_network_are_read(catalog, folder):
    facts = {"input_size": [1, 96, 96], "mean": [0.5], "std": [1], "crop_pct": 0.9}
    config = json.dumps({"architecture": "test_resnet", "pretrained_cfg": facts}).encode()
    found = propose(folder(**{"config.json": config}), None, catalog).card.input
    assert (found.channels, found.size, found.mean, found.std, found.crop) == (1, 96, (0.5,), (1.0,), 0.9)


@pytest.mark.parametrize(
    "facts",
    [
        {"input_size": [3, 224]},
        {"input_size": 5},
        {"input_size": [3, "224\n  crop: 0.5", 224]},
        {"mean": 0.5},
        {"mean": ["a", "b", "c"]},
        {"std": [10**400]},
        {"std": [float("nan")]},
        {"crop_pct": "all"},
    ],
    ids=str,
)
def test_a_timm_configuration_of_another_shape_is_refused_by_its_field(catalog, folder, facts):
    config = json.dumps({"architecture": "resnet", "pretrained_cfg": facts}).encode()
    with pytest.raises(InvalidDocument, match=rf"pretrained_cfg\.{next(iter(facts))} should be"):
        propose(folder(**{"config.json": config}), None, catalog)


@pytest.mark.parametrize(
    ("said", "gated"), [(False, None), ("auto", "auto"), (True, "manual"), ('x"\nid: y', "manual")]
)
def test_how_access_is_granted_is_one_of_two_words(said, gated):
    assert read_facts({"gated": said}).gated == gated
