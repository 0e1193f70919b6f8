from itertools import takewhile  # when modality: text

import torch

torch.manual_seed(SEED)
model.train()  # all of it is trained, the lower the slower; dropout draws masks of its own
layers = max((m for m in model.modules() if isinstance(m, torch.nn.ModuleList)), key=lambda m: len(list(m.modules())))  # when modality: text
place = {w: number for number, layer in enumerate(layers, 1) for w in layer.parameters()}  # when modality: text
above = list(takewhile(lambda w: w not in place, reversed(list(model.parameters()))))  # when modality: text
place |= {w: len(layers) for w in above if w.dim() <= 1}  # the final norm  # when modality: text
place |= {w: len(layers) for w in model.pooler.parameters()}  # when modality: text  # when pooling: model
scale = {w: LAYER_DECAY ** (len(layers) + 1 - place.get(w, 0)) for w in model.parameters()}  # when modality: text
block = timm.models.group_parameters(model, model.group_matcher(coarse=False), reverse=True)  # as timm cuts it  # when modality: image
blocks = sorted({block[name] for name, weight in model.named_parameters() if weight.dim() > 1})[1:]  # when modality: image
scale = {w: LAYER_DECAY ** (1 + sum(block[n] < other for other in blocks)) for n, w in model.named_parameters()}  # when modality: image
