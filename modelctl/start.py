"""The program `modelctl`: Python's garbage collector would take a sixth of its start, and find nothing."""

import gc


def main() -> None:
    """Load the commands, and run the one that was typed."""
    gc.disable()
    from modelctl.cli import main as commands

    gc.freeze()
    gc.enable()
    commands()
