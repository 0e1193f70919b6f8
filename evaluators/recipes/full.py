import torch

torch.manual_seed(SEED)
model.train()  # everything is trained, with dropout and BatchNorm at work
