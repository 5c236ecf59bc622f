"""The commands of `modelctl`, a file for those of one subject."""
