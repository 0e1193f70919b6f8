"""What a method puts into a base: the identity at first where that is promised, on every kind of base, and no more."""

import sys
from functools import cache
from types import SimpleNamespace
from unittest import mock

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from transformers import BertConfig, BertModel

from evaluators.backbones.load import load_backbone
from evaluators.backbones.text import TextBackbone
from evaluators.candidate import TEXT_TOKENS, TextInput
from evaluators.data.samples import LabelledSet, text_samples
from evaluators.engine.adaptation import Adaptation
from evaluators.engine.adapters import add_dora
from evaluators.engine.bottleneck import Bottleneck
from evaluators.engine.finetuning import new_head
from evaluators.engine.fit import fit
from evaluators.engine.insertion import insert
from evaluators.engine.job import NotApplicable
from evaluators.engine.network import Network
from evaluators.engine.quantized import quantize
from evaluators.engine.recipe import recipe_of
from evaluators.engine.scaling import fit_biases
from evaluators.errors import EnvironmentProblem
from evaluators.strategy import STRATEGIES, Tier, strategy
from tests.evaluators.engine.test_recipe_sections import write_base
from tests.evaluators.engine.worlds import silent
from tests.fakes_models import tiny_bert, toy_images, toy_texts

KINDS = ["bert", "modernbert", "llama", "gpt2", "test_resnet", "test_vit", "test_convnext"]
IDENTITIES = ["lora", "rslora", "dora", "ia3", "bottleneck-adapter"]
EFFICIENT = [row for row in STRATEGIES if row.tier is Tier.EFFICIENT]


@pytest.fixture(scope="module")
def base_of(tmp_path_factory):
    """A function from a kind of base to a way to a fresh backbone, and a batch for it."""

    @cache
    def make(kind):
        folder = tmp_path_factory.mktemp(kind)
        candidate = write_base(folder, kind)
        toys = (toy_texts if candidate.modality == "text" else toy_images)(2, seed=0)

        def load():
            return load_backbone(candidate, folder / "base", pretrained=True, device="cpu")

        batch = load().batch(load().prepare(toys.samples), range(len(toys.samples)))
        return SimpleNamespace(load=load, batch=batch)

    return make


