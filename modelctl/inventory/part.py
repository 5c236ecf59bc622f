"""The base of all types of a site. `Fleet` validates them as one tree, so that all faults show at once."""

from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


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
