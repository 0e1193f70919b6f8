"""Nothing that could run code, and nothing that is not numbers, is admitted; ordinary models are."""

import gzip
import io
import json
import lzma
import os
import pickle
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from hub.admission import admit, refusal
from tests.hub.models import floats, put, safetensors, tiny_bert, with_header

CANARY = "canary-that-no-test-may-touch"
CODE_SUFFIXES = (".py", ".pyc", ".so", ".sh", ".ipynb")


def admitted(tmp_path, **changes):
    """Admit the tiny model with some files replaced, added, or (None) removed."""
    files = {**tiny_bert(), **changes}
    folder = put(tmp_path / "m", {name: data for name, data in files.items() if data is not None})
    return admit({name: folder / name for name, data in files.items() if data is not None})


def malicious(protocol):
    class Evil:
        def __reduce__(self):
            return (os.system, (f"touch {CANARY}",))

    return pickle.dumps(Evil(), protocol=protocol)


def zipped(name, data):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, data)
    return stream.getvalue()


def tarred(name, data):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


PAYLOADS = {
    **{f"pickle-{protocol}": malicious(protocol) for protocol in range(6)},
    "torch-zip": zipped("archive/data.pkl", malicious(2)),
    "nested-zip": zipped("inner.zip", zipped("data.pkl", malicious(2))),
    "tar": tarred("data.pkl", malicious(2)),
    "gzip": gzip.compress(malicious(2), mtime=0),
    "xz": lzma.compress(malicious(2)),
}
SUFFIXES = (
    ".bin", ".pt", ".pth", ".th", ".ckpt", ".pkl", ".pickle", ".joblib", ".npy", ".h5", ".onnx", ".json", ".txt", ".md",
    ".safetensors", ".SAFETENSORS", ".model", ".dat", ".jinja", "",
)  # fmt: skip


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_no_pickle_is_admitted_under_any_name(tmp_path, monkeypatch, payload, suffix):
    monkeypatch.chdir(tmp_path)
    result = admitted(tmp_path, **{f"extra{suffix}": payload})
    assert not result.admitted
    assert result.findings[0].file == f"extra{suffix}"
    assert not Path(CANARY).exists()


def test_an_ordinary_model_is_admitted_and_described(tmp_path):
    result = admitted(
        tmp_path, **{"README.md": "# Tiny — model".encode(), "merges.txt": b"#version: 0.2\nc o\n"}
    )
    assert result.admitted, result.findings
    assert (result.architecture, result.tensors, result.parameters, result.dtypes) == (
        "BertModel",
        5,
        312,
        ("F32",),
    )


@pytest.mark.parametrize("name", ["resnet20-cifar10.th", "pytorch_model.bin"])
def test_a_pickle_says_why_and_how_to_convert_it(tmp_path, name):
    result = admitted(tmp_path, **{name: malicious(2)})
    error = refusal(result, "tiny")
    assert "run any code" in error.message
    assert "weights_only=True" in error.hint
    assert f"torch.load('{name}'" in error.hint


@pytest.mark.slow
def test_the_conversion_that_a_real_checkpoint_is_told_really_converts_it(tmp_path, hub_data):
    checkpoint = hub_data.parent / "weights" / "resnet20-cifar10.th"
    if not checkpoint.is_file():
        pytest.skip(f"there is no {checkpoint}")
    put(
        tmp_path,
        {"config.json": b'{"architectures": ["ResNet20"]}', checkpoint.name: checkpoint.read_bytes()},
    )
    result = admit({name: tmp_path / name for name in ("config.json", checkpoint.name)})
    assert not result.admitted
    command = result.findings[0].hint.partition('python -c "')[2].rpartition('"')[0]
    subprocess.run([sys.executable, "-c", command], cwd=tmp_path, check=True)
    converted = admit({name: tmp_path / name for name in ("config.json", "model.safetensors")})
    assert converted.admitted
    assert 260_000 < converted.parameters < 290_000


