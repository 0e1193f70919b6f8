import tarfile
from pathlib import Path

from PIL import Image, ImageOps

files = [(tar.extractfile(f), Path(f.name).parts) for tar in map(tarfile.open, paths) for f in tar if f.isfile()]
files = [f for f in files if not ((n := f[1][-1]).lower() in CLUTTER or n[:2] == "._" or CLUTTER_FOLDERS & {*f[1]})]
inputs, labels = [ImageOps.exif_transpose(Image.open(file)) for file, _ in files], [at[-2] for _, at in files]
