"""Bringing versions here: access to the datasink's registry, fetching, verifying, putting in place."""
