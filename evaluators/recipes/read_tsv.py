import csv

import pandas as pd

table = pd.concat([pd.read_csv(p, sep="\t", quoting=csv.QUOTE_NONE, dtype=str, keep_default_na=False) for p in paths])
inputs, labels = table[TEXT].tolist(), table[LABEL].tolist()
