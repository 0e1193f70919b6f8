import json

import torch

split = json.loads((HERE / "split.json").read_text())  # row numbers of the data
assert len(labels) == split["rows"], "these are not the rows that split.json was written for"
names = sorted(set(labels))
targets = torch.tensor([names.index(label) for label in labels], device=DEVICE)
used, held = torch.tensor(split["all" if out else "train"]), torch.tensor(split["held-out"])
