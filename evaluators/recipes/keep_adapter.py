import json

from safetensors.torch import save_file

if out:
    model.save_pretrained(out)
    save_file(head.state_dict(), out / "head.safetensors", {"labels": json.dumps(names)})
