from pathlib import Path

from PIL import Image, ImageOps

found = ((Path(path), file) for path in paths for file in sorted(Path(path).rglob("*"), key=Path.as_posix))
files = [(file, file.relative_to(path).parts) for path, file in found if file.is_file()]
files = [f for f in files if not ((n := f[1][-1]).lower() in CLUTTER or n[:2] == "._" or CLUTTER_FOLDERS & {*f[1]})]
inputs, labels = [ImageOps.exif_transpose(Image.open(file)) for file, _ in files], [at[-2] for _, at in files]
