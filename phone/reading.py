"""How to read a shape that others may change on any day: nothing optional costs us the rest."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)


def _in_utc(time: datetime) -> datetime:
    """Times without a zone are UTC; year 1 in a zone east of Greenwich is nobody's time."""
    try:
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("out of range") from error


Time = Annotated[datetime, AfterValidator(_in_utc)]
"""A time as AgentPhone writes it (ISO 8601), always aware and in UTC once read."""


def _texts(value: Any) -> list[str]:
    return [text for text in value if isinstance(text, str)] if _is_list(value) else []


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def mapping(value: Any) -> Any:
    """The object it is, or None."""
    return value if isinstance(value, dict) else None


def each(kind: type[BaseModel]) -> BeforeValidator:
    """A list of these; what is no list is an empty one, and items nobody can read are left out."""

    def readable(value: Any) -> list[BaseModel]:
        items = []
        for item in value if _is_list(value) else []:
            with suppress(ValidationError):
                items.append(kind.model_validate(item))
        return items

    return BeforeValidator(readable)


Texts = Annotated[list[str], BeforeValidator(_texts)]
"""A list of texts; null, a single text or odd items never cost us the rest."""


class Lenient(BaseModel):
    """A shape read from AgentPhone: unknown fields stay, an odd optional one is as if missing."""

    model_config = ConfigDict(extra="allow")

    @model_validator(mode="wrap")
    @classmethod
    def _without_odd_fields(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(value)
        except ValidationError as error:
            if not isinstance(value, dict):
                raise
            odd = {problem["loc"][0] for problem in error.errors() if problem["loc"]}
            kept = {name: field for name, field in value.items() if name not in odd}
            if len(kept) == len(value):
                raise
            return handler(kept)
