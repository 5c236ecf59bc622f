"""pyinfra started outside the checkout, for one of its deploys: refused, where else nothing of ours would be loaded.

pyinfra reads the config.py of its working folder alone. In another one a mistyped inventory would be a run on no host,
which exits 0. But connectors it loads wherever it is started: pyproject.toml names this one for that.
"""

from pathlib import Path

import click

from modelctl.product import CHECKOUT

DEPLOYS = CHECKOUT / "deploys"


class _NoConnector:
    """Reaches no host, and says so when pyinfra asks it, as it asks each connector once it has read a command line."""

    @property
    def handles_execution(self) -> bool:
        typed = click.get_current_context(silent=True)
        if typed is not None and _is_for_our_deploys(typed.params):
            require_checkout(Path.cwd())
        return False


connector = _NoConnector()


def require_checkout(folder: Path) -> None:
    """Raises SystemExit with one line where pyinfra was not started in the checkout, or told to go there."""
    if folder != CHECKOUT:
        raise SystemExit(
            f"{folder}: pyinfra finds its settings and the deploys in the checkout only; go there: cd {CHECKOUT}"
        )


def _is_for_our_deploys(words: dict[str, object]) -> bool:
    operations = words.get("operations")
    return isinstance(operations, tuple) and any(Path(each).resolve().parent == DEPLOYS for each in operations)
