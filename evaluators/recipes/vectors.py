import torch

torch.manual_seed(SEED)
model.requires_grad_(False)  # and stays in evaluation mode: no dropout, and BatchNorm with its stored statistics
for norm in (part for part in model.modules() if "norm" in type(part).__name__.lower()):  # when strategy: norm-tuning
    for weight in norm.parameters(recurse=False):  # when strategy: norm-tuning
        weight.requires_grad_(weight.dim() == 1)  # when strategy: norm-tuning
for name, weight in model.named_parameters():  # when strategy: bias-tuning
    weight.requires_grad_(name.split(".")[-1] == "bias")  # when strategy: bias-tuning
