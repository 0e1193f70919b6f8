import re  # when modality: image

import torch
from peft import LoraConfig, get_peft_model

torch.manual_seed(SEED)
dense = [n for n, m in model.named_modules() if isinstance(m, torch.nn.Linear) or getattr(m, "groups", 0) == 1]  # when modality: image
config = LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=DROPOUT, target_modules="|".join(map(re.escape, dense)))  # when modality: image
config = LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=DROPOUT, target_modules="all-linear")  # when modality: text
model = get_peft_model(model, config)  # the base is frozen, and stays in evaluation mode  # when modality: text
model = get_peft_model(model, config)  # the base is frozen; a grouped convolution has no low rank  # when modality: image