@pytest.mark.parametrize("name", [f"modeling{suffix}" for suffix in CODE_SUFFIXES])
def test_code_is_refused(tmp_path, name):
    assert "is code" in admitted(tmp_path, **{name: b"import os"}).findings[0].message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("config.json", {"auto_map": {"AutoModel": "modeling.Evil"}}),
        ("config.json", {"vision_config": {"auto_map": {"AutoModel": "modeling.Evil"}}}),
        ("config.json", {"custom_pipelines": {"x": {"impl": "pipeline.Evil"}}}),
        ("config.json", {"layers": [{"trust_remote_code": True}]}),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["tok.Evil", None]}}),
        ("sub/config.json", {"auto_map": {"AutoModel": "org/repo--modeling.Evil"}}),
        ("modules.json", [{"idx": 0, "type": "custom_st.Transformer"}]),
        ("modules.json", [{"idx": 0}]),
        ("modules.json", {}),
    ],
)
def test_a_configuration_that_asks_for_code_is_refused(tmp_path, name, value):
    result = admitted(tmp_path, **{name: json.dumps(value).encode()})
    assert "asks its loader to run code" in result.findings[0].message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("modules.json", [{"idx": 0, "type": "sentence_transformers.models.Transformer"}]),
        ("config.json", {"auto_map": None, "trust_remote_code": False}),
        ("vocab.json", {"auto_map": 7}),
        ("tokenizer.json", {"model": {"vocab": {"auto_map": 7}}}),
    ],
)
def test_harmless_uses_of_the_same_words_are_admitted(tmp_path, name, value):
    assert admitted(tmp_path, **{name: json.dumps(value).encode()}).admitted


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"{}garbage", b"[" * 100_000])
def test_json_must_be_json(tmp_path, data):
    assert "is not JSON" in admitted(tmp_path, **{"tokenizer.json": data}).findings[0].message


@pytest.mark.parametrize(("data", "words"), [(b"\xff\xfe", "is not text"), (b"a\0b", "zero byte")])
def test_text_must_be_text(tmp_path, data, words):
    assert words in admitted(tmp_path, **{"vocab.txt": data}).findings[0].message


@pytest.mark.parametrize(
    "text", [b"", b".", b"cat\nsat\n", b"copyright\nby us\n\n(all rights)\n", b"[PAD]\n[UNK]\n"]
)
def test_ordinary_text_is_not_taken_for_a_pickle(tmp_path, text):
    assert admitted(tmp_path, **{"vocab.txt": text}).admitted


def test_a_header_whose_length_looks_like_a_pickle_is_still_weights(tmp_path):
    # 0x0280 bytes of header: the file starts like a pickle of protocol 2.
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode().ljust(0x280)
    data = with_header(header, floats(1))
    assert data[:2] == b"\x80\x02"
    assert admitted(tmp_path, **{"model.safetensors": data}).admitted


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((1.0, float("nan")), "NaN or an infinity in w"),
        ((float("-inf"), 0.0), "NaN"),
        ((0.0, 0.0), "nothing but zeros"),
    ],
)
def test_weights_must_be_numbers(tmp_path, values, words):
    result = admitted(tmp_path, **{"model.safetensors": safetensors({"w": ("F32", [2], floats(*values))})})
    assert words in result.findings[0].message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model.safetensors": None}, "no .safetensors file is listed"),
        ({"config.json": None}, "is missing"),
        ({"Config.json": b"{}"}, "differs from config.json only in upper and lower case"),
        ({".hub/record.json": b"{}"}, "folder that is not the model's"),
        (
            {"model.safetensors.index.json": b'{"weight_map": {"w": "part-2.safetensors"}}'},
            "part-2.safetensors",
        ),
        ({"weights.gguf": b"GGUF"}, "weights in another format"),
        ({"tokenizer.model": b"\x0a\x0e"}, "format that is not accepted"),
    ],
)
def test_the_set_of_files_must_make_a_model(tmp_path, changes, words):
    result = admitted(tmp_path, **changes)
    assert not result.admitted
    assert any(words in finding.message for finding in result.findings)


def test_every_finding_is_told_at_once(tmp_path):
    result = admitted(tmp_path, **{"a.py": b"", "b.pkl": b"", "tokenizer.json": b"{"})
    message = refusal(result, "tiny").message
    assert message.startswith("tiny is not admitted:")
    assert all(name in message for name in ("a.py", "b.pkl", "tokenizer.json"))
