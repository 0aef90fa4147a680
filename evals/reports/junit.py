"""What an evaluation came to, as XML for a build server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

import regex

from evals.format.filed import Filed
from evals.runs.results import Result

_NO_XML = regex.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
"""Characters that no XML may hold, not even escaped."""


def junit(results: Sequence[Result], skipped: Sequence[Filed]) -> str:
    """The results as JUnit's XML: a test case a scenario."""
    counts = {
        "tests": str(len(results) + len(skipped)),
        "failures": str(sum(not result.passed for result in results)),
        "errors": "0",
        "skipped": str(len(skipped)),
    }
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(root, "testsuite", {"name": "threedots eval", **counts})
    for result in results:
        seconds = sum(run.seconds for run in result.runs)
        case = _case(suite, result.filed, time=f"{seconds:.3f}")
        if not result.passed:
            message = _xml(result.first_failure)
            failure = ElementTree.SubElement(case, "failure", {"message": message})
            failure.text = _xml("\n".join(_all_failures(result)))
    for filed in skipped:
        case = _case(suite, filed, time="0")
        ElementTree.SubElement(case, "skipped", {"message": "it needs a real model"})
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _case(suite: ElementTree.Element, filed: Filed, *, time: str) -> ElementTree.Element:
    name, file = _xml(filed.scenario.name), _xml(str(filed.file))
    about = {"name": name, "classname": _xml(filed.file.stem), "file": file, "time": time}
    return ElementTree.SubElement(suite, "testcase", about)


def _all_failures(result: Result) -> Iterator[str]:
    for run in result.runs:
        told = [each for each in (run.problem, run.invalid) if each]
        yield from (f"run {run.number}: {one}" for one in [*told, *map(str, run.failures)])


def _xml(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
