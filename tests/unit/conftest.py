"""pyinfra's command patches the standard library for gevent when it is imported.

Done late, in the midst of a test run, that deadlocks threads and subprocesses; so it comes first.
"""

import pyinfra_cli as pyinfra_cli
