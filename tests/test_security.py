"""What SECURITY.md names exists, and no risk of the lists is left out."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "SECURITY.md").read_text()


def rows() -> list[list[str]]:
    """The cells of every row of a table that has a column of tests."""
    found, tested = [], False
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if not line.startswith("|"):
            tested = False
        elif "test" in cells:
            tested = True
        elif tested and not set(line) <= set("| -"):
            found.append(cells)
    return found


def test_every_test_that_is_named_exists():
    tests = [path.read_text() for path in (ROOT / "tests").rglob("test_*.py")]
    known = set(re.findall(r"^(?:async )?def (test_\w+)\(", "\n".join(tests), re.MULTILINE))
    named = set(re.findall(r"\btest_\w+", PAGE))
    assert len(named) > 40
    assert named - known == set()


def test_every_row_names_what_stops_it_and_a_test():
    assert len(rows()) > 30
    bare = [row[0] for row in rows() if len(row) < 3 or not row[1] or "`test_" not in row[2]]
    assert bare == []


def test_no_risk_of_either_list_is_left_out():
    told = [row[0].split()[0] for row in rows()]
    wanted = [f"LLM{number:02}" for number in range(1, 11)]
    wanted += [f"ASI{number:02}" for number in range(1, 11)]
    assert [name for name in told if re.fullmatch(r"(LLM|ASI)\d\d", name)] == wanted
