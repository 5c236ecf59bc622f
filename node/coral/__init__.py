"""Coral stacks: their packages unpacked, their stick, and their trial before one is chosen."""
