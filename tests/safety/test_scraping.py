"""Who may read the metrics."""

from __future__ import annotations

import pytest

from safety.scraping import may_scrape


def may(client: str | None = "127.0.0.1", *headers: str, **given: str | None) -> bool:
    told = {"authorization": None, "token": None} | given
    return may_scrape(client=client, headers=["host", "accept", *headers], **told)


@pytest.mark.parametrize(
    "client",
    ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.9", "172.17.0.1", "fdaa::3", "::ffff:10.0.0.1"],
)
def test_this_machine_and_a_private_network_may(client: str):
    assert may(client)


@pytest.mark.parametrize("client", ["8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8", None, "", "x"])
def test_the_world_may_not(client: str | None):
    assert not may(client)


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "via", "cf-connecting-ip"])
def test_behind_a_proxy_everybody_seems_near_and_nobody_may(header: str):
    assert not may("127.0.0.1", header)


@pytest.mark.parametrize(
    ("authorization", "allowed"),
    [
        ("Bearer right", True),
        ("Bearer wrong", False),
        ("right", False),
        (None, False),
        ("ü", False),
    ],
)
def test_with_a_token_it_alone_counts(authorization: str | None, allowed: bool):
    assert may("127.0.0.1", authorization=authorization, token="right") is allowed
    assert may("8.8.8.8", "via", authorization=authorization, token="right") is allowed
