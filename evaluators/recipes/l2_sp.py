import torch

torch.manual_seed(SEED)
model.train()  # all of it is trained, BatchNorm at work; dropout draws masks of its own, not the hub's
start = {w: w.detach().clone() for w in model.parameters()}
