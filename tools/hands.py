"""What a tool may touch in this turn: one conversation, and nothing beyond it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from pydantic_ai.messages import UserPromptPart

from memory.bubbles import LANDED, SUPERSEDED, Draft
from memory.notes import Notes
from memory.state import ConversationState, OwnState
from memory.tables import Bubble, BubbleState, Mailbox
from memory.turns import Claim
from safety.limits import Allowance
from safety.segments import segments, with_plain_punctuation
from tools.bubbles import split
from tools.floor import Floor
from tools.outbox import Outbox
from tools.plain import plain

SMS_LIMIT = 1600
"""Characters of one SMS bubble. AgentPhone's own adapter cuts there; a segment has 160 or 70."""

IMESSAGE_LIMIT = 4000
"""Characters of one iMessage bubble. AgentPhone publishes none; more than this nobody reads."""


LONGEST = 20_000
"""Characters of one text the model may send: five full bubbles, which is too many already."""

Hear = Callable[[], Awaitable[Sequence[UserPromptPart]]]
"""Fetches what they have written meanwhile."""


async def nothing_new() -> Sequence[UserPromptPart]:
    """What a turn hears that nobody interrupts."""
    return []


class TooMuch(Exception):
    """A text nobody would read on a phone; the words say what would do."""


class UnknownReference(Exception):
    """The model named a message or a picture that this conversation does not have."""


