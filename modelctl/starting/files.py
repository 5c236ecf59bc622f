"""The files of a new site that are the same whatever it begins with."""

import re
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from modelctl.product import CHECKOUT, commit_of, git

FOLDER = Path(__file__).with_name("templates")
PLACEHOLDER = "https://example.org/sentinelcam-deploy.git"
Files = dict[str, str]
"""The text of each file, by its path below the site's folder."""
_SSH = re.compile(r"(?:ssh://)?git@([A-Za-z0-9.-]+)[:/]([A-Za-z0-9._/-]+)")
_WEB = re.compile(r"https://(?:[^/@]*@)?([A-Za-z0-9.-]+(?::[0-9]+)?/[A-Za-z0-9._/-]+)")


def common(name: str) -> Files:
    """All but the values of the site."""
    code = cloned_from()
    workflow = {"code": code, "commit": commit(), "is_example": code == PLACEHOLDER}
    return {
        ".gitignore": _text("gitignore"),
        ".github/workflows/site.yml": rendered("site.yml.j2", **workflow),
        "README.md": rendered("README.md.j2", name=name),
        "inventory.py": _text("inventory.py"),
        "inventory/known_hosts": "",
        "inventory/pins.json": "{}\n",
    }


def rendered(template: str, **values: object) -> str:
    """The text of a template of templates/."""
    return _environment().get_template(template).render(values)


def registry() -> str:
    """The models of a site without a Coral stick."""
    return _text("registry.py")


def cloned_from() -> str:
    """Where a machine without a key can clone this checkout from, without anybody's password; else a placeholder."""
    try:
        said = git(CHECKOUT, "remote", "get-url", "origin").stdout.decode(errors="replace").strip()
    except OSError:
        return PLACEHOLDER
    if found := _WEB.fullmatch(said):
        return f"https://{found[1]}"
    if found := _SSH.fullmatch(said):
        return f"https://{found[1]}/{found[2]}"
    return PLACEHOLDER


def commit() -> str:
    """The commit of this checkout; its branch where nobody knows."""
    found = commit_of(CHECKOUT).removesuffix("-dirty")
    return found if found != "unknown" else "main"


def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  # it makes Python, YAML and Markdown
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
