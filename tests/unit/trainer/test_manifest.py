"""The manifest's text: YAML that any reader takes, and what the registry reads of it."""

import hashlib
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from modelctl.registry.manifest import pin_of, plain_yaml
from node.protocol.registry import FolderContents
from node.protocol.registry import Measured as Stored
from node.registry.own import MANIFEST_LIMIT
from trainer import manifest
from trainer.errors import Refusal
from trainer.measured import Measured

ABOUT: dict[str, Any] = {
    "name": "face_recognition", "version": "2025-12-08.2", "framework": None, "source": "published on trainer1",
    "host": "no", "training_metrics": {"accuracy": 1e-05, "names": {"José": [1, {"null": None}]}, "empty": {}},
    "requires": {"python": "3.8", "scikit-learn": "1.3.2", "numpy": None, "h5py": None},
}  # fmt: skip
FILES = [Measured("facemodel.pickle", "b" * 64, 12), Measured("baselines.hdf5", "a" * 64, 5)]
PRINTABLE = st.text(max_size=40).filter(str.isprintable)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | PRINTABLE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PRINTABLE, inner, max_size=3),
    max_leaves=8,
)


def test_text() -> None:
    assert manifest.text(ABOUT, "2025-12-08", FILES) == (
        'name: "face_recognition"\n'
        'version: "2025-12-08.2"\n'
        "framework: null\n"
        'source: "published on trainer1"\n'
        'host: "no"\n'
        "training_metrics:\n"
        "  accuracy: 1e-05\n"
        "  names:\n"
        '    "José":\n'
        "    - 1\n"
        '    - "null": null\n'
        "  empty: {}\n"
        "requires:\n"
        '  python: "3.8"\n'
        '  scikit-learn: "1.3.2"\n'
        "  numpy: null\n"
        "  h5py: null\n"
        'date_deployed: "2025-12-08"\n'
        "files:\n"
        '- name: "baselines.hdf5"\n'
        f'  sha256: "{"a" * 64}"\n'
        "  size: 5\n"
        '- name: "facemodel.pickle"\n'
        f'  sha256: "{"b" * 64}"\n'
        "  size: 12\n"
        "previous_version: null\n"
    )


def test_the_registry_takes_it() -> None:
    content = manifest.text(ABOUT, "2025-12-08", FILES).encode()
    files = {file.name: Stored(file.sha256, file.size) for file in FILES}
    files["manifest.yaml"] = Stored(hashlib.sha256(content).hexdigest(), len(content))
    stored = FolderContents(manifest=content, files=files, others={}, fault=None)
    assert pin_of("face_recognition", "2025-12-08.2", stored).manifest == hashlib.sha256(content).hexdigest()


@given(st.dictionaries(PRINTABLE, VALUES, max_size=4))
def test_any_metrics_come_back(metrics: dict[str, Any]) -> None:
    text = manifest.text({**ABOUT, "training_metrics": metrics}, "2025-12-08", FILES)
    assert yaml.safe_load(text)["training_metrics"] == as_yaml(metrics)
    plain = plain_yaml(text.encode())
    assert isinstance(plain, dict)
    assert plain["version"] == "2025-12-08.2"


def as_yaml(value: Any) -> Any:
    """PyYAML reads a float without a dot as text, which is what the registry does with each number."""
    if isinstance(value, dict):
        return {key: as_yaml(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_yaml(each) for each in value]
    return repr(value) if isinstance(value, float) and "." not in repr(value) else value


def test_too_long() -> None:
    assert manifest.LIMIT == MANIFEST_LIMIT
    with pytest.raises(Refusal) as error:
        manifest.text({**ABOUT, "training_metrics": {"x": "y" * MANIFEST_LIMIT}}, "2025-12-08", FILES)
    assert str(error.value) == "manifest.yaml: found over 65536 bytes of it; expected fewer metrics"
