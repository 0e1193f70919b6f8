"""G3: encoding texts of a real mix of lengths, in float32 and in bf16."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from sklearn.linear_model import LogisticRegression

from evaluators.backbones.load import load_backbone
from evaluators.candidate import TextInput
from evaluators.data.samples import FloatArray, Samples
from evaluators.engine.encode import encode
from evaluators.peers.mteb_loop import PaddedEncoder, encode_texts, sentence_encoder
from tests.benchmarks.contest import Outcome, contest
from tests.benchmarks.goals.frozen_family import the_task
from tests.benchmarks.machine import Machine
from tests.benchmarks.row import Gate, Row
from tests.benchmarks.scene import Scene
from tests.benchmarks.worlds import minilm

#: Largest difference of a feature (of norm 1) in float32; and of a probe's accuracy in bf16, in points.
_PEERS: tuple[Literal["default", "tuned"], ...] = ("default", "tuned")
FLOAT32_BOUND, BF16_POINTS = 1e-5, 0.5


def rows(scene: Scene, machine: Machine) -> list[Row]:
    """Race both peers, in both kinds of numbers."""
    task = the_task(scene).data
    samples = task.samples("test")
    spec = minilm(scene).candidate.input
    assert isinstance(spec, TextInput)
    padded = PaddedEncoder(minilm(scene).folder, spec, scene.device)
    sorting = sentence_encoder(minilm(scene).folder, scene.device)
    peers: dict[str, tuple[str, Callable[[], FloatArray]]] = {
        "default": ("padded to 128 tokens, batches of 32", lambda: padded.encode(samples.texts)),
        "tuned": ("sentence-transformers' encode", lambda: encode_texts(sorting, spec, samples.texts)),
    }
    wanted = {
        ("default", "float32"): (3.9, 8.0), ("tuned", "float32"): (1.0, 2.0),
        ("default", "bfloat16"): (10.0, 8.0), ("tuned", "bfloat16"): (2.5, 2.0),
    }  # fmt: skip
    return [
        _row(scene, machine, samples, against, dtype, peers[against], scene.wanted(*wanted[against, dtype]))
        for against in _PEERS
        for dtype in ("float32", "bfloat16")
    ]


def _row(
    scene: Scene,
    machine: Machine,
    samples: Samples,
    against: Literal["default", "tuned"],
    dtype: str,
    peer: tuple[str, Callable[[], FloatArray]],
    wanted: float | None,
) -> Row:
    base = minilm(scene)
    backbone = load_backbone(base.candidate, base.folder, pretrained=True, device=scene.device)
    made: dict[str, FloatArray] = {}

    def kept(name: str, run: Callable[[], FloatArray]) -> Outcome:
        made[name] = run()
        return Outcome({})

    name, run = peer
    theirs, ours = contest(
        lambda: kept("theirs", run),
        lambda: kept("ours", lambda: encode(backbone, samples, dtype=dtype, progress=lambda _d, _t: None)),
    )
    gates = [_probe_gate(scene, made)]
    if dtype == "float32" and scene.device == "cpu":
        gates = [
            Gate(
                "largest difference of a feature",
                float(np.abs(made["theirs"] - made["ours"]).max()),
                FLOAT32_BOUND,
            )
        ]
    missing = dtype == "bfloat16" and scene.device == "cpu" and not machine.amx
    note = "this processor has no AMX, which the bf16 goals are for" if missing else ""
    return Row(
        "G3", f"encoding {len(samples)} texts of banking77, MiniLM, ours in {dtype}",
        against, name, theirs, ours, wanted, tuple(gates), note, dtype == "bfloat16",
    )  # fmt: skip


def _probe_gate(scene: Scene, made: dict[str, FloatArray]) -> Gate:
    """Compare the accuracy of a probe on either features: learnt on every second text, tested on the others."""
    labels = the_task(scene).labels
    scores = []
    for features in made.values():
        probe = LogisticRegression(C=10.0, max_iter=300).fit(features[::2], labels[::2])
        scores.append(float(np.mean(probe.predict(features[1::2]) == labels[1::2])))
    return Gate("difference of a probe's accuracy, points", 100.0 * abs(scores[0] - scores[1]), BF16_POINTS)
