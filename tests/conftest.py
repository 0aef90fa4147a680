"""No test reaches a model or a network, and none reads this machine's settings."""

from __future__ import annotations

import gc
import os
from collections import Counter
from typing import Any

import pytest
from hypothesis import settings
from pydantic_ai import models

models.ALLOW_MODEL_REQUESTS = False

# A slow machine is not a wrong answer, and the same code gives the same result each time.
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")

TOGETHER = (
    "tests/page/",
    "tests/desk/",
    "tests/planted/",
    "tests/doors/test_replicas.py",
    "tests/crashes/",
)
"""Tests that share a browser, a copy of the project, a Postgres or what crashes came to: one
process runs each of these."""

OURS = ("AGENTPHONE_", "THREEDOTS_", "OPENAI_", "DATABASE_URL")


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever key this machine has, the tests know nothing of it."""
    for name in list(os.environ):
        if name.startswith(OURS):
            monkeypatch.delenv(name)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="Fail when any test was skipped.")
    parser.addoption("--histories", default=200, help="Histories to simulate (200).")
    parser.addoption("--first-seed", default=0, help="Seed of the first of them (0).")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out tests one by one, but what belongs together to one process.

    By their names: the groups of `--dist loadgroup` are lost on pytest 9.2, which ignores the names
    that pytest-xdist 3.8 gives to their tests.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return next((place for place in TOGETHER if nodeid.startswith(place)), nodeid)

    return Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest test that is on its own: at the end all would wait for it."""
    items.sort(key=lambda item: not item.nodeid.endswith("[mypy]"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse two tests of one name: of those that are handed out by name, only one would run.

    What is there by now stays until the end: to look through it for rubbish took a seventh of the
    time of all tests.
    """
    names = Counter(item.nodeid for item in session.items)
    if twice := [name for name, count in names.items() if count > 1]:
        raise pytest.UsageError(f"these tests have one name: {', '.join(twice)}")
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With --no-skips a skipped test is a failed run; pytest's own summary still comes last."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.config.getoption("--no-skips") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
