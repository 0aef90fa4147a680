"""Labels of turns: put by people, told with the record, found by."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from memory import labels
from memory.transcripts import Wanted, count, newest
from tests.memory.conftest import Database
from tests.memory.people import NOW
from tests.memory.test_transcript import settled


def test_a_label_is_told_with_the_record_and_found_by(database: Database):
    settled(database, "one")
    settled(database, "two", now=NOW + 9)

    def put(session: Session) -> list[str]:
        return labels.put(session, "one", add=["good", "refund"], remove=[], now=NOW)

    assert database(put) == ["good", "refund"]
    told = database(lambda s: newest(s, Wanted(), limit=9))
    assert [record["labels"] for record in told] == [[], ["good", "refund"]]
    assert database(lambda s: count(s, Wanted(label="good"))) == 1
    assert database(lambda s: count(s, Wanted(label="goo"))) == 0


def test_a_label_is_put_once_and_taken_away(database: Database):
    settled(database, "one")

    def put(session: Session) -> list[str]:
        labels.put(session, "one", add=["good", "good", "long"], remove=[], now=NOW)
        return labels.put(session, "one", add=["good"], remove=["long", "never"], now=NOW)

    assert database(put) == ["good"]


@pytest.mark.parametrize("label", ["", "Good", "a b", "-x", "x" * 41, "a,b", "é"])
def test_another_form_is_refused_with_how_labels_look(database: Database, label: str):
    with pytest.raises(labels.BadLabel, match="beginning with a letter or a digit"):
        database(lambda s: labels.put(s, "one", add=[label], remove=[], now=NOW))
