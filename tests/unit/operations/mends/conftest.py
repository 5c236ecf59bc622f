"""pyinfra as it is mended."""

import pytest

from operations import mends


@pytest.fixture(autouse=True, scope="session")
def _mended() -> None:
    mends.apply()
