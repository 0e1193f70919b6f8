import torch
from transformers import AutoModel, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(HERE / "base", padding_side="right", model_max_length=MAX_TOKENS)
tokenizer.pad_token = tokenizer.pad_token or tokenizer.convert_ids_to_tokens(0)  # any will do: the mask hides it  # when pooling: last
model = AutoModel.from_pretrained(HERE / "base", dtype=torch.float32).to(DEVICE)


def features(rows):
    texts = [PROMPT + inputs[row] for row in rows]
    batch = tokenizer(texts, truncation=True, padding=True, return_token_type_ids=False, return_tensors="pt").to(DEVICE)
    mask = batch["attention_mask"].unsqueeze(-1)  # when pooling: mean
    vectors = (model(**batch).last_hidden_state * mask).sum(1) / mask.sum(1)  # the mean of all real tokens  # when pooling: mean
    vectors = model(**batch).last_hidden_state[:, 0]  # the first token  # when pooling: cls
    vectors = model(**batch).last_hidden_state[range(len(texts)), batch["attention_mask"].sum(1) - 1]  # when pooling: last
    vectors = model(**batch).pooler_output  # when pooling: model
    return torch.nn.functional.normalize(vectors, dim=-1)  # when normalize: True
    return vectors  # when normalize: False
