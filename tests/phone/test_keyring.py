"""Which webhook secrets count, and for how long those do that were replaced."""

from __future__ import annotations

import pytest

from phone.keyring import FORMER_FOR, Key, Keyring, read_keys, replaced, write_keys
from phone.placeholders import is_placeholder
from phone.webhook import check_secrets

NOW = 1_800_000_000.0
NEW, OLD, OLDER = "whsec_new_0123456789", "whsec_old_0123456789", "whsec_older_0123456789"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (NEW, [Key(NEW)]),
        (f" {NEW} , {OLD} ,", [Key(NEW), Key(OLD)]),
        (f"{NEW},{OLD}@2027-01-15T08:00Z", [Key(NEW), Key(OLD, 1_800_000_000.0)]),
        (f"{OLD}@2027-01-15T08:00", [Key(OLD, 1_800_000_000.0)]),
        (f"{OLD}@tomorrow", [Key(f"{OLD}@tomorrow")]),
        ("", []),
    ],
)
def test_a_setting_holds_secrets_and_until_when_they_count(text: str, keys: list[Key]):
    assert read_keys(text) == keys


def test_what_is_written_is_what_is_read():
    keys = [Key(NEW), Key(OLD, NOW)]
    assert read_keys(write_keys(keys)) == keys


def test_a_secret_that_was_replaced_counts_for_a_day_and_no_longer():
    ring = Keyring(replaced([Key(OLD)], live=[NEW], now=NOW))
    assert ring.secrets(NOW + FORMER_FOR - 61) == [NEW, OLD]
    assert ring.secrets(NOW + FORMER_FOR) == [NEW]


def test_the_day_is_not_begun_anew_by_looking_again():
    once = replaced([Key(OLD)], live=[NEW], now=NOW)
    assert replaced(once, live=[NEW], now=NOW + 3600) == once


def test_what_had_its_day_is_dropped():
    kept = [Key(NEW), Key(OLD, NOW - 1), Key(OLDER, NOW + 60)]
    assert replaced(kept, live=[NEW], now=NOW) == [Key(NEW), Key(OLDER, NOW + 60)]


def test_a_former_secret_that_signs_again_counts_without_end():
    assert replaced([Key(NEW), Key(OLD, NOW + 60)], live=[OLD, NEW], now=NOW) == [
        Key(OLD),
        Key(NEW),
    ]


def test_other_secrets_count_as_soon_as_they_are_kept():
    kept = [[Key(OLD)]]
    ring = Keyring([Key(OLD)], again=lambda: kept[-1])
    assert ring.secrets(NOW) == [OLD]
    kept.append([Key(NEW), Key(OLD)])
    assert ring.secrets(NOW + 0.5) == [OLD], "it is looked at once a second"
    assert ring.secrets(NOW + 1.5) == [NEW, OLD]
    kept.append([Key(NEW)])
    assert ring.look_again()
    assert ring.secrets(NOW + 1.6) == [NEW]


@pytest.mark.parametrize("found", [None, [], [Key("short")], [Key("whsec_…")]])
def test_a_file_that_is_half_written_takes_no_secret_away(found: list[Key] | None):
    ring = Keyring([Key(OLD)], again=lambda: found)
    assert not ring.look_again()
    assert ring.secrets(NOW) == [OLD]


def test_a_secret_is_in_no_repr():
    assert OLD not in repr([Key(OLD, NOW)])


@pytest.mark.parametrize(
    "text",
    [
        *("changeme", "CHANGEME", "sk_live_…", "sk_live_...", "whsec_…", "sk-", "sk-proj-"),
        *("whsec_xxx", "<your key>", "your-api-key", "${KEY}", "xxxx", "sk_live_", "your_secret"),
    ],
)
def test_what_stands_in_an_example_is_no_secret(text: str):
    assert is_placeholder(text)
    with pytest.raises(ValueError, match="webhook secret 1 of 1"):
        check_secrets([text])


@pytest.mark.parametrize("text", ["sk-test", "sk_twin", "k", "EMPTY", "ollama", "whsec_0123456789"])
def test_what_a_local_server_or_a_test_is_given_is_one(text: str):
    assert not is_placeholder(text)
