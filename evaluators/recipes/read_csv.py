import pandas as pd

table = pd.concat([pd.read_csv(path, dtype=str, keep_default_na=False) for path in paths])
inputs, labels = table[TEXT].tolist(), table[LABEL].tolist()
