"""Scenario files: what is read, what is refused and how, and that writing loses nothing."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from evals.format.files import HEADER, BadScenario, dump, load, loads, schema
from evals.format.scenario import Scenario
from evals.format.yamltext import BadYaml, parse, write

ROOT = Path(__file__).parent.parent.parent

WORKED = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "scenarios.md").read_text(), re.DOTALL)

ANA = {"name": "Ana", "handle": "+15555550124"}


def scenario(**parts: Any) -> dict[str, Any]:
    return {"name": "A greeting", "start": {"people": [ANA]}, "turns": [{"text": "hi"}], **parts}


def refused(text: str) -> list[str]:
    """What is said of a file that is none."""
    with pytest.raises(BadScenario) as error:
        loads(text, name="order.yaml")
    return str(error.value).splitlines()


def of(**parts: Any) -> str:
    return write(scenario(**parts))


def test_the_example_of_the_docs_is_a_scenario_in_every_part():
    [example] = WORKED
    told = loads(example)
    assert told.turns[0].burst is not None
    assert [part.pause for part in told.turns[0].burst] == [0.0, 0.8]
    assert told.turns[0].expect.critical
    assert told.start.memory.foreign == {"crm_id": "c_9"}
    assert loads(dump(told)) == told
    assert jsonschema_rs.validator_for(schema()).is_valid(parse(example).value)


def test_a_file_is_read_and_written(tmp_path: Path):
    told = Scenario.model_validate(scenario())
    file = tmp_path / "greeting.yaml"
    file.write_text(dump(told), encoding="utf-8")
    assert load(file) == told
    assert file.read_text().startswith(HEADER)


@pytest.mark.parametrize(
    "word",
    ["no", "on", "yes", "2026-03-03", "12:30", "+15555550124", "007", "1_000", ".5", "=", "<<"],
)
def test_a_word_stays_a_word(word: str):
    assert loads(of(turns=[{"text": "X"}]).replace("X", word)).turns[0].text == word


def test_true_null_and_numbers_are_what_they_look_like():
    assert parse("[true, null, ~, 3, -2, 2.5, 1e3]").value == [True, None, None, 3, -2, 2.5, 1000.0]


def test_several_lines_are_a_block_one_can_read():
    text = dump(Scenario.model_validate(scenario(description="One.\nTwo: three.\n")))
    assert "description: |\n  One.\n  Two: three.\n" in text


def test_what_is_as_it_is_when_left_out_is_left_out():
    text = dump(Scenario.model_validate(scenario()))
    assert text == HEADER + (
        "name: A greeting\nstart:\n  people:\n  - name: Ana\n    handle: '+15555550124'\n"
        "turns:\n- text: hi\n"
    )


def test_a_remark_is_a_comment_below_its_turn_whatever_it_says():
    told = Scenario.model_validate(scenario(turns=[{"text": "a\n\nb\n"}, {"text": "c"}]))
    text = dump(told, remarks={0: ["said: “x\ny: \u2028 z”"], 1: ["#"]})
    assert "  # said: “x y: z”\n- text: c\n  # #\n" in text
    assert loads(text) == told


@pytest.mark.parametrize(
    ("slip", "told"),
    [
        ("- text: hi\n  expct: {}\n", "2: turns.0.expct: is not a name here; did you mean expect?"),
        (
            "- text: 3\n",
            '1: turns.0.text: is 3, which is no text; write it in quotes: "3"',
        ),
        ("- text: true\n", 'write it in quotes: "true"'),
        ("- tapback: love\n", "1: turns.0: a tapback needs both"),
        ("- text: hi\n  advance: 3\n", "1: turns.0: there are 2 (advance, text or media)"),
        ("- expect: {}\n", "1: turns.0: there is nothing; a turn is one of"),
        ("- text: hi\n\n  who: Bo\n", "3: turns.0.who: 'Bo' is nobody here; the people are Ana"),
        (
            "- text: hi\n  reply_to: before\n",
            "2: turns.0.reply_to: is 'before', which is not there",
        ),
        ("- text: hi\n  reply_to: agent\n", "write last, or agent.2"),
        ("- {id: a, text: hi}\n- {id: a, text: hi}\n", "2: turns.1.id: 'a' is taken already"),
        ("- {id: last, text: hi}\n", "turns.0.id: 'last' means the agent's bubbles"),
        ("- {id: a, text: hi}\n- {text: so, reply_to: a.2}\n", "2: turns.1.reply_to: is 'a.2'"),
        (
            "- media: [/etc/passwd]\n",
            "is no picture: give an https address, or a file beside the scenario",
        ),
        (
            "- text: hi\n  expect:\n    said: [/(/]\n",
            "3: turns.0.expect.said.0: '(' is no regular expression",
        ),
        (
            "- text: hi\n  expect:\n    called:\n    - tool: x\n      arguments: {a: {}}\n",
            "5: turns.0.expect.called.0.arguments.a: give one of equals",
        ),
        ("- text: hi\n  expect: {silent: true, said: [x]}\n", "silent, and yet something is said"),
        (
            "- faults: [{statsu: 500}]\n",
            "turns.0.faults.0.statsu: is not a name here; did you mean status?",
        ),
        ("- burst: []\n", "turns.0.burst: is too short; it should have at least 1 item"),
        ("- advance: -1\n", "turns.0.advance: is -1; it should be greater than or equal to 0"),
        ("- edit: {}\n", "turns.0.edit: nothing is edited: give facts, summary, flags, state or"),
        ("- edit: {foreign: {threedots: {}}}\n", "turns.0.edit: foreign has the key threedots"),
        ("- edit: {summary: x}\n  who: Ana\n", "who, reply_to and channel go with what is written"),
        ("- text: hi\n- text: [\n", "this is no YAML"),
        ("- text: hi\n  text: ho\n", "2: text is given twice"),
        ("- &a {text: hi}\n- *a\n", "1: anchors (&) and aliases (*) are not read"),
        ("- !!python/object:os.system {}\n", "is not read; write the value alone"),
    ],
)
def test_a_slip_is_told_with_its_line_and_what_would_be_right(slip: str, told: str):
    head = 'name: x\nstart: {people: [{name: Ana, handle: "+15555550124"}]}\nturns:\n'
    [line] = refused(head + slip)
    moved = re.sub(r"^order\.yaml:(\d+)", lambda found: str(int(found[1]) - 3), line)
    assert told in moved


def test_all_slips_are_told_at_once_in_the_order_of_the_file():
    lines = refused("nme: x\nstart:\n  people: []\nturns:\n- text: 1\n")
    assert [line.split(":")[1] for line in lines] == ["1", "1", "3", "5"]


@pytest.mark.parametrize("text", ["", "- a", "hello", "[" * 5000, "\x00", "a: \ud83d"])
def test_what_is_no_scenario_at_all_is_refused_in_a_line(text: str):
    [line] = refused(text)
    assert line.startswith("order.yaml:1: ")


def test_files_nobody_can_read_are_named(tmp_path: Path):
    with pytest.raises(BadScenario, match=r"none\.yaml: cannot be read"):
        load(tmp_path / "none.yaml")
    bad = tmp_path / "latin.yaml"
    bad.write_bytes("name: x\ndescription: Café".encode("latin-1"))
    with pytest.raises(BadScenario, match=r"latin\.yaml:2: is not UTF-8"):
        load(bad)
    bad.write_bytes(b"#" * 5_000_000)
    with pytest.raises(BadScenario, match="has 5000000 bytes"):
        load(bad)


def test_people_in_a_group_and_of_the_simulation_must_be_known():
    start = {"people": [ANA], "group": {"members": ["Ana", "Bo"]}}
    simulated = {"who": "Cy", "persona": "curt", "goal": "a cake"}
    lines = refused(of(start=start, simulated=simulated))
    assert [line.split(": ")[1] for line in lines] == ["start.group.members", "simulated.who"]


def test_the_schema_says_a_sentence_of_every_name():
    silent = [
        f"{part}.{name}"
        for part, told in schema()["$defs"].items()
        if part not in ("ApiFault", "WebhookFault")  # explained by the handset API
        for name, field in told.get("properties", {}).items()
        if "description" not in field and "$ref" not in field
    ]
    assert silent == []


def test_the_schema_refuses_what_the_reader_refuses():
    validator = jsonschema_rs.validator_for(schema())
    assert validator.is_valid(scenario())
    assert not validator.is_valid(scenario(trns=[]))
    assert not validator.is_valid(scenario(turns=[{"text": 3}]))


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
WORDS = st.one_of(
    TEXT,
    st.sampled_from(
        ["no", "1", "- x", "# y", "a\nb", " a\n", "\n", "a: b", "!x", "\ufeffa", "\x85"]
    ),
)
FILLED = WORDS.filter(bool)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
SECONDS = st.floats(0, 10_000_000) | st.integers(0, 100)


def some(
    strategy: st.SearchStrategy[Any], **parts: st.SearchStrategy[Any]
) -> st.SearchStrategy[Any]:
    """The dictionaries of `strategy`, with some of these parts or none."""
    extra = st.fixed_dictionaries({}, optional=parts)
    return st.builds(lambda one, two: one | two, strategy, extra)


ARGUMENTS = (
    st.builds(lambda value: {"equals": value}, JSON)
    | st.just({"matches": "a|b"})
    | st.builds(lambda items: {"any_order": items}, st.lists(JSON, max_size=2))
    | st.just({"message": "last"})
)
CALLED = some(
    st.builds(lambda tool: {"tool": tool}, FILLED),
    arguments=st.dictionaries(WORDS, ARGUMENTS, max_size=2),
    times=st.integers(1, 5),
)
EXPECT = some(
    st.just({}),
    called=st.lists(CALLED, max_size=2),
    in_order=st.booleans(),
    bubbles_at_most=st.integers(0, 9),
    answered_within=SECONDS,
    memory=st.builds(lambda flags: {"is": {"flags": flags}}, st.dictionaries(WORDS, JSON)),
    judged=st.lists(WORDS, max_size=2),
)
MESSAGE = some(
    st.builds(lambda text: {"text": text}, FILLED), channel=st.sampled_from(["imessage", "sms"])
)
BURST = st.lists(some(MESSAGE, pause=SECONDS), min_size=1, max_size=3)
TURN = some(
    MESSAGE
    | st.builds(lambda burst: {"burst": burst}, BURST)
    | st.builds(lambda seconds: {"advance": seconds}, SECONDS)
    | st.just({"tapback": "love", "on": "last"})
    | st.builds(lambda it: {"edit": {"foreign": {"crm": it}, "flags": {"a": it}}}, JSON)
    | st.builds(lambda body: {"faults": [{"status": 500, "body": body}]}, JSON),
    expect=EXPECT,
)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
TIMES = st.datetimes(datetime(1980, 1, 1), datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001
SCENARIOS = st.fixed_dictionaries(
    {
        "name": FILLED,
        "description": WORDS,
        "tags": st.lists(WORDS, max_size=3),
        "start": st.fixed_dictionaries(
            {
                "clock": TIMES,
                "people": st.just([ANA]),
                "memory": st.fixed_dictionaries(
                    {
                        "facts": st.lists(WORDS, max_size=3),
                        "foreign": st.dictionaries(WORDS, JSON, max_size=2),
                    }
                ),
                "history": st.lists(some(MESSAGE, at=TIMES), max_size=2),
            }
        ),
        "turns": st.lists(TURN, min_size=1, max_size=4),
        "expect": EXPECT,
    }
)


@given(SCENARIOS, st.dictionaries(st.integers(0, 3), st.lists(WORDS, max_size=2), max_size=2))
def test_what_is_written_is_read_back_the_same(
    plain: dict[str, Any], remarks: dict[int, list[str]]
):
    told = Scenario.model_validate(plain)
    text = dump(told, remarks=remarks)
    assert loads(text) == told
    assert dump(loads(text), remarks=remarks) == text
    assert text.isprintable() or "\n" in text


@given(st.lists(WORDS | st.from_regex(r"[-+.]?[0-9xo:_e.-]{1,12}", fullmatch=True)))
def test_other_readers_read_the_same_words_of_what_is_written(words: list[str]):
    assert yaml.safe_load(write(words)) == words


@given(JSON)
def test_any_json_is_written_and_read_back_with_its_types(value: Any):
    again = parse(write(value)).value
    assert json.dumps(again, sort_keys=True) == json.dumps(value, sort_keys=True) or again == value


def test_a_number_that_json_does_not_have_cannot_be_written():
    with pytest.raises(ValueError, match="JSON has no such number"):
        write([float("inf")])


def test_a_number_of_hundreds_of_digits_is_taken_for_a_slip():
    with pytest.raises(BadYaml, match="is it a text"):
        parse("9" * 5000)
