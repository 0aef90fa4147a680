"""How long to simulate: `--histories 50000 --first-seed 7`."""

from __future__ import annotations

import pytest


@pytest.fixture
def histories(request: pytest.FixtureRequest) -> int:
    """How many histories Hypothesis makes up."""
    return int(request.config.getoption("--histories"))


@pytest.fixture
def first_seed(request: pytest.FixtureRequest) -> int:
    """The seed of the first part; the next part has the next."""
    return int(request.config.getoption("--first-seed"))
