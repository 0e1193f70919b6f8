import json

import timm  # when modality: image
from safetensors.torch import save_file

if out:
    model.save_pretrained(out)  # when modality: text
    tokenizer.save_pretrained(out)  # when modality: text
    timm.models.save_for_hf(model, out, safe_serialization=True)  # when modality: image
    save_file(head.state_dict(), out / "head.safetensors", {"labels": json.dumps(names)})
