"""`modelctl import` on a datasink that holds nothing yet."""

import json
from pathlib import Path

from tests.unit.modelctl.commands import test_import_command
from tests.unit.modelctl.commands.test_import_command import FACES, MAP, run
from tests.unit.modelctl.datasinks import FakeDatasink

_in_the_checkout = test_import_command._in_the_checkout
datasink, pins_file = test_import_command.datasink, test_import_command.pins_file
site, gamma = test_import_command.site, test_import_command.gamma


def test_on_a_datasink_without_a_registry(datasink: FakeDatasink, site: Path, pins_file: Path, gamma: Path) -> None:
    """U4: no dead end."""
    datasink.registry.rmdir()
    result = run(site, *FACES, gamma, *MAP, "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert datasink.registry.joinpath(*FACES, "facelist.csv").is_file()
    assert FACES[0] in json.loads(pins_file.read_text())
