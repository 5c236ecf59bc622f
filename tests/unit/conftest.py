"""pyinfra's command patches the standard library for gevent when it is imported.

Done late, in the midst of a test run, that deadlocks threads and subprocesses; so it comes first.
"""

import os
import posix

import pyinfra_cli as pyinfra_cli

# gevent's own puts it off: a lock stays held meanwhile, and removing a large folder runs out of handles.
os.close = posix.close
