"""Started by an operator, a unit or the console, with nothing of their environment that could lead it elsewhere."""

import os
import sys

from node import layout
from node.cli import end_in_time, main

said = {name: os.environ[name] for name in ("SUDO_USER",) if name in os.environ}
os.environ.clear()
os.environ.update(said, PATH=layout.PATH, LC_ALL="C")
end_in_time(sys.argv[1] if len(sys.argv) > 1 else "")
sys.exit(main(sys.argv[1:]))
