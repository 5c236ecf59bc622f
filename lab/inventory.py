"""The lab as pyinfra groups. Under the pyinfra command it moves into the lab's network, which no packet leaves."""

from lab import site as _site
from lab.network import enter as _enter
from modelctl.errors import exit_with_message as _exit_with_message
from modelctl.groups import groups as _groups
from operations.command_line import check as _check
from operations.command_line import is_pyinfra as _is_pyinfra

_PINS = _site.PINS
_SOURCES = _site.SOURCES

with _exit_with_message():
    _FLEET = _site.fleet()
    _check(_FLEET, _groups(_FLEET))
    if _is_pyinfra():
        _enter()

_connect = _enter  # modelctl calls it before it connects

globals().update(_groups(_FLEET))
