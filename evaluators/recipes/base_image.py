import timm
import torch
from timm.data import create_transform

transform = create_transform((3, SIZE, SIZE), interpolation=INTERPOLATION, mean=MEAN, std=STD, crop_pct=CROP)
model = timm.create_model(f"local-dir:{HERE / 'base'}", pretrained=True, num_classes=0).to(DEVICE).eval()


def features(rows):
    images = [transform(inputs[row].convert("RGBA").convert("RGB")) for row in rows]  # when channels: 3
    images = [transform(inputs[row].convert("RGBA").convert("RGB").convert("L")) for row in rows]  # when channels: 1
    vectors = model(torch.stack(images).to(DEVICE))  # pooled as the network does it  # when pooling: model
    vectors = model.forward_features(torch.stack(images).to(DEVICE))[:, 0]  # the class token  # when pooling: cls
    hidden = model.forward_features(torch.stack(images).to(DEVICE))  # when pooling: mean
    axes = (1,) if hidden.dim() == 3 else (1, 2) if hidden.shape[-1] == model.num_features else (2, 3)  # when pooling: mean
    vectors = hidden[:, getattr(model, "num_prefix_tokens", 0) :].mean(axes)  # of all patches  # when pooling: mean
    return torch.nn.functional.normalize(vectors, dim=-1)  # when normalize: True
    return vectors  # when normalize: False
