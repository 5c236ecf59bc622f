"""The base of all types of a site. `Fleet` validates them as one tree, so that all faults show at once."""

from typing import Any

from pydantic import BaseModel, ConfigDict


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


def part_type(value: object) -> str | None:
    """The tag of a union of parts: the name of the value's type."""
    return type(value).__name__ if isinstance(value, Part) else None
