import sys
from pathlib import Path

import torch

HERE, DEVICE = Path(__file__).resolve().parent, "cuda" if torch.cuda.is_available() else "cpu"
paths, out = (sys.argv[1:-2], Path(sys.argv[-1])) if "--out" in sys.argv else (sys.argv[1:], None)
