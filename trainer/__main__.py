"""Where `python3 -I -B ROOT/.sentinelcam/trainer` begins: ROOT is the folder that a training works in."""

import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
sys.path[0] = str(_PACKAGE.parent)

from trainer import cli  # noqa: E402  # its folder had to be known before

if __name__ == "__main__":
    sys.exit(cli.main(_PACKAGE.parents[1], sys.argv[1:]))
