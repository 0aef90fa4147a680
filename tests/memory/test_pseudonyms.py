"""Numbers and addresses get names: the same ones always, other ones elsewhere."""

from __future__ import annotations

import re
from typing import Any

import pytest

from memory.pseudonyms import key_of, namer, region_of, without_numbers
from tests.memory.conftest import Database
from tests.memory.people import ANA, BEN

NAME = namer(b"k" * 32)
ANAS = NAME(ANA)


def named(value: Any) -> Any:
    return without_numbers(value, NAME, region="US")


@pytest.mark.parametrize(
    "written",
    [ANA, "+1 415 555 0123", "(415) 555-0123", "415.555.0123", "415 555 0123", "4155550123",
     "1-415-555-0123"],
)  # fmt: skip
def test_a_number_gets_the_same_name_however_it_is_written(written: str):
    assert named(f"Call me at {written}, please") == f"Call me at {ANAS}, please"
    assert named(written) == ANAS


def test_an_address_gets_a_name_in_whatever_case():
    assert named("kim@example.com") == named("Kim@Example.com") == NAME("kim@example.com")
    assert re.fullmatch(r"email-[0-9a-f]{12}", NAME("kim@example.com"))


def test_two_people_get_two_names():
    assert NAME(ANA) != NAME(BEN)


def test_another_deployment_gives_other_names():
    assert namer(b"other" * 8)(ANA) != ANAS


def test_what_we_write_around_a_text_is_named_too():
    line = f"[m1 · Ana ({ANA}) · iMessage · Wed 25 Nov 2026, 00:00 UTC]\nhi"
    assert named(line) == line.replace(ANA, ANAS)


def test_everything_in_a_value_is_named_keys_too_and_the_rest_is_left():
    value = {ANA: [1, None, True, 2.5, {"to": f"{ANA}|{BEN}"}]}
    assert named(value) == {ANAS: [1, None, True, 2.5, {"to": f"{ANAS}|{NAME(BEN)}"}]}


@pytest.mark.parametrize(
    "text",
    ["2026-11-25T00:00:34.370034Z", "2026-11-25T00:00:34+00:00", "a2cefaf74716496085666511d67bc563",
     "143a1963-0000-4155-5501-239a11730afd", "msg_4155550123", "cmwvcxwm70005gau0o6gyg2di",
     "It costs 1,234,567.00 in all", "on 2026-11-25 at 18:30", "12345", "room 4155", "@ana", ""],
)  # fmt: skip
def test_what_is_no_number_and_no_address_stays(text: str):
    assert named(text) == text


def test_a_number_of_another_country_is_found_with_its_code():
    assert named("+44 20 7946 0958") == NAME("+442079460958")
    assert without_numbers("020 7946 0958", NAME, region="GB") == NAME("+442079460958")


def test_the_country_is_that_of_our_number():
    assert (region_of("+442079460958"), region_of("+14155550100")) == ("GB", "US")
    assert region_of("+15550100001") == "US", "a made-up number of the twin's"
    assert region_of("12345") is None


def test_the_key_is_made_once_and_kept(database: Database):
    first = database(key_of)
    assert len(first) == 32
    assert database(key_of) == first
