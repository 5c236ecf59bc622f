"""Names that reach a path, or the command line of another machine: none leads elsewhere."""

import re
import time
from pathlib import Path

from trainer.errors import Refusal

MODEL = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
VERSION = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.(?!1$)[1-9]\d{0,3})?", re.ASCII)
FILE = re.compile(r"(?!manifest\.yaml$)[A-Za-z0-9][A-Za-z0-9._+-]{0,126}", re.ASCII)


def require_model(name: str) -> None:
    """Raise Refusal for a text that is no model's name."""
    if not MODEL.fullmatch(name):
        raise Refusal("MODEL: found %s; expected a letter of a-z, then up to 62 of a-z, 0-9 and _" % shown(name))


def require_version(version: str) -> None:
    """Raise Refusal for a text that is no version."""
    match = VERSION.fullmatch(version)
    try:
        if match:
            time.strptime(match.group(1), "%Y-%m-%d")
            return
    except ValueError:
        pass
    expected = "a real date as YYYY-MM-DD, or YYYY-MM-DD.N with N from 2 for a later one of that day"
    raise Refusal("VERSION: found %s; expected %s" % (shown(version), expected))


def require_file(path: Path) -> None:
    """Raise Refusal for a file whose name no version can have."""
    if not FILE.fullmatch(path.name):
        expected = "a name of a letter or digit, then up to 126 of A-Z, a-z, 0-9 and ._+-, other than manifest.yaml"
        raise Refusal("FILE: found %s; expected %s; rename it" % (shown(str(path)), expected))


def shown(text: str) -> str:
    """Return any text as a short one in printable ASCII and quotes."""
    return ascii(text) if len(text) <= 200 else ascii(text[:200]) + "..."
