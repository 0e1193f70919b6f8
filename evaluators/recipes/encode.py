import torch


@torch.inference_mode()
def encode(rows):
    """The base is frozen: every row is encoded once."""
    tokens = tokenizer([PROMPT + inputs[row] for row in rows], truncation=True)["input_ids"]  # when modality: text
    lengths = torch.tensor([len(ids) for ids in tokens])  # when modality: text
    order = left = lengths.argsort(descending=True, stable=True)  # like lengths together: little is padded  # when modality: text
    vectors = []  # when modality: text
    while len(left):  # when modality: text
        size = max(1, min(128, 128 * 256 // int(lengths[left[0]])))  # when modality: text
        vectors.append(features(rows[left[:size]]).cpu())  # when modality: text
        left = left[size:]  # when modality: text
    return torch.cat(vectors)[order.argsort()].numpy()  # when modality: text
    return torch.cat([features(part).cpu() for part in rows.split(128)]).numpy()  # when modality: image
