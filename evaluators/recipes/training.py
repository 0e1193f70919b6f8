import math

import torch

width = model.config.hidden_size  # when modality: text
width = getattr(model, "head_hidden_size", None) or model.num_features  # when modality: image  # when pooling: model
width = model.num_features  # when modality: image  # when pooling: mean cls
head = torch.nn.Sequential(torch.nn.LayerNorm(width, elementwise_affine=False), torch.nn.Linear(width, len(names)))
head.to(DEVICE).load_state_dict({key: w * 0 for key, w in head.state_dict().items()})  # nothing has to be unlearnt
trained = [(w, RATE) for w in model.parameters() if w.requires_grad] + [(w, HEAD_RATE) for w in head.parameters()]
optimizer = torch.optim.AdamW([{"params": w, "weight_decay": DECAY * (w.dim() > 1)} for w, _ in trained], fused=True)
lengths = torch.tensor([len(tokenizer(PROMPT + inputs[row], truncation=True)["input_ids"]) for row in used])  # when modality: text
parts, random = math.ceil(len(used) / BATCH_SIZE), torch.Generator().manual_seed(SEED)
steps = min(MAX_STEPS, max(MIN_STEPS, EPOCHS * parts))
for step in range(steps):
    if step % parts == 0:  # an epoch: a new order, in which like lengths go together  # when modality: text
    if step % parts == 0:  # an epoch: a new order  # when modality: image
        noise = torch.rand(len(used), generator=random, dtype=torch.float64)  # when modality: text
        batches = (lengths * (0.7 + 0.6 * noise)).argsort(stable=True).tensor_split(parts)  # when modality: text
        batches = torch.rand(len(used), generator=random, dtype=torch.float64).argsort(stable=True).tensor_split(parts)  # when modality: image
        order = torch.randperm(parts, generator=random)
    rows = used[batches[order[step % parts]]]
    rise = (step + 1) / (WARMUP * steps)  # the rate's share: up to 1 in the warm-up, then down to 0
    fall = 0.5 - 0.5 * math.cos(math.pi * (steps - step) / (steps + 1 - WARMUP * steps))  # when decay: cosine
    fall = (steps - step) / (steps + 1 - WARMUP * steps)  # when decay: linear
    for group, (_, rate) in zip(optimizer.param_groups, trained, strict=True):
        group["lr"] = rate * min(rise, fall)
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(head(features(rows)), targets[rows]).backward()
    torch.nn.utils.clip_grad_norm_([w for w, _ in trained], CLIP)
    optimizer.step()
model.eval().requires_grad_(False)