def put(row, backbone):
    """Put what a row of the table trains into a backbone, with the settings of the table."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        insert(row.kind, backbone, row.defaults)


@pytest.mark.parametrize("name", IDENTITIES)
@pytest.mark.parametrize("kind", KINDS)
def test_adapters_start_as_the_identity_and_every_part_of_them_learns(base_of, kind, name):
    base = base_of(kind)
    backbone = base.load()
    own = set(dict(backbone.module.named_parameters()))
    before = backbone.features(base.batch).detach()
    put(strategy(name), backbone)
    torch.testing.assert_close(backbone.features(base.batch).detach(), before)
    weights = {n: w for n, w in backbone.module.named_parameters() if w.requires_grad}
    assert weights.keys().isdisjoint(own)
    for name_, weight in weights.items():  # away from the identity, where half of the gradients are 0
        if "lora_" in name_ or "bottlenecks" in name_:
            weight.data.add_(0.01)
    # The residual branches of the ResNet end in a scale of 0, as timm initialises them.
    for part in backbone.module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.weight.data.fill_(1.0)
    (backbone.features(base.batch) * torch.arange(1.0, backbone.width + 1)).sum().backward()
    assert not [n for n, w in weights.items() if w.grad is None or not w.grad.abs().sum() > 0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_bottleneck_stands_behind_every_attention_and_every_block(base_of, kind):
    backbone = base_of(kind).load()
    blocks = len(backbone.blocks()) - 2
    put(strategy("bottleneck-adapter"), backbone)
    adapters = [part for part in backbone.module.modules() if isinstance(part, Bottleneck)]
    has_attention = kind not in ("test_resnet", "test_convnext")
    assert len(adapters) == blocks * (2 if has_attention else 1)
    assert all(adapter.down.out_features <= adapter.down.in_features for adapter in adapters)


@pytest.mark.parametrize("name", ["prompt-tuning", "prefix-tuning"])
@pytest.mark.parametrize("pooling", ["mean", "cls", "last", "model"])
def test_virtual_tokens_are_read_and_never_pooled(tmp_path, name, pooling):
    """A text alone is the same text in a batch, and a change of its virtual tokens changes it."""
    candidate, folder = tiny_bert(tmp_path, input_=TextInput(max_tokens=32, pooling=pooling))
    backbone = load_backbone(candidate, folder, pretrained=True, device="cpu")
    put(strategy(name), backbone)
    prepared = backbone.prepare(text_samples(["the card", "a train is about the ticket today please"]))
    with torch.no_grad():
        both = backbone.features(backbone.batch(prepared, [0, 1]))
        alone = backbone.features(backbone.batch(prepared, [0]))
        torch.testing.assert_close(both[:1], alone)
        next(weight for weight in backbone.module.parameters() if weight.requires_grad).mul_(-30)
        assert not torch.allclose(backbone.features(backbone.batch(prepared, [0])), alone, atol=1e-3)
    whole = backbone.module(**backbone.batch(prepared, [0, 1])).last_hidden_state
    assert whole.shape[1] == max(backbone.length(prepared))


@pytest.mark.parametrize("name", ["prompt-tuning", "prefix-tuning"])
def test_without_positions_for_virtual_tokens_there_is_a_reason(tmp_path, name):
    candidate, folder = tiny_bert(tmp_path, input_=TextInput(max_tokens=60, pooling="mean"))
    backbone = load_backbone(candidate, folder, pretrained=True, device="cpu")
    with pytest.raises(
        NotApplicable, match=r"BertModel has 64 positions: texts of 60 tokens leave no room for 20"
    ):
        put(strategy(name), backbone)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("prompt-tuning", kind) for kind in ("bert", "modernbert", "llama", "gpt2")),
        *(("prefix-tuning", kind) for kind in ("bert", "llama", "gpt2")),
    ],
)
def test_virtual_tokens_are_all_that_is_trained(base_of, name, kind):
    base = base_of(kind)
    backbone = base.load()
    put(strategy(name), backbone)
    (weight,) = (weight for weight in backbone.module.parameters() if weight.requires_grad)
    backbone.features(base.batch).square().sum().backward()
    assert len(weight) == strategy(name).defaults["virtual_tokens"]
    # Every token by itself: none is the copy of another.
    assert (weight.grad.abs().sum(dim=1) > 0).all()
    assert len(weight.unique(dim=0)) > 1


def test_a_base_that_takes_no_keys_and_values_says_so(base_of):
    with pytest.raises(NotApplicable, match="ModernBertModel takes no keys and values"):
        put(strategy("prefix-tuning"), base_of("modernbert").load())


@pytest.mark.parametrize("kind", ["modernbert", "llama"])
def test_a_base_without_biases_says_so(base_of, kind):
    base = base_of(kind)
    settings = strategy("bias-tuning").defaults
    job = SimpleNamespace(
        seed=0,
        device="cpu",
        settings=settings,
        dtype="float32",
        load_backbone=lambda _pretrained: base.load(),
    )
    with pytest.raises(NotApplicable, match="has no bias"):
        fit_biases(job)


def test_the_dropout_of_dora_is_active(worlds):
    """peft's DoRA asks the layer whether it is trained, and not its dropout."""
    backbone = worlds["text"].backbone()
    active = add_dora(backbone, {**strategy("dora").defaults, "dropout": 0.5})
    batch = backbone.batch(backbone.prepare(worlds["text"].test.samples), range(4))
    for weight in backbone.module.parameters():
        if weight.requires_grad:
            weight.data.add_(0.1)
    network = Network(backbone, new_head(backbone.width, 3), active)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        network.train()
        assert not torch.equal(backbone.features(batch), backbone.features(batch))
        network.eval()
        assert torch.equal(backbone.features(batch), backbone.features(batch))
    modes = {part.training for part in backbone.module.modules() if isinstance(part, nn.Dropout)}
    assert modes == {False}


def test_qlora_keeps_layers_in_four_bits_as_they_were(fits):
    fresh = fits.worlds["text"].backbone()
    exact = {name: part.weight for name, part in fresh.module.named_modules() if isinstance(part, nn.Linear)}
    quantize(fresh.module)
    tuned = fits.fit(strategy("qlora"), "text").network.backbone.module
    for name, weight in exact.items():
        kept = tuned.get_submodule(name).base_layer.weight
        assert torch.equal(kept, fresh.module.get_submodule(name).weight)
        assert kept.numel() == weight.numel() / (2 if weight.shape[1] % 64 == 0 else 1)


