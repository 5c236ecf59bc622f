"""What the site says of its trainer: ROOT/.sentinelcam/settings.json, which a deploy writes.

    {"format": 1, "host": "NAME",
     "datasink": {"user": "LOGIN", "address": "ADDRESS", "port": 22},
     "control": {"user": "LOGIN", "address": "ADDRESS", "port": 22},
     "environment": "~/.virtualenvs/ml-training-py38", "notebook": "notebooks/train_face_model.ipynb",
     "models": {"face_recognition": {"framework": "scikit-learn", "required_metrics": []}}}

`host` and `datasink` have no default; the rest has. Without `control` nobody is asked to take an upload over. A
relative path starts in ROOT.
"""

import json
import re
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

from trainer.errors import Refusal
from trainer.names import MODEL, shown

FORMAT = 1
ENVIRONMENT = "~/.virtualenvs/ml-training-py38"
NOTEBOOK = "notebooks/train_face_model.ipynb"

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_LOGIN = re.compile(r"[a-z_][a-z0-9_-]{0,31}", re.ASCII)
_ADDRESS = re.compile(r"[0-9a-zA-Z](?:[0-9a-zA-Z.:-]{0,253})", re.ASCII)


class Machine(NamedTuple):
    """Another machine, and who this one is there."""

    user: str
    address: str
    port: int


class ModelSettings(NamedTuple):
    """What the site says of a model; nothing at all of one that it does not name."""

    framework: Optional[str]
    required_metrics: List[str]


class Settings(NamedTuple):
    """All that the site says."""

    host: str
    datasink: Machine
    control: Optional[Machine]
    environment: Path
    notebook: Path
    models: Dict[str, ModelSettings]

    def model(self, name: str) -> ModelSettings:
        """Return what is said of a model, which can be nothing."""
        return self.models.get(name, ModelSettings(None, []))


def read(root: Path) -> Settings:
    """Return the settings. Raises Refusal for a file that is absent or not as a deploy writes it."""
    path = root / ".sentinelcam" / "settings.json"
    try:
        return _settings(root, json.loads(path.read_bytes().decode("utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        found = error.strerror if isinstance(error, OSError) else "%s: %s" % (type(error).__name__, error)
        deploy = "ask for: pyinfra inventory.py deploys/trainer.py"
        raise Refusal("%s: found %s; expected the settings that a deploy writes; %s" % (path, found, deploy)) from None


def _settings(root: Path, data: Dict[str, Any]) -> Settings:
    if data["format"] != FORMAT:
        raise ValueError("format %s" % shown(str(data["format"])))
    return Settings(
        host=_text(data["host"], _HOST),
        datasink=_machine(data["datasink"]),
        control=_machine(data["control"]) if "control" in data else None,
        environment=root / Path(data.get("environment", ENVIRONMENT)).expanduser(),
        notebook=root / Path(data.get("notebook", NOTEBOOK)).expanduser(),
        models={_text(name, MODEL): _model(model) for name, model in data.get("models", {}).items()},
    )


def _machine(data: Dict[str, Any]) -> Machine:
    port = data.get("port", 22)
    if type(port) is not int or not 0 < port < 65536:
        raise ValueError("port %s" % shown(str(port)))
    return Machine(_text(data["user"], _LOGIN), _text(data["address"], _ADDRESS), port)


def _model(data: Dict[str, Any]) -> ModelSettings:
    framework, required = data.get("framework"), data.get("required_metrics", [])
    if not isinstance(framework, (str, type(None))) or not all(isinstance(name, str) for name in required):
        raise ValueError("a model with other values than a framework and names of metrics")
    return ModelSettings(framework, list(required))


def _text(value: Any, pattern: "re.Pattern[str]") -> str:
    if not pattern.fullmatch(value):
        raise ValueError(shown(value))
    return str(value)
