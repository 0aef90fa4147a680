"""What the campaign has declared is written as it is registered; anything else is explained."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from agent.guard import guard_of
from agent.settings import Settings
from agent.settings_content import ContentSettings
from safety.campaign import Campaign


def test_nothing_is_declared_until_you_say_so():
    settings = ContentSettings()
    assert (settings.threedots_sms_content, settings.campaign) == ("hold", Campaign())


def test_what_is_declared_may_be_listed_with_or_without_spaces():
    settings = ContentSettings(threedots_sms_campaign="links, age_gated,phone_numbers")
    assert settings.campaign == Campaign(links=True, phone_numbers=True, age_gated=True)


def test_what_no_campaign_declares_is_explained():
    with pytest.raises(ValidationError, match="'adult', which no campaign declares; write some of"):
        ContentSettings(threedots_sms_campaign="links,adult")


def test_a_real_line_holds_and_the_phone_page_only_says_so():
    settings = Settings()
    assert guard_of(settings, "live").content == "hold"
    assert guard_of(settings, "local").content == "warn"
    assert guard_of(Settings(threedots_sms_content="hold"), "local").content == "hold"
