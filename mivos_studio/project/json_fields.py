"""Strict reading of one JSON object as a typed struct; errors name place, key and what is wrong.

msgspec checks types and limits. What a key must be is said in words beside them, as the description of its
type, since msgspec's own messages are for programmers.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin

from msgspec import Meta, Struct, ValidationError, convert
from msgspec.structs import FieldInfo
from msgspec.structs import fields as fields_of

from inference_core.errors import UserError
from inference_core.types import MAX_OBJECTS

_LARGEST = 1e9  # far outside any image, far inside float32

WholeNumber = Annotated[int, Meta(ge=0, description="a whole number of 0 or more")]
Count = Annotated[int, Meta(ge=1, description="a whole number of 1 or more")]
ObjectId = Annotated[int, Meta(ge=1, le=MAX_OBJECTS, description=f"a whole number from 1 to {MAX_OBJECTS}")]
PositiveNumber = Annotated[float, Meta(gt=0, le=_LARGEST, description="a number above 0")]
Coordinate = Annotated[float, Meta(ge=-_LARGEST, le=_LARGEST)]  # NaN is within no limits
Points = Annotated[
    list[tuple[Coordinate, Coordinate]], Meta(description="a list of [x, y], two numbers each")
]
Flag = Annotated[bool, Meta(description="true or false")]
_Channel = Annotated[int, Meta(ge=0, le=255)]
Rgb = Annotated[
    tuple[_Channel, _Channel, _Channel], Meta(description="a list of 3 whole numbers from 0 to 255")
]
Text = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]*\Z",
        description="a text of 1 to 200 characters, without control characters",
    ),
]
Items = Annotated[list[Any], Meta(description="a list in brackets")]


class JsonObject(Struct, frozen=True, forbid_unknown_fields=True):
    """What a JSON object may hold: its fields are the keys, and those with a default may be missing."""


AnyStruct = TypeVar("AnyStruct", bound=Struct)


def read_object(
    kind: type[AnyStruct], value: object, place: str, *, known: tuple[str, ...] = ()
) -> AnyStruct:
    """Read a JSON object; raise a UserError with one sentence where it is not what its kind asks for.

    place  starts every error message, as in "Step 3 (scribble)".
    known  keys that have been read before.
    """
    if not isinstance(value, dict):
        raise UserError(f"{place} must be an object in braces, not {shown(value)}.")
    keys = _keys_of(kind)
    unknown = [key for key in value if key not in keys and key not in known]
    if unknown and kind.__struct_config__.forbid_unknown_fields:
        raise UserError(
            f"{place} has the unknown key {shown(unknown[0])}; it may have {', '.join((*known, *keys))}."
        )
    for key, field in keys.items():
        if key in value:
            _check(key, value[key], field.type, place)
        elif field.required:
            raise UserError(f'{place}: the key "{key}" is missing.')
    try:
        return convert({key: value[key] for key in keys if key in value}, kind)
    except ValidationError as error:
        # Each key is valid alone: this is what the kind's __post_init__ has said of them together.
        raise UserError(f"{place}: {error}") from error


@cache
def _keys_of(kind: type[Struct]) -> dict[str, FieldInfo]:
    """Return the fields of a kind by their keys; kept, since msgspec evaluates the annotations each time."""
    return {field.encode_name: field for field in fields_of(kind)}


def _check(key: str, value: object, kind: Any, place: str) -> None:
    """Refuse what a key must not hold. Null is refused too: a field is None only where its key is missing."""
    declared = next(part for part in (kind, *get_args(kind)) if hasattr(part, "__metadata__"))
    try:
        if isinstance(value, str):
            value.encode(errors="surrogateescape")  # names of files on Linux need not be Unicode
        convert(value, declared)
    except ValidationError as error:
        is_no_list = get_origin(declared.__origin__) in (list, tuple) and not isinstance(value, list)
        wanted = "a list in brackets" if is_no_list else declared.__metadata__[0].description
        raise UserError(f'{place}: "{key}" must be {wanted}, not {shown(value)}.') from error
    except UnicodeEncodeError as error:  # JSON can spell half of a surrogate pair
        raise UserError(f'{place}: "{key}" must be valid Unicode, not {shown(value)}.') from error


def shown(value: object) -> str:
    """Return a JSON value as an error message shows it: long ones are cut."""
    text = json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace").decode()
    return text if len(text) <= 40 else f"{text[:37]}..."
