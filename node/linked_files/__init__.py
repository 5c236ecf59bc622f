"""Linked files: data that exists on this node only. Who writes them, their backups, their way out."""
