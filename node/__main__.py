"""Started by an operator, a unit or the console, with nothing of their environment that could lead it elsewhere."""

import gc
import os
import sys
from contextlib import suppress

# What is loaded stays: to look through it again and again is a tenth of a short command.
gc.set_threshold(100000)
# Byte code that a power cut tore, or a disk damaged, would break every command: none is kept on the disk.
sys.path[0] = os.path.realpath(sys.path[0])
sys.pycache_prefix = "/run/sentinelcam/bytecode"
sys.dont_write_bytecode = sys.version_info < (3, 8) or not sys.path[0].startswith("/var/lib/sentinelcam/")

from node import layout  # noqa: E402
from node.cli import end_in_time, main  # noqa: E402

kept = ["SUDO_USER", "TERM"]
if os.geteuid() != 0:  # a login fetches for itself, and root never does
    kept += ["http_proxy", "https_proxy", "no_proxy"]
    kept += ["SSH_ORIGINAL_COMMAND"]  # what a trainer's key asks for: it is read, and never run
said = {name: os.environ[name] for name in kept if name in os.environ}
os.environ.clear()
os.environ.update(said, PATH=layout.PATH, LC_ALL="C")
end_in_time(sys.argv[1] if len(sys.argv) > 1 else "")
code = main(sys.argv[1:])
if sys.dont_write_bytecode:
    sys.exit(code)  # the loader that it came with has a folder to remove
with suppress(BrokenPipeError):  # who reads has seen enough
    sys.stdout.flush()
os._exit(code)  # to take all apart that was loaded is a sixth of a short command
