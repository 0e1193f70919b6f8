from itertools import takewhile  # when modality: text

import torch

torch.manual_seed(SEED)
model.requires_grad_(False)  # what is frozen stays in evaluation mode, without dropout  # when modality: text
layers = max((m for m in model.modules() if isinstance(m, torch.nn.ModuleList)), key=lambda m: len(list(m.modules())))  # when modality: text
layers[-max(1, round(TRAINED_SHARE * len(layers))) :].requires_grad_(True).train()  # its dropout draws masks of its own  # when modality: text  # when depth: share
layers[-TRAINED_BLOCKS:].requires_grad_(True).train()  # its dropout draws masks of its own  # when modality: text  # when depth: blocks
model.pooler.requires_grad_(True)  # when modality: text  # when pooling: model
for weight in takewhile(lambda weight: not weight.requires_grad, reversed(list(model.parameters()))):  # when modality: text
    weight.requires_grad_(weight.dim() <= 1)  # the final norm  # when modality: text
block = timm.models.group_parameters(model, model.group_matcher(coarse=False), reverse=True)  # as timm cuts it  # when modality: image
blocks = sorted({block[name] for name, weight in model.named_parameters() if weight.dim() > 1})[1:]  # when modality: image
for name, weight in model.named_parameters():  # when modality: image
    weight.requires_grad_(block[name] >= blocks[-max(1, round(TRAINED_SHARE * len(blocks)))])  # when modality: image  # when depth: share
    weight.requires_grad_(block[name] >= blocks[-min(TRAINED_BLOCKS, len(blocks))])  # when modality: image  # when depth: blocks
for part in filter(lambda part: {w.requires_grad for w in part.parameters()} == {True}, model.modules()):  # when modality: image
    part.train()  # what is frozen stays in evaluation mode, its BatchNorm too  # when modality: image
