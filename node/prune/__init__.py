"""Removing old versions from this node: which ones its services may yet start from, and the removal of others."""