@dataclass
class Hands:
    """The agent's hands in one turn: pydantic-ai's `deps`.

    Everything is bound to the turn's own conversation. No tool takes a number, an id of AgentPhone
    or an address from the model: messages go by reference (`m12`), pictures by handle.

    Attributes:
        references: `m12` to AgentPhone's message id, for what can be answered or tapped.
        given: The last part of the burst as the model was given it: there the turn begins.
        instructions: What the model is instructed in this turn.
        nudge: What it is told when it answered with nothing at all.
        latest: The reference of the newest inbound message, meant by a tapback that names none.
        pictures: Handle to https address: this conversation's attachments and the owner's assets.
        memory: What is remembered; tools change it in place, the turn saves it.
        bubbles: What this turn has said so far, each with what became of it.
        tapped: References this turn has tapped back on.
        changed_background: Whether a background was set or removed in this turn.
        opted_out: Whether the model has recorded that they do not want to be texted any more.
        floor: Whose turn it is to speak; asked before anything becomes visible.
        notes: What is to be known of this turn that no row tells: `act` writes there.
        hear: Takes what they have written since into this turn, as parts for the next request.
        allowance: What this turn may use up.
        plain_punctuation: Whether an SMS gets plain quotes and dashes where that spares segments.
        calls: The tool calls of this turn, by name and arguments.
        nudged: Whether it was told; once is enough.
        cut_short: Whether it was told that its words had broken off; once is enough.
        warned: Whether a refusal went back to the model; once is enough.
    """

    claim: Claim
    turn_id: str
    mailbox: Mailbox
    channel: str
    outbox: Outbox
    memory: ConversationState
    floor: Floor
    notes: Notes = field(default_factory=Notes)
    hear: Hear = nothing_new
    given: object = None
    instructions: str = ""
    nudge: str = ""
    references: dict[str, str] = field(default_factory=dict)
    latest: str | None = None
    pictures: dict[str, str] = field(default_factory=dict)
    bubbles: list[Bubble] = field(default_factory=list)
    tapped: list[str] = field(default_factory=list)
    changed_background: bool = False
    allowance: Allowance = field(default_factory=Allowance)
    plain_punctuation: bool = False
    opted_out: bool = False
    calls: list[tuple[str, str]] = field(default_factory=list)
    nudged: bool = False
    cut_short: bool = False
    warned: bool = False

    @property
    def on_imessage(self) -> bool:
        """Whether effects, threads, tapbacks and typing exist here just now."""
        return self.channel == "imessage"

    @property
    def own(self) -> OwnState:
        """Your agent's own typed state (`memory.state.OwnState`): change it, it is saved."""
        return self.memory.state

    @property
    def said(self) -> list[Bubble]:
        """The bubbles of this turn that arrived, or may have."""
        return [b for b in self.bubbles if b.state in (*LANDED, BubbleState.UNCONFIRMED)]

    @property
    def may_say_more(self) -> bool:
        """Whether a tool may send one more bubble; the words that end the turn always may."""
        return self.allowance.bubbles is None or len(self.said) < self.allowance.bubbles

    @property
    def refused(self) -> list[Bubble]:
        """The bubbles of this turn that definitely did not arrive, and not because they wrote."""
        gone = (BubbleState.REJECTED, BubbleState.CANCELLED, BubbleState.EXPIRED)
        return [b for b in self.bubbles if b.state in gone and b.code != SUPERSEDED]

    @property
    def did_something(self) -> bool:
        """Whether the person will notice that anything happened."""
        return bool(self.said or self.tapped or self.changed_background)

    @property
    def latest_message_id(self) -> str | None:
        """AgentPhone's id of the newest text of theirs."""
        return self.references.get(self.latest) if self.latest else None

    def message_id(self, reference: str) -> str:
        """AgentPhone's id for `m12`. Raises UnknownReference, naming the newest ones there are."""
        name = reference.strip().strip("[]").lower()
        if name.isdigit():
            name = f"m{name}"
        if name not in self.references:
            newest = ", ".join(list(self.references)[-5:]) or "none"
            raise UnknownReference(f"{reference!r} is no message here. The newest are: {newest}.")
        return self.references[name]

    def picture(self, handle: str) -> str:
        """The address behind a picture's handle. Raises UnknownReference, which names them."""
        if handle not in self.pictures:
            known = ", ".join(self.pictures) or "none"
            raise UnknownReference(f"{handle!r} is no picture you have. You have: {known}.")
        return self.pictures[handle]

    async def say(
        self,
        text: str,
        *,
        pictures: Sequence[str] = (),
        send_style: str | None = None,
        reply_to_message_id: str | None = None,
        call_id: str | None = None,
    ) -> list[Bubble]:
        """Send words (Markdown becomes plain text) and pictures as one or several bubbles.

        Raises:
            TooMuch: The text is too long to be sent at all.
        """
        drafts = self.drafts(text, pictures=pictures)
        if drafts:
            opening = drafts[0]
            drafts[0] = Draft(
                opening.text,
                opening.media,
                send_style if self.on_imessage else None,
                reply_to_message_id,
            )
        await self.floor.take()
        sent = await self.outbox.send(
            self.claim,
            self.turn_id,
            drafts,
            call_id=call_id,
            gives_way_to=lambda: self.floor.gives_way_to,
        )
        self.bubbles.extend(sent)
        if superseded(sent):
            self.floor.interrupted()
        return sent

    def drafts(self, text: str, *, pictures: Sequence[str] = ()) -> list[Draft]:
        """How words and pictures become bubbles on this channel. Raises TooMuch."""
        if len(text) > LONGEST:
            raise TooMuch(f"A text has {LONGEST} characters at most and this has {len(text)}.")
        limit = IMESSAGE_LIMIT if self.on_imessage else SMS_LIMIT
        words = [Draft(text=part) for part in split(self._written(text), limit=limit)]
        self._check_segments(words)
        if not pictures:
            return words
        if words and len(pictures) == 1:
            return [Draft(text=words[0].text, media=tuple(pictures)), *words[1:]]
        # Several pictures are a carousel on iMessage, and a carousel carries no words.
        return [Draft(media=tuple(pictures)), *words]

    def _written(self, text: str) -> str:
        """The words as they arrive here: no Markdown, and on SMS the punctuation that is cheap."""
        folds = self.plain_punctuation and not self.on_imessage
        return with_plain_punctuation(plain(text)) if folds else plain(text)

    def _check_segments(self, drafts: Sequence[Draft]) -> None:
        most = self.allowance.segments
        counted = [segments(draft.text) for draft in drafts]
        if self.on_imessage or most is None or (many := sum(c.count for c in counted)) <= most:
            return
        dear = next((c.flipped_by[0] for c in counted if c.flipped_by), None)
        hint = f" Without characters like {dear} it would be less than half." if dear else ""
        raise TooMuch(f"A text has {most} SMS segments at most and this has {many}.{hint}")

    def repeats(self, text: str) -> bool:
        """Whether this turn has said exactly that already."""
        words = " ".join(self._written(text).split())
        together = " ".join(" ".join(b.text.split()) for b in self.said if b.text)
        return bool(words) and (
            words == together or any(words == " ".join(b.text.split()) for b in self.said)
        )


def superseded(bubbles: Sequence[Bubble]) -> list[Bubble]:
    """Those of these that did not leave because they wrote again."""
    return [bubble for bubble in bubbles if bubble.code == SUPERSEDED]


def told(bubbles: Sequence[Bubble]) -> str:
    """What the model is told about bubbles it sent: what arrived, how, and what did not and why."""
    return "\n".join(_told(bubble) for bubble in bubbles) or "There was nothing to send."


def _told(bubble: Bubble) -> str:
    name = f"m{bubble.ref}"
    match bubble.state:
        case BubbleState.CONFIRMED | BubbleState.CONFIRMED_LATE:
            channel = bubble.channel or "an unknown channel"
            return f"{name} sent by {channel}{_lost_on_the_way(bubble)}."
        case BubbleState.UNCONFIRMED | BubbleState.DISPATCHED | BubbleState.UNRESOLVED:
            return f"{name}: nobody knows whether it arrived. Do not send it again."
        case _:
            return f"{name} was NOT sent ({bubble.code}): {bubble.reason}"


def _lost_on_the_way(bubble: Bubble) -> str:
    lost = []
    if bubble.threaded is False:
        lost.append("not in thread")
    if bubble.send_style and bubble.channel != "imessage":
        lost.append("without the effect, which only iMessage has")
    return f" ({', '.join(lost)})" if lost else ""
