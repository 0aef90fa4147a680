"""What people write and do in a scenario: messages, tapbacks, bursts, and what else happens."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from evals.format.editing import Edit
from evals.format.expectations import Channel, Expectations, Part, Reference, Seconds
from phone.emulator.faults import ApiFault, WebhookFault

AGENT = "agent"
"""Who the agent is, where it is said who wrote."""

LAST = "last"
"""The agent's newest bubble."""


def _picture(text: str) -> str:
    is_far = text.startswith("https://") and len(text) > len("https://")
    is_near = text and ":" not in text and not text.startswith("/") and ".." not in text.split("/")
    if not (is_far or is_near):
        raise ValueError(
            f"{text!r} is no picture: give an https address, or a file beside the scenario"
        )
    return text


def _own_id(text: str) -> str:
    if text in (AGENT, LAST):
        raise ValueError(f"{text!r} means the agent's bubbles; choose another id")
    return text


Picture = Annotated[str, AfterValidator(_picture)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$"), AfterValidator(_own_id)]


class Written(Part):
    """Something somebody writes or taps: words, pictures, or a tapback."""

    who: str | None = None
    """Their name; the first of the people when left out."""
    text: str = ""
    """The words."""
    media: list[Picture] = Field(default=[], max_length=20)
    """Pictures: https addresses, for which a stand-in is shown, or files beside the scenario."""
    reply_to: Reference | None = None
    """The message it answers in thread."""
    channel: Channel | None = None
    """What it is written on, and from then on: a switch. As before when left out."""
    tapback: str | None = Field(default=None, min_length=1)
    """One of the six, or an emoji; `on` says on which message."""
    on: Reference | None = None
    """The message tapped back on."""

    @property
    def is_written(self) -> bool:
        """Whether there are words or pictures."""
        return bool(self.text or self.media)

    def check(self) -> None:
        """Raise ValueError for a tapback as nobody can give it."""
        if (self.tapback is None) != (self.on is None):
            raise ValueError("a tapback needs both: tapback (which) and on (which message)")
        if self.tapback is not None and (self.is_written or self.reply_to):
            raise ValueError("a tapback has no words, pictures or reply_to; let it stand alone")


class Message(Written):
    """One message, or one tapback."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        self.check()
        if self.tapback is None and not self.is_written:
            raise ValueError("nothing is written: give text, media or a tapback")
        return self


class Earlier(Message):
    """A message from before the start."""

    id: Id | None = None
    """By which turns refer to it."""
    who: str | None = None
    """A person's name, or `agent`; the first of the people when left out."""
    at: AwareDatetime | None = None
    """When it was, ISO 8601; when left out, just before what follows."""


class BurstPart(Message):
    """One of several messages sent after one another."""

    pause: Seconds = 0.0
    """Seconds since the one before."""


class Turn(Written):
    """What happens next, and what is expected of the agent then.

    One of these: something written (text, media), a burst, a tapback, faults, webhook_faults,
    edit, advance.
    """

    id: Id | None = None
    """By which later turns refer to what was written in this one."""
    burst: list[BurstPart] | None = Field(default=None, min_length=1)
    """Several messages with pauses between them."""
    faults: list[ApiFault] | None = None
    """How the agent's next calls of the API fail, as `PUT /handset/faults` takes them."""
    webhook_faults: list[WebhookFault] | None = None
    """What happens to the next webhooks, as `PUT /handset/webhook-faults` takes them."""
    edit: Edit | None = None
    """What a person writes into the conversation's metadata, as in AgentPhone's dashboard."""
    advance: Seconds | None = None
    """Seconds by which the clock is moved on."""
    expect: Expectations = Field(default_factory=Expectations)
    """What is expected once the agent has ended its turn."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        self.check()
        done = [name for name in _KINDS if getattr(self, name) is not None]
        if self.is_written:
            done.append("text or media")
        if len(done) != 1:
            told = f"there are {len(done)} ({', '.join(done)})" if done else "there is nothing"
            raise ValueError(f"{told}; a turn is one of text or media, {', '.join(_KINDS)}")
        is_acted = self.is_written or self.tapback is not None
        if not is_acted and (self.who or self.reply_to or self.channel):
            raise ValueError("who, reply_to and channel go with what is written; a burst has parts")
        return self

    @property
    def written(self) -> list[Written]:
        """What people do in it, in order; nothing where only the clock or the line is touched."""
        if self.burst is not None:
            return list(self.burst)
        return [self] if self.is_written or self.tapback is not None else []


_KINDS = ("burst", "tapback", "faults", "webhook_faults", "edit", "advance")
