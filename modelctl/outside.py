"""pyinfra started outside the checkout, for one of its deploys: refused, where else nothing of ours would be loaded.

pyinfra reads the config.py of its working folder alone. In another one a mistyped inventory would be a run on no host,
which exits 0. But connectors it loads wherever it is started: pyproject.toml names this one for that.
"""

from pathlib import Path

import click

from modelctl.product import CHECKOUT

DEPLOYS = CHECKOUT / "deploys"


class NoConnector:
    """Reaches no host, and is never asked for one."""

    handles_execution = False


def require_checkout(folder: Path) -> None:
    """Raises SystemExit with one line where pyinfra was not started in the checkout, or told to go there."""
    if folder != CHECKOUT:
        raise SystemExit(
            f"{folder}: pyinfra finds its settings and the deploys in the checkout only; go there: cd {CHECKOUT}"
        )


def _is_for_our_deploys(words: dict[str, object]) -> bool:
    operations = words.get("operations")
    return isinstance(operations, tuple) and any(Path(each).resolve().parent == DEPLOYS for each in operations)


_typed = click.get_current_context(silent=True)
if _typed is not None and _is_for_our_deploys(_typed.params):
    require_checkout(Path.cwd())
