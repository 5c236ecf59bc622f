"""The commands of `modelctl`, a file each."""
