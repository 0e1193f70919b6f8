import pandas as pd
from PIL import Image

table = pd.concat([pd.read_csv(path, header=None, dtype=str) for path in paths])
grey = (table.iloc[:, :-1].astype(float) / WHITE * 255).round().astype("uint8").to_numpy().reshape(-1, *SHAPE)
inputs, labels = [Image.fromarray(image) for image in grey], table.iloc[:, -1].str.strip().tolist()
