"""What somebody who may harm themselves is answered: static words with where to find help, at once.

No model writes to them any more; a person was called in the transaction that stored their message,
and the agent stays silent in this conversation until that person resumes it.
"""

from __future__ import annotations

from functools import partial

from sqlmodel import Session, col, select

from agent.alerting import call_people
from agent.deployment import Deployment
from agent.thinking import Ending
from memory.alerts import Alert
from memory.bubbles import Draft
from memory.introductions import NEVER_ARRIVED
from memory.pseudonyms import region_of
from memory.tables import Bubble, Mailbox
from memory.turns import Burst, Claim
from safety.consent import Keyword
from safety.crisis import signs_of_crisis

HANDED_OVER = Ending("handed_over", "crisis")


async def comfort(
    deployment: Deployment, claim: Claim, burst: Burst, *, heard_by_model: bool = False
) -> Ending | None:
    """Send the words about where to find help, once per alert; None when nobody needs them."""
    told_of = [m.text for m in burst.messages if m.keyword == Keyword.CRISIS]
    if heard_by_model:
        told_of = [m.text for m in burst.messages if m.kind == "text"]
    if not told_of:
        return None
    if not await deployment.store.read(partial(_was_told, claim.mailbox_id)):
        text = await _words(deployment, claim, told_of[-1])
        await deployment.outbox.send(claim, burst.turn.id, [Draft(text=text)], kind="crisis")
    await call_people(deployment)
    return HANDED_OVER


async def _words(deployment: Deployment, claim: Claim, text: str) -> str:
    """Those for their country, in their language, as far as there is a prompt file for it."""
    mailbox = await deployment.store.read(lambda s: s.get_one(Mailbox, claim.mailbox_id))
    country = region_of(mailbox.participant) or region_of(mailbox.number) or ""
    language = signs_of_crisis(text) or "en"
    names = [f"crisis_{country}_{language}", f"crisis_{country}", f"crisis_{language}", "crisis"]
    return deployment.prompts.first([name.lower() for name in names], name=deployment.name)


def _was_told(mailbox_id: int, session: Session) -> bool:
    """Whether the words have gone out since the alert that is open was raised."""
    here = select(Alert.at).where(Alert.mailbox_id == mailbox_id, col(Alert.resolved_at).is_(None))
    raised_at = session.exec(here.order_by(col(Alert.id).desc()).limit(1)).first()
    told = select(Bubble.id).where(
        Bubble.mailbox_id == mailbox_id,
        Bubble.kind == "crisis",
        col(Bubble.state).not_in(NEVER_ARRIVED),
    )
    if raised_at is not None:
        told = told.where(col(Bubble.created_at) >= raised_at)
    return session.exec(told.limit(1)).first() is not None
