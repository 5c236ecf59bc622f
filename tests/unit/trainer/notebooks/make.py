"""Makes the notebooks beside it, by papermill: `python make.py` in an environment with papermill, ipykernel, scrapbook.

They were made with papermill 2.7.0 and scrapbook 0.5.0. It prints the exit code of each run: that of `exits`, `shell`
and `shown` is 0, although they failed.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

METRICS = "metrics"
PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
QUIET_EXIT = "import sys, warnings\nwarnings.simplefilter('ignore')\nsys.exit(0)"
SHOWN = """
import traceback
from IPython.display import HTML, display
try:
    1 / 0
except Exception:
    display(HTML('<pre>' + traceback.format_exc() + '</pre>'))
"""
PRINTED = "import json, sys\nprint('odd', file=sys.stderr)\nprint(json.dumps({'accuracy': 0.981, 'faces': 412}))"
GLUED = "import scrapbook\nscrapbook.glue('macro_f1', 0.973)\nscrapbook.glue('names', {'alice': 0.99, 'bob': 0.95})"
NOTEBOOKS = {
    "good": [
        (PRINTED, METRICS),
        ("from IPython.display import JSON, display\ndisplay(JSON({'mean_threshold': 0.62}))", METRICS),
        (GLUED, ""),
        ("scrapbook.glue('detector', 'hog')", ""),
    ],
    "raises": [("print('before')", ""), ("raise RuntimeError('no faces')", ""), ("print('after')", "")],
    "tolerated": [("raise RuntimeError('no faces')", "raises-exception"), ("print('after')", "")],
    "exits": [(QUIET_EXIT, ""), ("print('after')", "")],
    "shell": [("!python3 -c 'import nosuch'", "")],
    "shown": [(SHOWN, "")],
    "nan": [("import json\nprint(json.dumps({'accuracy': float('nan')}))", METRICS)],
    "words": [("print('accuracy: 0.98')", METRICS)],
    "plain": [("print('done')", "")],
}


def cell(source: str, tag: str) -> dict[str, Any]:
    metadata = {"tags": [tag]} if tag else {}
    return {"cell_type": "code", "execution_count": None, "metadata": metadata, "outputs": [], "source": source}


def main() -> None:
    for name, cells in NOTEBOOKS.items():
        content = {
            "cells": [cell("model_version = ''", "parameters"), *(cell(*each) for each in cells)],
            "metadata": PYTHON, "nbformat": 4, "nbformat_minor": 4,
        }  # fmt: skip
        with tempfile.NamedTemporaryFile("w", suffix=".ipynb") as file:
            json.dump(content, file)
            file.flush()
            target = f"{name}.ipynb"
            command = ["papermill", "--no-progress-bar", file.name, target, "-p", "model_version", "2025-12-08"]
            quiet = subprocess.DEVNULL
            code = subprocess.run(command, cwd=Path(__file__).parent, stderr=quiet, check=False).returncode
        sys.stdout.write(f"{name}: {code}\n")


main()
