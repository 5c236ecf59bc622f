"""Removing versions that nobody needs: from the registry, and from the nodes."""
