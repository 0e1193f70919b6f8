from pathlib import Path

from PIL import Image, ImageOps

files = [file for path in paths for file in sorted(Path(path).rglob("*"), key=Path.as_posix) if file.is_file()]
inputs, labels = [ImageOps.exif_transpose(Image.open(file)) for file in files], [file.parent.name for file in files]
