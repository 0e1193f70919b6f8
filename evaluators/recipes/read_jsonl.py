import gzip  # when packed: True
import json
from pathlib import Path  # when packed: False

rows = [json.loads(line) for path in paths for line in Path(path).read_text("utf-8-sig").split("\n") if line.strip()]  # when packed: False
rows = [json.loads(line) for path in paths for line in gzip.open(path, "rt", encoding="utf-8-sig") if line.strip()]  # when packed: True
inputs, labels = zip(*((r[TEXT], r[LABEL] if isinstance(r[LABEL], str) else json.dumps(r[LABEL])) for r in rows))
