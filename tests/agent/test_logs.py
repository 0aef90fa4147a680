"""What `serve` writes about itself."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from agent.logs import log_to
from agent.settings import Settings

SETTINGS = Settings(
    agentphone_api_key="sk_live_of_the_test", database_url="postgresql://me:hunter22@db/x"
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def the_log_as_it_was() -> Iterator[None]:
    root, hook = logging.getLogger(), sys.excepthook
    before, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(False)
    root.handlers[:], sys.excepthook = before, hook
    root.setLevel(level)


def written(stream: io.StringIO | None = None, **changes: object) -> io.StringIO:
    stream = stream or io.StringIO()
    log_to(stream, SETTINGS.model_copy(update=changes))
    return stream


def test_each_line_is_an_object_with_ids():
    stream = written()
    logging.getLogger("agent.turn").info("turn %s: %s", "4f3a", "answered")
    [line] = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert line.pop("time").endswith("Z")
    assert line == {"level": "info", "logger": "agent.turn", "message": "turn 4f3a: answered"}


@pytest.mark.parametrize(
    ("stream", "changes", "is_json"),
    [
        (io.StringIO(), {}, True),
        (Terminal(), {}, False),
        (Terminal(), {"threedots_log": "json"}, True),
        (io.StringIO(), {"threedots_log": "text"}, False),
    ],
)
def test_people_on_a_terminal_get_text(
    stream: io.StringIO, changes: dict[str, object], is_json: bool
):
    written(stream, **changes)
    logging.getLogger("x").warning("something")
    assert stream.getvalue().startswith("{") is is_json


def fail() -> None:
    try:
        raise KeyError("somebody's words")
    except KeyError as error:
        raise ValueError("+14155550123 said so") from error


@pytest.mark.parametrize("form", ["json", "text"])
def test_an_error_that_is_not_ours_is_told_by_its_type_and_its_places(form: str):
    stream = written(threedots_log=form)
    try:
        fail()
    except ValueError as error:
        logging.getLogger("x").exception("it broke: %s", error)
    said = stream.getvalue()
    assert "it broke: ValueError" in said and "test_logs.py" in said and "KeyError" in said
    assert "words" not in said and "4155550123" not in said


def test_an_error_of_ours_says_what_happened():
    from phone.errors import Unreachable

    stream = written()
    try:
        raise ExceptionGroup("two", [Unreachable("no answer to +14155550123")])
    except ExceptionGroup:
        logging.getLogger("x").exception("it broke")
    error = json.loads(stream.getvalue())["error"]
    assert error["because_of"][0]["text"].startswith("no answer to number-")


def test_the_secrets_of_the_settings_are_known_and_the_servers_own_lines_pass_through_too():
    stream = written()
    logging.getLogger("uvicorn.error").error("sk_live_of_the_test and hunter22")
    assert json.loads(stream.getvalue())["message"] == "[secret] and [secret]"


def test_a_line_that_a_library_got_wrong_is_written_all_the_same():
    stream = written()
    logging.getLogger("x").warning("%d of them", "many")
    assert "%d of them" in stream.getvalue()


def test_what_ends_the_process_is_logged():
    stream = written()
    try:
        fail()
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    line = json.loads(stream.getvalue())
    assert (line["level"], line["error"]["type"]) == ("critical", "ValueError")
