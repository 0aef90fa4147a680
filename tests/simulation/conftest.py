"""How long to simulate: `--histories 50000 --soak-seed 7`."""

from __future__ import annotations

import pytest


@pytest.fixture
def histories(request: pytest.FixtureRequest) -> int:
    """How many histories Hypothesis makes up."""
    return int(request.config.getoption("--histories"))


@pytest.fixture
def soak_seed(request: pytest.FixtureRequest) -> int | None:
    """Where chance begins; None: the same histories each time."""
    given = request.config.getoption("--soak-seed")
    return None if given is None else int(given)
