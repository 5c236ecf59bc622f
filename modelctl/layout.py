"""Where this project is on a node. No setting: what runs there (node/layout.py) finds it without being told."""

STATE = "/var/lib/sentinelcam"
UNITS = "/etc/systemd/system"
CORAL = f"{STATE}/coral"
UDEV_RULES = "/etc/udev/rules.d"
