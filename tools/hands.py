"""What a tool may touch in this turn: one conversation, and nothing beyond it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from pydantic_ai import BinaryContent
from pydantic_ai.messages import UserPromptPart

from memory.bubbles import LANDED, SUPERSEDED, Draft
from memory.notes import Notes
from memory.spending import subjects_of
from memory.state import ConversationState, OwnState
from memory.tables import Bubble, BubbleState, Mailbox
from memory.turns import Claim
from safety.disclosure import truthful
from safety.limits import Allowance, Limits, Scope
from safety.segments import segments, with_plain_punctuation
from safety.untrusted import without_hidden
from tools.bubbles import split
from tools.content import Content
from tools.floor import Floor
from tools.introducing import Introducing, below, introduced
from tools.links import Links, Unsayable
from tools.outbox import Outbox
from tools.plain import plain
from tools.verifying import DeliverCode, no_address

SMS_LIMIT = 1600
"""Characters of one SMS bubble. AgentPhone's own adapter cuts there; a segment has 160 or 70."""

IMESSAGE_LIMIT = 4000
"""Characters of one iMessage bubble. AgentPhone publishes none; more than this nobody reads."""


LONGEST = 20_000
"""Characters of one text the model may send: five full bubbles, which is too many already."""

See = Callable[[str], Awaitable[BinaryContent | str]]
"""Looks at what is behind an attachment's address; a note where there is nothing to see."""

Hear = Callable[[], Awaitable[Sequence[UserPromptPart]]]
"""Fetches what they have written meanwhile."""


async def nothing_new() -> Sequence[UserPromptPart]:
    """What a turn hears that nobody interrupts."""
    return []


async def nothing_to_see(address: str) -> BinaryContent | str:
    """What a turn sees without an AgentPhone to fetch it from."""
    return "an attachment that could not be opened"


