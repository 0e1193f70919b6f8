import math

import torch
from sklearn import linear_model, preprocessing  # when start: probe

width = model.config.hidden_size  # when modality: text
width = getattr(model, "head_hidden_size", None) or model.num_features  # when modality: image  # when pooling: model
width = model.num_features  # when modality: image  # when pooling: mean cls
head = torch.nn.Sequential(torch.nn.LayerNorm(width, elementwise_affine=False), torch.nn.Linear(width, len(names)))
head.to(DEVICE).load_state_dict({key: w * 0 for key, w in head.state_dict().items()})  # nothing has to be unlearnt  # when start: zeros
seen = torch.cat([head[0](features(rows)).detach().double().cpu() for rows in used.split(BATCH_SIZE)])  # when start: probe
unit = preprocessing.StandardScaler().fit(seen)  # the head's optimum first; all goes on from there  # when start: probe
probe = linear_model.LogisticRegression(C=C, max_iter=MAX_ITER, tol=1e-6).fit(unit.transform(seen), targets[used].cpu())  # when start: probe
weight = torch.tensor(probe.coef_ / unit.scale_)  # of two classes only the second has a logit  # when start: probe
logits = {"1.weight": weight, "1.bias": torch.tensor(probe.intercept_) - weight @ torch.tensor(unit.mean_)}  # when start: probe
head.to(DEVICE).load_state_dict({key: torch.cat([0 * w, w])[-len(names) :] for key, w in logits.items()})  # when start: probe
trained = [(w, RATE) for w in model.parameters() if w.requires_grad] + [(w, HEAD_RATE) for w in head.parameters()]  # when rates: one
trained = [(w, RATE * scale[w]) for w in model.parameters()] + [(w, HEAD_RATE) for w in head.parameters()]  # when rates: layered
optimizer = torch.optim.AdamW([{"params": w, "weight_decay": DECAY * (w.dim() > 1)} for w, _ in trained], fused=True)
lengths = torch.tensor([len(tokenizer(PROMPT + inputs[row], truncation=True)["input_ids"]) for row in used])  # when modality: text
parts, random = math.ceil(len(used) / BATCH_SIZE), torch.Generator().manual_seed(SEED)
steps, turns = min(MAX_STEPS, max(MIN_STEPS, EPOCHS * parts)), torch.Generator().manual_seed(parts)
for step in range(steps):
    if step % parts == 0:  # an epoch: a new order, in which like lengths go together  # when modality: text
    if step % parts == 0:  # an epoch: a new order  # when modality: image
        noise = torch.rand(len(used), generator=random, dtype=torch.float64)  # when modality: text
        batches = (lengths * (0.7 + 0.6 * noise)).argsort(stable=True).tensor_split(parts)  # when modality: text
        batches = torch.rand(len(used), generator=random, dtype=torch.float64).argsort(stable=True).tensor_split(parts)  # when modality: image
        order = torch.randperm(parts, generator=turns)
    rows = used[batches[order[step % parts]]]
    rise = (step + 1) / (WARMUP * steps)  # the rate's share: up to 1 in the warm-up, then down to 0
    fall = 0.5 - 0.5 * math.cos(math.pi * (steps - step) / (steps + 1 - WARMUP * steps))  # when decay: cosine
    fall = (steps - step) / (steps + 1 - WARMUP * steps)  # when decay: linear
    for group, (_, rate) in zip(optimizer.param_groups, trained, strict=True):
        group["lr"] = rate * min(rise, fall)
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(head(features(rows)), targets[rows]).backward()
    for w in (w for w, _ in trained if w.grad is not None):  # when penalty: l2-sp
        # Towards where it started; the head, which has no start, towards 0.  # when penalty: l2-sp
        w.grad += ALPHA * (w.detach() - start[w]) if w in start else BETA * w.detach()  # when penalty: l2-sp
    torch.nn.utils.clip_grad_norm_([w for w, _ in trained], CLIP)
    optimizer.step()
model.eval().requires_grad_(False)
