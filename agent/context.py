"""What we tell the model ourselves before each burst: the time, the people, memory, what is new."""

from __future__ import annotations

from collections.abc import Sequence

from agent.deployment import Deployment
from agent.history import Past, facts_of
from memory.bubbles import LANDED
from memory.lines import channel_name, excerpt, speaker
from memory.tables import Bubble, Mailbox, Message, Turn
from phone.clock import utc
from phone.types import Conversation
from safety.untrusted import data, mark_of, shown
from tools.hands import Hands

PEOPLE = 12
"""Members of a group named to the model; a roster of thirty-two tells it nothing."""


def context_of(
    deployment: Deployment,
    hands: Hands,
    conversation: Conversation | None,
    past: Past,
    messages: Sequence[Message],
    *,
    facts: Sequence[str],
    news: Sequence[str],
) -> str:
    """The words of `prompts/context.md`; what is of others in them stands between marks."""
    now, mark = utc(deployment.clock.now()), mark_of(hands.turn_id)
    told = "; ".join(_news(past))
    news = [*news, *([data(told, mark)] if told else [])]
    summary = shown(hands.memory.summary)
    return deployment.prompts.text(
        "context",
        name=deployment.name,
        mark=mark,
        now=now.strftime("%A %d %B %Y, %H:%M UTC"),
        people=data(_people(hands.mailbox, conversation, messages), mark),
        channel=channel_name(hands.channel),
        facts=data(facts_of(facts), mark) if facts else "nothing yet",
        summary=data(summary, mark) if summary else "nothing",
        pictures=_shown(deployment) or "none",
        news="; ".join(news) or "nothing new",
    )


def _people(
    mailbox: Mailbox, conversation: Conversation | None, messages: Sequence[Message]
) -> str:
    if not mailbox.is_group:
        name = next((m.sender_name for m in reversed(messages) if m.sender_name), None)
        return speaker(name, mailbox.participant)
    roster = conversation.participants if conversation else []
    people = [speaker(person.name, person.identifier) for person in roster[:PEOPLE]]
    more = [f"{len(roster) - PEOPLE} more"] if len(roster) > PEOPLE else []
    group = speaker(mailbox.group_name, "a group") if mailbox.group_name else "a group"
    return f"{group} of {', '.join([*people, *more]) or 'several people'}"


def _shown(deployment: Deployment) -> str:
    return "; ".join(f"{asset.handle}: {asset.shows}" for asset in deployment.offered())


def _news(past: Past) -> list[str]:
    """What no message tells of: bubbles of the last turn that did not, or may not have, arrived,
    and whatever was learnt of any bubble since that turn ended."""
    if not past.turns:
        return []
    fates = [(bubble, _fate(bubble, past.turns[-1])) for bubble in past.bubbles]
    return [f"m{bubble.ref} “{excerpt(bubble.text)}” {fate}" for bubble, fate in fates if fate]


def _fate(bubble: Bubble, last: Turn) -> str | None:
    """What the model is told of a bubble in the turn after `last`; None when it knows."""
    is_of_late = bubble.created_at >= last.started_at
    if last.settled_at is not None and bubble.learnt_at is not None:
        is_of_late = is_of_late or bubble.learnt_at > last.settled_at
    if not is_of_late:
        return None
    if bubble.delivery == "failed" or bubble.code == "undelivered":
        return f"was not delivered: {excerpt(bubble.reason or 'nobody knows why')}"
    if bubble.resend_of is not None and bubble.state in LANDED:
        return "was sent again by the operator"
    if bubble.state in LANDED:
        return _found_since(bubble, last)
    if bubble.finished_at and bubble.state in ("rejected", "cancelled", "expired"):
        return f"was not sent ({bubble.code})"
    return "may not have arrived"


def _found_since(bubble: Bubble, last: Turn) -> str | None:
    """Whether the model was left in doubt of it."""
    if bubble.learnt_at is None or last.settled_at is None:
        return None
    return "arrived after all" if bubble.learnt_at > last.settled_at else None