class TooMuch(Unsayable):
    """A text nobody would read on a phone."""


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
        confirm: The words in which a person is asked before a tool does what it is about to do.
        deliver_code: Sends a code to the address on file for a person.
        verify: The words by which somebody is told of such a code.
        goodbye: Makes the words that confirm a STOP; None where we do not.
        comfort: Makes the words for somebody in crisis, in a language (`en`); None without any.
        nudge: What it is told when it answered with nothing at all.
        latest: The reference of the newest inbound message, meant by a tapback that names none.
        pictures: Handle to https address: this conversation's attachments and the owner's assets.
        earlier_pictures: The handles of attachments which came before the burst.
        theirs: Reference to the handle of who wrote it, for what people wrote.
        noted: Facts this turn has noted, each with the reference of the message that said so.
        memory: What is remembered; tools change it in place, the turn saves it.
        bubbles: What this turn has said so far, each with what became of it.
        tapped: References this turn has tapped back on.
        changed_background: Whether a background was set or removed in this turn.
        opted_out: Whether the model has recorded that they do not want to be texted any more.
        needs_a_person: Whether the model has heard a crisis, so that a person was called.
        introducing: The introduction that is due with the first words; None when none is.
        introduction: The words of the one that was due when the turn began.
        truth: The static words for who asked whether a person writes; None when nobody did.
        said_truth: Whether they, or the model's own admission, have been said in this turn.
        links: Which links may leave in this turn, and which did not.
        content: What its words are judged by that go by SMS.
        floor: Whose turn it is to speak; asked before anything becomes visible.
        notes: What is to be known of this turn that no row tells: `act` writes there.
        see: Fetches an attachment for the model to see.
        hear: Takes what they have written since into this turn, as parts for the next request.
        allowance: What this turn may use up.
        limits: Those of hours and days, against which money is set aside before each request.
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
    links: Links = field(default_factory=Links)
    content: Content = field(default_factory=Content)
    notes: Notes = field(default_factory=Notes)
    hear: Hear = nothing_new
    see: See = nothing_to_see
    given: object = None
    instructions: str = ""
    goodbye: Callable[[], str | None] = lambda: None
    comfort: Callable[[str], str | None] = lambda language: None
    nudge: str = ""
    confirm: Callable[[str], str] = str
    deliver_code: DeliverCode = no_address
    verify: Callable[[], str] = str
    references: dict[str, str] = field(default_factory=dict)
    latest: str | None = None
    pictures: dict[str, str] = field(default_factory=dict)
    earlier_pictures: frozenset[str] = frozenset()
    theirs: dict[str, str] = field(default_factory=dict)
    noted: dict[str, str] = field(default_factory=dict)
    bubbles: list[Bubble] = field(default_factory=list)
    tapped: list[str] = field(default_factory=list)
    changed_background: bool = False
    allowance: Allowance = field(default_factory=Allowance)
    limits: Limits = field(default_factory=Limits)
    plain_punctuation: bool = False
    opted_out: bool = False
    needs_a_person: bool = False
    introducing: Introducing | None = None
    introduction: str = ""
    truth: str | None = None
    said_truth: bool = False
    calls: list[tuple[str, str]] = field(default_factory=list)
    nudged: bool = False
    cut_short: bool = False
    warned: bool = False

    @property
    def on_imessage(self) -> bool:
        """Whether effects, threads, tapbacks and typing exist here just now."""
        return self.channel == "imessage"

    @property
    def limit(self) -> int:
        """The most characters of one bubble here."""
        return IMESSAGE_LIMIT if self.on_imessage else SMS_LIMIT

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
        of_ours = self.opted_out or self.needs_a_person  # static words follow
        return bool(self.said or self.tapped or self.changed_background or of_ours)

    @property
    def scopes(self) -> list[Scope]:
        """Whose allowance this turn uses up."""
        return list(subjects_of(self.mailbox))

    @property
    def latest_message_id(self) -> str | None:
        """AgentPhone's id of the newest text of theirs."""
        return self.references.get(self.latest) if self.latest else None

    @staticmethod
    def reference(written: str) -> str:
        """`m12`, however the model wrote it."""
        name = written.strip().strip("[]").lower()
        return f"m{name}" if name.isdigit() else name

    @property
    def latest_words(self) -> str | None:
        """The reference of the newest message of theirs."""
        return next(reversed(self.theirs), None)

    def message_id(self, reference: str) -> str:
        """AgentPhone's id for `m12`. Raises UnknownReference, naming the newest ones there are."""
        name = self.reference(reference)
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

    def _truthful(self, text: str) -> str:
        """The words as they may leave when somebody asked whether a person writes."""
        if self.truth is None or not text.strip():
            return text
        self.links.learn(self.truth)
        return truthful(text, truth=None if self.said_truth else self.truth)

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
            Unsayable: The text cannot be sent as it is; the words say what can.
        """
        drafts = self._introduced(self.drafts(self._truthful(text), pictures=pictures))
        if drafts:
            drafts[0] = replace(
                drafts[0],
                send_style=send_style if self.on_imessage else None,
                reply_to_message_id=reply_to_message_id,
            )
        return await self._send(drafts, call_id=call_id)

    async def ask(self, question: str, *, call_id: str) -> Bubble:
        """Send a question of ours as it stands, in one bubble; what became of it."""
        [bubble] = await self._send([Draft(text=question)], call_id=call_id)
        return bubble

    async def _send(self, drafts: Sequence[Draft], *, call_id: str | None) -> list[Bubble]:
        with self.floor.watch.standing():
            await self.floor.take()
            sent = await self.outbox.send(
                self.claim,
                self.turn_id,
                drafts,
                call_id=call_id,
                gives_way_to=lambda: self.floor.gives_way_to,
            )
        self.bubbles.extend(sent)
        self._told(drafts, sent)
        for bubble in sent:
            if bubble in self.said:
                self.content.note(self.notes, bubble.id, self._own_words(bubble))
        if superseded(sent):
            self.floor.interrupted()
        return sent

    def _introduced(self, drafts: list[Draft]) -> list[Draft]:
        """With the introduction that is due; the truth, said just now, is one but for an SMS."""
        if self.introducing is None or not drafts:
            return drafts
        if self.truth is not None and self.introducing.kind != "sms":
            return [replace(drafts[0], introduces=self.introducing.kind), *drafts[1:]]
        return introduced(drafts, self.introducing, limit=self.limit)

    def _told(self, drafts: Sequence[Draft], sent: Sequence[Bubble]) -> None:
        """What has arrived, or may have, need not be said again in this turn."""
        arrived = [b in self.said for b in sent]
        if any(arrived):
            self.said_truth = self.truth is not None
        if any(d.introduces and there for d, there in zip(drafts, arrived, strict=False)):
            self.introducing = None

    def drafts(self, text: str, *, pictures: Sequence[str] = ()) -> list[Draft]:
        """How words and pictures become bubbles on this channel. Raises Unsayable."""
        if len(text) > LONGEST:
            raise TooMuch(
                f"A text has {LONGEST} characters at most and this has {len(text)}. Say it in fewer"
                " words."
            )
        said = self.links.passed(without_hidden(self._written(text)))
        held = self.content.held(self._without_static(said), channel=self.channel)
        words = [Draft(text=part, held=held) for part in split(said, limit=self.limit)]
        self._check_segments(words)
        if not pictures:
            return words
        if words and len(pictures) == 1:
            return [replace(words[0], media=tuple(pictures)), *words[1:]]
        # Several pictures are a carousel on iMessage, and a carousel carries no words.
        return [Draft(media=tuple(pictures), held=held), *words]

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
        raise TooMuch(
            f"A text has {most} SMS segments at most and this has {many}.{hint} Say it in fewer"
            " words."
        )

    def repeats(self, text: str) -> bool:
        """Whether this turn has said exactly that already."""
        words = " ".join(self._written(text).split())
        said = [" ".join(self._own_words(b).split()) for b in self.said if b.text]
        return bool(words) and (words == " ".join(said) or words in said)

    def _own_words(self, bubble: Bubble) -> str:
        """A bubble's words without the static ones that were joined to them."""
        return self._without_static(bubble.text)

    def _without_static(self, words: str) -> str:
        for static in (self.introduction, self.truth):
            if static:
                words = words.removesuffix(below("", static)).removeprefix(below(static, ""))
        return words


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
