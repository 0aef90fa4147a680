"""The model's way to hear what no rule found: a STOP, and somebody in danger."""

from __future__ import annotations

from pydantic_ai import FunctionToolset, RunContext

from tools.hands import Hands

consent = FunctionToolset[Hands](id="consent", sequential=True)


@consent.tool(metadata={"idempotent": True})
async def record_opt_out(ctx: RunContext[Hands], their_words: str) -> str:
    """Stop all texting to this person, at once and for good, because they asked for it.

    Call it when they clearly do not want to get texts from you any more, however they put it and in
    whatever language: "lose this number", "I never signed up for this", "can you leave my mother in
    peace". When in doubt between a wish to be left alone for good and mere annoyance, call it: they
    are told how to come back. Not for "stop by at six", not when they want you to stop doing one
    thing (emojis, jokes, long answers), not for what somebody else said, and not for a goodbye.

    It takes effect immediately and a fixed text confirms it. So say nothing yourself: end your turn
    right after it. Never try to talk them out of it.

    Args:
        their_words: What they wrote, word for word. It is kept as evidence.
    """
    hands = ctx.deps
    await hands.floor.take()
    await hands.outbox.opt_out(
        hands.claim,
        hands.turn_id,
        message_id=hands.latest_message_id,
        their_words=their_words[:500],
        goodbye=hands.goodbye(),
    )
    hands.opted_out = True
    return (
        "Recorded. Nothing more goes out to them; a fixed text tells them so. End your turn now,"
        " without a word."
    )


@consent.tool(metadata={"idempotent": True, "alone": True})
async def call_a_person(ctx: RunContext[Hands], language: str = "en") -> str:
    """Call a human being into this conversation, because they may be about to harm themselves.

    Call it when you seriously fear for their life or health: they speak of dying, of harming
    themselves, of a danger they are in right now. Not for sadness alone, not for a figure of speech
    ("this is killing me"), not for an angry customer.

    A fixed text then tells them where to find help, and you stay silent here until that person has
    seen to it. So say nothing yourself: end your turn right after it. Never promise them that help
    is on its way.

    Args:
        language: The language they write in, as two letters: `en`, `es`, `fr`.
    """
    hands = ctx.deps
    await hands.floor.take()
    await hands.outbox.call_a_person(
        hands.claim,
        hands.turn_id,
        message_id=hands.latest_message_id,
        comfort=hands.comfort(language.strip().lower()[:2]),
    )
    hands.needs_a_person = True
    return "A person is called and a fixed text goes out. End your turn now, without a word."
