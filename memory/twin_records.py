"""Where the twin keeps its line between two runs of `threedots phone`: in the same file."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, select

from memory import engines, schema
from memory.keepsakes import TwinRecord


def every(session: Session) -> list[tuple[str, str, str]]:
    """Everything kept, as `(kind, id, JSON text)`."""
    return [(row.kind, row.id, row.data) for row in session.exec(select(TwinRecord))]


def put(session: Session, changes: Sequence[tuple[str, str, str | None]]) -> None:
    """Keep what changed; a record without text is gone."""
    for kind, record_id, data in changes:
        if data is not None:
            session.merge(TwinRecord(kind=kind, id=record_id, data=data))
        elif (row := session.get(TwinRecord, (kind, record_id))) is not None:
            session.delete(row)


class TwinRecords:
    """The twin's records, for `Twin(load=…, save=…)`: plain calls, as it saves from a thread."""

    def __init__(self, url: str) -> None:
        self._engine = engines.writer_engine(engines.database(url))
        schema.upgrade(self._engine)

    def load(self) -> list[tuple[str, str, str]]:
        """Everything kept, as `(kind, id, JSON text)`."""
        with Session(self._engine) as session:
            return every(session)

    def save(self, changes: Sequence[tuple[str, str, str | None]]) -> None:
        """Keep what changed; a record without text is gone."""
        with Session(self._engine) as session, session.begin():
            put(session, changes)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()
