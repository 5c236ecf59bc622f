"""Programs that run on the nodes: standard library only, Python 3.7 or newer, no import of the rest of this project."""
