"""What may be set about what the model is trusted with."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.function import FunctionModel

from agent.models import takes_pictures
from agent.settings import Settings


@pytest.mark.parametrize(
    ("given", "domains"),
    [("", []), ("example.com", ["example.com"]), (" a.example, b.com ,", ["a.example", "b.com"])],
)
def test_domains_are_listed_with_commas(given: str, domains: list[str]):
    assert Settings(threedots_links=given).link_domains == domains


@pytest.mark.parametrize("given", ["https://example.com", "example.com/menu", "com", "a b.com"])
def test_what_is_no_domain_is_refused_with_how_to_write_it(given: str):
    with pytest.raises(ValidationError, match=r"no domain; write it like example\.com"):
        Settings(threedots_links=given)


def test_a_star_is_every_domain():
    assert Settings(threedots_links="*").link_domains == ["*"]


def test_whether_a_model_sees_is_known_from_its_profile():
    blind = FunctionModel(lambda *_: None, profile={"supports_image_input": False})  # type: ignore[arg-type, return-value]
    seeing = FunctionModel(lambda *_: None)  # type: ignore[arg-type, return-value]
    assert takes_pictures(seeing) and not takes_pictures(blind)
    assert not takes_pictures(FallbackModel(seeing, blind))
