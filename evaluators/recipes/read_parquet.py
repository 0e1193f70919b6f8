import json

import pandas as pd

table = pd.concat([pd.read_parquet(path, columns=[TEXT, LABEL]) for path in paths])
inputs, labels = table[TEXT].tolist(), table[LABEL].tolist()
labels = [label if isinstance(label, str) else json.dumps(label) for label in labels]
