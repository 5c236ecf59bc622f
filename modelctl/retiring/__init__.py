"""Removing versions that nobody needs, and bringing home what exists on one host only."""
