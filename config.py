"""pyinfra's own settings. Before it does anything it is mended (operations/mends), and found to be in this checkout."""

from pathlib import Path

import pyinfra

from modelctl.outside import require_checkout
from modelctl.product import CHECKOUT
from operations import closing, mends
from operations.mends.terminal import end_at_interrupt

mends.apply()
if pyinfra.is_cli:
    if Path(__file__).resolve().parent != CHECKOUT:
        raise SystemExit(
            f"{__file__}: found modelctl of {CHECKOUT}, expected it beside this file; "
            f"cd {CHECKOUT}, or install it here: pip install --no-deps --editable ."
        )
    require_checkout(Path.cwd())
    end_at_interrupt()
    closing.begin()
    pyinfra.config.REQUIRE_PYINFRA_VERSION = ">=3.10,<3.11"
