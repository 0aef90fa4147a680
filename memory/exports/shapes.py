"""What the shapes of others' formats have in common, as `validate` checks them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """Something others read, who take no field they do not know."""

    model_config = ConfigDict(extra="forbid")
