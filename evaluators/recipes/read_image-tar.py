import tarfile
from pathlib import Path

from PIL import Image, ImageOps

tars = [tarfile.open(path) for path in paths]
files = [(tar.extractfile(file), Path(file.name).parent.name) for tar in tars for file in tar if file.isfile()]
inputs, labels = [ImageOps.exif_transpose(Image.open(file)) for file, _ in files], [label for _, label in files]
