"""The talk before each turn, kept while the records of its conversation go by."""

from __future__ import annotations

from collections.abc import Iterator

from memory.exports.talk import Said, Told, remembered


class EarlierTalk:
    """Turns that have gone by, no more of them than are looked back at.

    Args:
        turns: How many earlier turns a model is shown.
    """

    def __init__(self, turns: int) -> None:
        self._turns = turns
        self._past: dict[str, tuple[str | None, list[Said]]] = {}

    def before(self, turn_id: str | None) -> list[Said]:
        """What was said before the turn whose parent this is, oldest first."""
        told = list(self._back(turn_id))
        return [said for turn in reversed(told) for said in turn]

    def add(self, told: Told) -> None:
        """Let a turn be of the past. A fork is looked back on as long as its parents are near."""
        record = told.record
        self._past[record.turn_id] = (record.parent_turn_id, remembered(record))
        if len(self._past) > 2 * self._turns:
            del self._past[next(iter(self._past))]

    def _back(self, turn_id: str | None) -> Iterator[list[Said]]:
        for _ in range(self._turns):
            if turn_id is None or turn_id not in self._past:
                return
            turn_id, said = self._past[turn_id]
            yield said
