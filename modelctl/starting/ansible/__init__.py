"""The predecessor's inventory, of Ansible: what of it has a counterpart here, and a line for each key that has none."""
