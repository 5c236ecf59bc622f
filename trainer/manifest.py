"""manifest.yaml: a subset of YAML that every reader takes, each text in it quoted as in JSON."""

import json
import re
from typing import Any, Dict, Iterator, List

from trainer.errors import Refusal
from trainer.measured import Measured

NAME = "manifest.yaml"
LIMIT = 65536  # bytes, as the registry reads them

_PLAIN = re.compile(r"[a-z][a-z0-9_-]*", re.ASCII)
_OTHER_THAN_TEXT = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def text(about: Dict[str, Any], date: str, files: List[Measured]) -> str:
    """Return the manifest of a version that is published on a day. Raises Refusal for one that is too long."""
    content = dict(about)
    content["date_deployed"] = date
    content["files"] = [file._asdict() for file in sorted(files)]
    content["previous_version"] = None  # the registry knows it
    written = "".join(line + "\n" for line in _lines(content))
    if len(written.encode("utf-8")) > LIMIT:
        raise Refusal("%s: found over %d bytes of it; expected fewer metrics" % (NAME, LIMIT))
    return written


def _lines(content: Dict[str, Any]) -> Iterator[str]:
    for key, value in content.items():
        if isinstance(value, dict) and value:
            yield _key(key) + ":"
            yield from ("  " + line for line in _lines(value))
        elif isinstance(value, list) and value:
            yield _key(key) + ":"
            for each in value:
                yield from _item(each)
        else:
            yield "%s: %s" % (_key(key), _json(value))


def _item(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        first, *rest = _lines(value)
        yield "- " + first
        yield from ("  " + line for line in rest)
    else:
        yield "- " + _json(value)


def _key(key: str) -> str:
    return key if _PLAIN.fullmatch(key) and key not in _OTHER_THAN_TEXT else _json(key)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
