"""The list of faults is whole, and every test it names is there to be run."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.faults import FAULTS

HERE = Path(__file__).parent


@cache
def names_in(file: Path) -> Counter[str]:
    """The tests pytest collects from a file, by name; a name twice hides the first of them."""
    body = ast.parse(file.read_text()).body
    return Counter(
        node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def test_every_fault_from_1_to_65_is_listed():
    assert list(FAULTS) == list(range(1, 66))


@pytest.mark.parametrize("number", FAULTS)
def test_a_fault_names_tests_that_exist_or_what_it_waits_for(number: int):
    fault = FAULTS[number]
    assert fault.tests or fault.later
    for test in fault.tests:
        file, _, name = test.partition("::")
        assert (HERE / file).is_file(), test
        assert Path(file).name.startswith("test_"), test
        assert names_in(HERE / file)[name] == 1, f"{test} is not a test there, or is there twice"


def test_no_test_of_the_house_is_hidden_behind_another_of_its_name():
    hidden = [
        f"{file.relative_to(HERE)}::{name}"
        for file in HERE.rglob("test_*.py")
        for name, times in names_in(file).items()
        if name.startswith("test_") and times > 1
    ]
    assert hidden == []
