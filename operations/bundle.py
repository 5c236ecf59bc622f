"""The node program as one message: its files, and the digest that names the folder where it is installed."""

import base64
import hashlib
import json
import zlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parent.parent / "node"

# Runs a program that is not installed: its files come as the first line of standard input, its own input follows.
# Where no other place has room, tempfile takes the working directory, which is the home: its owner could exchange them.
LOADER = """
import base64, json, os, runpy, shutil, sys, tempfile, zlib
os.chdir("/")
folder = tempfile.mkdtemp(prefix="sentinelcam-")
try:
    for name, text in json.loads(zlib.decompress(base64.b64decode(sys.stdin.readline()))).items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    runpy.run_path(folder, run_name="__main__")
finally:
    shutil.rmtree(folder)
"""


class Bundle(NamedTuple):
    files: dict[str, str]
    digest: str  # SHA-256 over names and texts

    def to_line(self) -> str:
        """Compressed: it goes to a bare host twice, maybe over a bad link."""
        return base64.b64encode(zlib.compress(json.dumps(self.files, sort_keys=True).encode(), 9)).decode()


@cache
def bundle() -> Bundle:
    """Return the node program of this checkout. `__main__.py` goes to the top, so that a folder can be run by name."""
    files = {
        path.name if path.name == "__main__.py" else f"{SOURCE.name}/{path.name}": path.read_text(encoding="utf-8")
        for path in sorted(SOURCE.glob("*.py"))
    }
    return Bundle(files, hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest())
