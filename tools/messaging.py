"""The messaging API as the agent's tools. Their docstrings are prompts: the model reads them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace

from pydantic_ai import FunctionToolset, ModelRetry, RunContext, ToolDefinition, ToolFailed

from memory.tables import Bubble
from phone.errors import NotOnIMessage, PhoneError
from phone.types import TAPBACKS, SendStyle
from tools.acts import noted
from tools.hands import Hands, UnknownReference, told
from tools.links import Unsayable

VISIBLE = {"visible": True}
"""Metadata of tools that wait for the floor themselves: until then they have done nothing."""

IMESSAGE_ONLY = {"channel": "imessage", **VISIBLE}
"""Metadata of tools that do not exist on SMS."""

ONE_TO_ONE = {**IMESSAGE_ONLY, "one_to_one": True}
"""Metadata of tools that exist on iMessage only, and not in groups."""

messaging = FunctionToolset[Hands](id="messaging", sequential=True)


@messaging.tool(metadata=VISIBLE)
async def send(
    ctx: RunContext[Hands],
    text: str = "",
    send_style: SendStyle | None = None,
    media: list[str] | None = None,
) -> str:
    """Text an extra bubble now, with an effect or pictures if you like.

    You do not need this for a plain answer: the words you end your turn with are texted anyway. Use
    it for an effect, for pictures, or when one thing should arrive before you do the next. Never
    send here what you are about to end your turn with.

    Args:
        text: The words. May be left out when there is media.
        send_style: An effect for a real occasion, rarely: celebration, fireworks, lasers, love,
            confetti, balloons, spotlight and echo fill the screen; slam, loud, gentle and invisible
            act on the bubble.
        media: Handles of pictures, such as "cake" or "m12.1". Several arrive as a carousel.
    """
    hands = ctx.deps
    _check_there_is_room(hands)
    if send_style and not hands.on_imessage:
        raise ModelRetry(
            "Effects exist on iMessage only and this is SMS. Send it without send_style."
        )
    if not text.strip() and not media:
        raise ModelRetry("There is nothing to send: give text, media or both.")
    pictures = [_picture(hands, handle) for handle in media or []]
    if not pictures:
        _check_it_is_new(hands, text)
    try:
        bubbles = await hands.say(
            text, pictures=pictures, send_style=send_style, call_id=ctx.tool_call_id
        )
    except Unsayable as error:
        raise ModelRetry(f"Not sent. {error}") from error
    return _outcome(hands, bubbles)


@messaging.tool(metadata=IMESSAGE_ONLY)
async def reply(
    ctx: RunContext[Hands], message_id: str, text: str, send_style: SendStyle | None = None
) -> str:
    """Answer one particular message in thread, under it.

    Worth it only when it would be unclear what you are answering: several questions at once, or a
    busy group. Otherwise simply end your turn with the words.

    Args:
        message_id: The reference of the message you answer, such as "m12".
        text: The words.
        send_style: An effect, as in send.
    """
    hands = ctx.deps
    if not hands.on_imessage:
        raise ModelRetry("Threads exist on iMessage only and this is SMS. Just end with the words.")
    _check_there_is_room(hands)
    if not text.strip():
        raise ModelRetry("There is nothing to send: give text.")
    _check_it_is_new(hands, text)
    target = _message_id(hands, message_id)
    try:
        bubbles = await hands.say(
            text, send_style=send_style, reply_to_message_id=target, call_id=ctx.tool_call_id
        )
    except Unsayable as error:
        raise ModelRetry(f"Not sent. {error}") from error
    return _outcome(hands, bubbles)


@messaging.tool(metadata=IMESSAGE_ONLY)
async def react(ctx: RunContext[Hands], tapback: str, message_id: str | None = None) -> str:
    """Tap back on a message instead of, or before, answering it in words.

    Often the kindest answer to thanks, good news or "ok". It can be all you do: then end the turn.

    Args:
        tapback: love, like, dislike, laugh, emphasize or question; or a single emoji.
        message_id: The reference of the message, such as "m12". The newest one when left out.
    """
    hands = ctx.deps
    if not hands.on_imessage:
        raise ToolFailed("This is an SMS conversation: tapbacks do not exist here. Use words.")
    name = message_id or hands.latest
    if name is None:
        raise ToolFailed("There is no message here to tap back on.")
    target = _message_id(hands, name)
    await hands.floor.take()
    try:
        landed = await noted(
            hands, _tap(hands, target, tapback), act="tapback", call_id=ctx.tool_call_id,
            asked=tapback, ref=name, landed=str,
        )  # fmt: skip
    except NotOnIMessage as error:
        raise ToolFailed(
            f"No tapback: this conversation is SMS now. Use words. ({error})"
        ) from error
    except PhoneError as error:
        raise ToolFailed(f"No tapback on {name}: {error}") from error
    hands.tapped.append(name)
    instead = "" if landed == tapback else f" (this line cannot send {tapback})"
    return f"Tapped back {landed}{instead} on {name}."


async def _tap(hands: Hands, target: str, tapback: str) -> str:
    """Send the tapback, and say which: an emoji this line cannot send becomes the nearest one."""
    try:
        await hands.outbox.react(hands.claim, target, tapback)
    except NotOnIMessage:
        raise
    except PhoneError as error:
        if tapback in TAPBACKS or getattr(error, "status", None) != 400:
            raise
        nearest = NEAREST.get(tapback.replace("\ufe0f", ""), "like")
        await hands.outbox.react(hands.claim, target, nearest)
        return nearest
    return tapback


NEAREST = {
    "❤": "love", "🥰": "love", "😍": "love", "💕": "love", "😘": "love", "🤗": "love",
    "😂": "laugh", "🤣": "laugh", "😄": "laugh", "😆": "laugh", "😅": "laugh", "😁": "laugh",
    "👎": "dislike", "😢": "dislike", "😭": "dislike", "😡": "dislike", "💔": "dislike",
    "❗": "emphasize", "‼": "emphasize", "🔥": "emphasize", "😮": "emphasize", "🎉": "emphasize",
    "❓": "question", "🤔": "question", "🤨": "question", "😕": "question",
}  # fmt: skip
"""The classic tapback nearest to an emoji; `like` for all others."""


@messaging.tool(metadata=ONE_TO_ONE)
async def set_background(ctx: RunContext[Hands], media: str) -> str:
    """Put a picture behind this whole conversation, on their screen and for good.

    Only when they asked for one, or plainly would love it.

    Args:
        media: The handle of one picture, such as "dusk" or "m12.1".
    """
    hands = ctx.deps
    conversation_id = _one_to_one(hands)
    picture = _picture(hands, media)
    await hands.floor.take()
    try:
        answer = await noted(
            hands, hands.outbox.set_background(hands.claim, conversation_id, picture),
            act="background", call_id=ctx.tool_call_id, asked=media,
            landed=lambda answer: media if answer.has_background else None,
        )  # fmt: skip
    except PhoneError as error:
        raise ToolFailed(f"The background was not set: {error}") from error
    if not answer.has_background:
        raise ToolFailed("This conversation cannot show a background now.")
    hands.changed_background = hands.changed_background or answer.changed
    return (
        f"{media} is the background now."
        if answer.changed
        else f"{media} was the background already."
    )


@messaging.tool(metadata=ONE_TO_ONE)
async def remove_background(ctx: RunContext[Hands]) -> str:
    """Take the picture behind this conversation away."""
    hands = ctx.deps
    conversation_id = _one_to_one(hands)
    await hands.floor.take()
    try:
        await noted(
            hands, hands.outbox.remove_background(hands.claim, conversation_id), act="background",
            call_id=ctx.tool_call_id, asked=None, landed=lambda _: None,
        )  # fmt: skip
    except PhoneError as error:
        raise ToolFailed(f"The background was not removed: {error}") from error
    hands.changed_background = True
    return "The background is gone."


def _one_to_one(hands: Hands) -> str:
    if not hands.on_imessage or hands.mailbox.is_group:
        raise ToolFailed("Backgrounds exist only in iMessage conversations with one person.")
    if hands.mailbox.conversation_id is None:
        raise ToolFailed("This conversation is too new for a background; answer first.")
    return hands.mailbox.conversation_id


def _check_there_is_room(hands: Hands) -> None:
    if not hands.may_say_more:
        raise ToolFailed(
            f"Not sent: you have sent {len(hands.said)} bubbles in this turn, and more would be a"
            " flood. End your turn; its words are still texted."
        )


def _check_it_is_new(hands: Hands, text: str) -> None:
    if hands.repeats(text):
        raise ToolFailed(
            "Not sent: you have said exactly that in this turn already. End the turn, or say"
            " something else."
        )


def _message_id(hands: Hands, reference: str) -> str:
    try:
        return hands.message_id(reference)
    except UnknownReference as error:
        raise ModelRetry(str(error)) from error


def _picture(hands: Hands, handle: str) -> str:
    try:
        return hands.picture(handle)
    except UnknownReference as error:
        raise ModelRetry(str(error)) from error


def _outcome(hands: Hands, bubbles: Sequence[Bubble]) -> str:
    outcome = told(bubbles) + hands.links.note
    if not any(bubble in hands.said for bubble in bubbles):
        raise ToolFailed(outcome)
    return outcome


def fits(ctx: RunContext[Hands], tool: ToolDefinition) -> bool:
    """Whether a tool exists where this conversation takes place."""
    hands, needs = ctx.deps, tool.metadata or {}
    if needs.get("channel") == "imessage" and not hands.on_imessage:
        return False
    alone = needs.get("one_to_one") or needs.get("alone")
    return not (alone and hands.mailbox.is_group)


async def without_effects(
    ctx: RunContext[Hands], tools: Sequence[ToolDefinition]
) -> list[ToolDefinition]:
    """Hide `send_style` where there are no effects, so that the model thinks of none."""
    return list(tools) if ctx.deps.on_imessage else [_without(tool, "send_style") for tool in tools]


def _without(tool: ToolDefinition, argument: str) -> ToolDefinition:
    schema = copy.deepcopy(tool.parameters_json_schema)
    schema.get("properties", {}).pop(argument, None)
    return replace(tool, parameters_json_schema=schema)