def test_four_bits_are_as_near_as_nf4_promises():
    backbone, _ = minilm_shaped(1)
    exact = {
        name: part.weight for name, part in backbone.module.named_modules() if isinstance(part, nn.Linear)
    }
    quantize(backbone.module)
    assert len(exact) == 18
    for name, weight in exact.items():
        layer = backbone.module.get_submodule(name)
        with torch.no_grad():
            read = (layer(torch.eye(weight.shape[1])) - layer.bias).T
        # Half of the widest gap of NF4 is 0.152 of a block's largest weight; the scales themselves have 8 bits.
        largest = weight.view(-1, 64).abs().amax(dim=1)
        assert ((read - weight).reshape(-1, 64).abs().amax(dim=1) < 0.165 * largest).all()


def test_without_whole_blocks_there_is_nothing_to_quantise():
    with pytest.raises(NotApplicable, match="no linear layer of Sequential has rows of whole blocks of 64"):
        quantize(nn.Sequential(nn.Linear(96, 64)))


def test_qlora_gives_the_same_bits_before_and_after_predicting(worlds):
    """bitsandbytes repacks weights at the first evaluation on some processors, and then computes in bfloat16."""
    backbone = worlds["text"].backbone()
    put(strategy("qlora"), backbone)
    batch = backbone.batch(backbone.prepare(worlds["text"].test.samples), range(8))
    with torch.no_grad():
        first, second = backbone.features(batch), backbone.features(batch)
    third = backbone.features(batch).detach()
    assert torch.equal(first, second)
    torch.testing.assert_close(first, third, atol=1e-6, rtol=1e-6)


def test_without_bitsandbytes_qlora_says_what_to_install(worlds):
    row = strategy("qlora")
    with (
        mock.patch.dict(sys.modules, {"bitsandbytes": None}),
        pytest.raises(NotApplicable, match=r"pip install 'basehub\[quantized\]'"),
    ):
        fit(row, worlds["text"].job(row))


def test_where_there_is_no_cell_to_skip_a_person_is_told(worlds):
    world, row = worlds["text"], strategy("qlora")
    adaptation = Adaptation(world.candidate, world.folder, row, row.defaults_for("text"), ("a", "b", "c"))
    training = LabelledSet("train", world.train.samples, world.train.labels)
    with (
        mock.patch.dict(sys.modules, {"bitsandbytes": None}),
        pytest.raises(EnvironmentProblem, match="QLoRA cannot run here: 4-bit weights need bitsandbytes"),
    ):
        adaptation.fit(training, seed=0, progress=silent)


@pytest.mark.parametrize("row", EFFICIENT, ids=lambda row: row.id)
def test_a_step_costs_what_the_table_says(row):
    """FLOPs of a step of training, in forward passes of the frozen base, on an encoder of MiniLM's shape."""
    backbone, batch = minilm_shaped(recipe_of(row.defaults).batch_size)
    with torch.no_grad(), counting() as forward:
        backbone.features(batch)
    choose(row, backbone)
    network = Network(backbone, new_head(backbone.width, 3), ())
    with counting() as step:
        network.logits(batch).square().sum().backward()
    assert step.get_total_flops() / forward.get_total_flops() == pytest.approx(row.cost.passes, rel=0.05)


def minilm_shaped(batch_size):
    """Return an untrained encoder of MiniLM's width, with half of its layers, and a batch of usual texts."""
    size = {"hidden_size": 384, "num_attention_heads": 12, "intermediate_size": 1536, "num_hidden_layers": 3}
    # Fused attention is one operation; the eager form is products that the counter knows.
    config = BertConfig(vocab_size=100, **size, attn_implementation="eager")
    with torch.random.fork_rng(devices=[]):
        module = BertModel(config, add_pooling_layer=False).eval()
    backbone = TextBackbone(
        module, SimpleNamespace(pad_token_id=0), TextInput(max_tokens=128, pooling="mean")
    )
    return backbone, backbone.batch([[5] * TEXT_TOKENS] * batch_size, range(batch_size))


def choose(row, backbone):
    """Make what a row trains trainable, as its fit does before the first step."""
    if row.kind != "tuned":
        put(row, backbone)
        return
    backbone.module.requires_grad_(False)
    for name, weight in backbone.module.named_parameters():
        weight.requires_grad_("LayerNorm" in name if row.id == "norm-tuning" else name.endswith("bias"))


def counting():
    """Return a counter that knows the product with weights in 4 bits, where there is one."""
    import bitsandbytes

    def product(inputs, _packed, weight, *_rest, out_shape=None, **_named):
        return 2 * torch.Size(inputs).numel() * weight[0]

    assert bitsandbytes
    return FlopCounterMode(display=False, custom_mapping={torch.ops.bitsandbytes.gemm_4bit: product})
