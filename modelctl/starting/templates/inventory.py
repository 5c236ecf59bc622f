"""The site as pyinfra groups. Its values lie in inventory/ beside this file."""

from modelctl.inventory_file import site_beside as _site_beside

globals().update(_site_beside(__file__))
