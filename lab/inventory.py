"""The lab as pyinfra groups: its site, in the copy that `python -m lab up` makes. No packet leaves its network."""

from lab.network import enter as _enter
from lab.site_copy import current as _current
from modelctl.inventory_file import site_in as _site_in

_connect = _enter  # modelctl and pyinfra call it before they connect

globals().update(_site_in(_current()))
