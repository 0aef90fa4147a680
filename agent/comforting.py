"""What somebody who may harm themselves is answered: static words with where to find help, at once.

No model writes to them any more; a person was called in the transaction that stored their message,
and the agent stays silent in this conversation until that person resumes it.
"""

from __future__ import annotations

from functools import partial

from agent.alerting import call_people
from agent.crisis_words import crisis_words
from agent.deployment import Deployment
from agent.thinking import Ending
from memory.owed_words import owe_comfort
from memory.tables import Mailbox
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
    text = await _words(deployment, claim, told_of[-1])
    owe = partial(
        owe_comfort,
        claim=claim,
        turn_id=burst.turn.id,
        comfort=text,
        bubble_id=deployment.new_id(),
        now=deployment.clock.now(),
    )
    if (bubble := await deployment.store.write(owe)) is not None:
        await deployment.outbox.deliver(claim, bubble.id)
    await call_people(deployment)
    return HANDED_OVER


async def _words(deployment: Deployment, claim: Claim, text: str) -> str:
    mailbox = await deployment.store.read(lambda s: s.get_one(Mailbox, claim.mailbox_id))
    return crisis_words(deployment, mailbox, signs_of_crisis(text) or "en")
