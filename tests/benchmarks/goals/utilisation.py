"""MFU on a GPU: encoding and training a BERT-base with batches that fill it, beside the ceiling of the same run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from transformers import AutoTokenizer, BertConfig, BertModel

from evaluators.backbones.text import TextBackbone
from evaluators.data.samples import text_samples
from evaluators.engine.encode import encode
from evaluators.engine.fit import fit
from evaluators.engine.job import FitJob, Inputs
from evaluators.peers.text_network import TextClassifier
from evaluators.strategy import strategy
from tests.benchmarks.contest import Outcome, contest
from tests.benchmarks.row import Row
from tests.benchmarks.scene import Scene
from tests.benchmarks.worlds import MINILM_INPUT, minilm

TEXTS, WORDS, BATCH, STEPS = 8192, 120, 128, 100
#: Shares of the ceiling that reference studies call good: half in encoding, three tenths in training.
ENCODING, TRAINING = 0.5, 0.3


def rows(scene: Scene) -> list[Row]:
    """Race a plain eager loop in the same precision; what counts is the share of the ceiling."""
    words = np.random.default_rng(0).choice(
        ["the", "a", "card", "bank", "money", "where", "how"], (TEXTS, WORDS)
    )
    samples = text_samples([" ".join(row) for row in words])
    labels = np.arange(TEXTS, dtype=np.int64) % 20
    network = _bert_base(scene)
    eager = TextClassifier(_bert_base(scene).module, MINILM_INPUT, 20).to(scene.device, torch.bfloat16).eval()
    tokens = network.prepare(samples)

    def plain() -> Outcome:
        with torch.inference_mode():
            for start in range(0, TEXTS, BATCH):
                eager(**network.batch(tokens, range(start, min(start + BATCH, TEXTS))))
        torch.cuda.synchronize()
        return Outcome({})

    settings = {
        **strategy("full-finetune").defaults_for("text"), "batch_size": BATCH, "min_steps": STEPS, "max_steps": STEPS
    }  # fmt: skip
    job = FitJob(
        inputs=Inputs(samples=samples), labels=labels, classes=20, settings=settings, seed=0, selection="fixed",
        load_backbone=lambda _pretrained: _bert_base(scene), device=scene.device, dtype=scene.dtype,
        progress=lambda _done, _total: None,
    )  # fmt: skip

    def trained(job: FitJob) -> Callable[[], Outcome]:
        def run() -> Outcome:
            fit(strategy("full-finetune"), job)
            torch.cuda.synchronize()
            return Outcome({})

        return run

    def encoded() -> Outcome:
        encode(network, samples, dtype=scene.dtype, progress=lambda _done, _total: None)
        return Outcome({})

    ahead = contest(plain, encoded)
    learnt = contest(trained(replace(job, dtype="float32")), trained(job))
    encoding = f"encoding {TEXTS} texts of 128 tokens, BERT-base"
    training = f"{STEPS} steps of {BATCH} texts, BERT-base"
    return [
        Row("MFU", encoding, "default", "plain eager loop", *ahead, None, (), _said(ENCODING), True),
        Row("MFU", training, "default", "the same in float32", *learnt, None, (), _said(TRAINING), True),
    ]


def _bert_base(scene: Scene) -> TextBackbone:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = BertModel(BertConfig(), add_pooling_layer=False).eval()
    tokenizer = AutoTokenizer.from_pretrained(minilm(scene).folder)
    return TextBackbone(module.to(scene.device), tokenizer, MINILM_INPUT)


def _said(share: float) -> str:
    return f"good is {share:.0%} of the ceiling"
