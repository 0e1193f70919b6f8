import torch

torch.manual_seed(SEED)
model.train()  # all of it is trained, with dropout and BatchNorm at work
start = {w: w.detach().clone() for w in model.parameters()}
