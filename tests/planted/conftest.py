"""What caught each planted bug is said at the end of the run."""

from __future__ import annotations

import pytest

CAUGHT = "caught"
"""The property under which a test leaves its line."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    passed = terminalreporter.stats.get("passed", [])
    lines = [line for report in passed for name, line in report.user_properties if name == CAUGHT]
    if lines:
        terminalreporter.section("planted bugs")
    for line in lines:
        terminalreporter.write_line(line)
