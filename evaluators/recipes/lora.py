import re  # when modality: image

import torch
from peft import LoraConfig, get_peft_model  # when strategy: lora rslora dora
from peft import IA3Config, get_peft_model  # when strategy: ia3

torch.manual_seed(SEED)
dense = [n for n, m in model.named_modules() if isinstance(m, torch.nn.Linear) or getattr(m, "groups", 0) == 1]  # when modality: image
layers = "|".join(map(re.escape, dense))  # whole names: a grouped convolution has no low rank  # when modality: image
layers = "all-linear"  # when modality: text
config = LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=DROPOUT, target_modules=layers)  # when strategy: lora
config = LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=DROPOUT, target_modules=layers, use_rslora=True)  # when strategy: rslora
config = LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=DROPOUT, target_modules=layers, use_dora=True)  # when strategy: dora
config = IA3Config(target_modules=layers, feedforward_modules=[])  # when strategy: ia3
model = get_peft_model(model, config)  # the base is frozen, and stays in evaluation mode
