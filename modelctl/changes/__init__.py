"""Changing which versions hosts run: the edit, its commit, its deploy, and the way back."""
