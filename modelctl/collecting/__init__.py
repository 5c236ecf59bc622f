"""Collecting what exists on one host only: its linked files, to the primary datasink."""
