"""The lab's own site: registry, hosts, standards and pins. `python -m lab up` copies it to where it may be edited."""
