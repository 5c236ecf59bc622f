"""The base of all types of a site, and the strict pattern of every name that reaches a shell, a path or a template."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Annotated, Any, Final, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler, PlainValidator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from node import names


class Part(BaseModel):
    """A frozen value of a site. It validates as a part of the fleet that it belongs to, not when it is made."""

    model_config = ConfigDict(frozen=True, extra="forbid", revalidate_instances="always", allow_inf_nan=False)

    def __init__(self, /, **data: Any) -> None:
        defaults = {
            name: field.get_default(call_default_factory=True)
            for name, field in type(self).model_fields.items()
            if not field.is_required()
        }
        object.__setattr__(self, "__dict__", {**defaults, **data})
        object.__setattr__(self, "__pydantic_fields_set__", set(data))
        object.__setattr__(self, "__pydantic_extra__", None)
        object.__setattr__(self, "__pydantic_private__", None)

    # As pydantic's own RootModel says it: this is no custom init that validation would have to call.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


class OneOf:
    """In the annotation of a union of parts: each value is validated as the kind that it is, and as no other."""

    def __get_pydantic_core_schema__(self, union: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        kinds: tuple[type[Part], ...] = get_args(union)
        allowed = f"one of the types {', '.join(kind.__name__ for kind in kinds)}"

        def validated(value: object) -> Part:
            if isinstance(value, Part) and type(value) in kinds:
                return type(value).model_validate(value)
            raise PydanticCustomError("kind", "{allowed}", {"allowed": allowed})

        return core_schema.no_info_plain_validator_function(validated)


def only_if(is_right: Callable[[Any], object], allowed: str) -> AfterValidator:
    """Refuses every other value of a field; `allowed` says in words what is right."""

    def check(value: Any) -> Any:
        if not is_right(value):
            raise PydanticCustomError("value", "{allowed}", {"allowed": allowed})
        return value

    return AfterValidator(check)


def _matching(pattern: str, allowed: str) -> AfterValidator:
    return only_if(re.compile(pattern).fullmatch, allowed)


VERSION_FORM: Final = "a real date as YYYY-MM-DD, or YYYY-MM-DD.N with N from 2 for a later one of that day"
is_version = names.is_version


def version_key(version: str) -> tuple[date, int]:
    """Sort key of a version: its date, then its number on that day. Raises ValueError for a text that is none."""
    if not is_version(version):
        raise ValueError(f"{version!r} is no version")
    day, _, number = version.partition(".")
    return date.fromisoformat(day), int(number or 1)


def newest_first(versions: Iterable[str]) -> list[str]:
    """Versions of one model in the order of their age. Raises ValueError for a text that is none."""
    return sorted(versions, key=version_key, reverse=True)


Version = Annotated[str, only_if(is_version, VERSION_FORM)]


def _check_address(value: object) -> IPv4Address | IPv6Address:
    try:
        return ip_address(str(value))
    except ValueError:
        raise PydanticCustomError("address", "an IPv4 or IPv6 address") from None


_LARGEST = 10**15  # more than any count of bytes here; beyond it, programs begin to stumble
PositiveInt = Annotated[int, Field(gt=0, lt=_LARGEST)]
NonNegativeInt = Annotated[int, Field(ge=0, lt=_LARGEST)]
Port = Annotated[int, Field(ge=1, le=65535)]


def _check_path(path: Path) -> Path:
    try:
        found = path.expanduser()
    except RuntimeError:  # ~name, and nobody has that name
        raise PydanticCustomError("path", "a path; its user has no home here") from None
    if "\0" in str(found):
        raise PydanticCustomError("path", "a path without a NUL")
    return found


OwnPath = Annotated[Path, AfterValidator(_check_path)]
"""A path on the control node; ~ is the operator's home."""

Address = Annotated[IPv4Address | IPv6Address, PlainValidator(_check_address)]

HostName = Annotated[
    str, _matching(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", "a host name: up to 63 of a-z, 0-9 and -, no - at the ends")
]
ModelName = Annotated[
    str, _matching(names.MODEL.pattern, "a model name: a letter of a-z, then up to 62 of a-z, 0-9 and _")
]
Role = Annotated[str, _matching(r"[a-z][a-z0-9_]{0,62}", "a role: a letter, then up to 62 of a-z, 0-9 and _")]
FileName = Annotated[
    str,
    _matching(
        r"(?!manifest\.yaml$)[A-Za-z0-9][A-Za-z0-9._+-]{0,126}",
        "a file name: a letter or digit, then up to 126 of A-Z, a-z, 0-9 and ._+-, other than manifest.yaml",
    ),
]
NodeName = Annotated[
    str, _matching(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", "a node name: up to 63 of A-Z, a-z, 0-9, _ and -")
]
CameraName = Annotated[str, _matching(r"[OPW][0-9]{1,2}", "a camera name: O, P or W and a number, as in P1")]
Login = Annotated[str, _matching(r"[a-z_][a-z0-9_-]{0,31}", "a login: up to 32 of a-z, 0-9, _ and -")]
Word = Annotated[
    str, _matching(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}", "a word: up to 63 of A-Z, a-z, 0-9, space, ., _ and -")
]
LONGEST_REMARK: Final = 600
Remark = Annotated[
    str,
    only_if(
        lambda text: text.isprintable() and 0 < len(text) <= LONGEST_REMARK,
        f"one printable line, up to {LONGEST_REMARK} characters",
    ),
]
Sha256 = Annotated[str, _matching(r"[0-9a-f]{64}", "a SHA-256: 64 of 0-9 and a-f")]
WebAddress = Annotated[
    str,
    _matching(
        r"https?://(?:[A-Za-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+){0,16}",
        "an address as https://HOST/PATH, without a / at its end",
    ),
]
HomePath = Annotated[
    str,
    _matching(
        r"(?!.*\.\.)(?!.{256})[A-Za-z0-9._][A-Za-z0-9._-]*(?:/[A-Za-z0-9._][A-Za-z0-9._-]*)*",
        "a path below the service user's home, up to 255 letters, without .. or a leading /",
    ),
]
