"""Words of ours that no model writes: the answers to consent words, an apology, a notice."""

from __future__ import annotations

from functools import partial

from agent.alerting import call_people
from agent.deployment import Deployment
from agent.disclosing import introduction_for
from agent.thinking import Ending, outcome_of
from memory.bubbles import Draft, of_turn
from memory.permission import CRISIS, NOTICE
from memory.remembering import save_consent
from memory.tables import Bubble
from memory.turns import Burst, Claim
from safety.consent import Keyword
from tools.hands import SMS_LIMIT
from tools.introducing import introduced

NOTICES = {
    Keyword.STOP: "opted_out",
    Keyword.START: "opted_in",
    Keyword.HELP: "help",
    Keyword.CHILD: "under_13",
}
"""The prompt file with the static words for each consent word."""


UNCONFIRMED = {"platform": "the carrier confirms stop", "off": "nobody confirms stop"}
"""The reason of a turn in which we do not."""


async def say(
    deployment: Deployment,
    claim: Claim,
    burst: Burst,
    prompt: str,
    *,
    why: str,
    kind: str = "notice",
) -> Ending:
    """Send a static text of ours; a notice may also go to somebody who has just opted out."""
    drafts = [Draft(text=deployment.prompts.text(prompt, name=deployment.name))]
    if kind != "notice" and (introducing := await introduction_for(deployment, claim)):
        drafts = introduced(drafts, introducing, limit=SMS_LIMIT)
    sent = await deployment.outbox.send(claim, burst.turn.id, drafts, kind=kind)
    return Ending(outcome_of(sent), why)


async def answer_consent_words(deployment: Deployment, claim: Claim, burst: Burst) -> Ending | None:
    """Answer consent words with their static text, the last one; None where there are none."""
    said = [Keyword(message.keyword) for message in burst.messages if message.keyword]
    words = [word for word in said if word in NOTICES]
    if not words:
        return None
    why = f"notice for {words[-1]}"
    if burst.resumed and (sent := await notices(deployment, burst)):
        return Ending(outcome_of(sent), why)
    if words[-1] is Keyword.STOP and deployment.stop_confirmation != "harness":
        noticed = Ending("silent", UNCONFIRMED[deployment.stop_confirmation])
    else:
        noticed = await say(deployment, claim, burst, NOTICES[words[-1]], why=why)
    if words[-1] is Keyword.CHILD:
        await call_people(deployment)
    if words[-1] in (Keyword.STOP, Keyword.START):
        await save_consent(
            claim, phone=deployment.phone, store=deployment.store, clock=deployment.clock
        )
    return noticed


async def said_by_rule(deployment: Deployment, burst: Burst) -> Ending | None:
    """The ending of a turn taken up after a stop that had nothing left but static words to send."""
    if not burst.resumed:
        return None
    bubbles = await deployment.store.read(partial(of_turn, turn_id=burst.turn.id))
    static = [bubble for bubble in bubbles if bubble.kind in (NOTICE, CRISIS)]
    return Ending(outcome_of(static), "taken up after a stop") if static else None


async def notices(deployment: Deployment, burst: Burst) -> list[Bubble]:
    """The static words this turn has sent already."""
    bubbles = await deployment.store.read(partial(of_turn, turn_id=burst.turn.id))
    return [bubble for bubble in bubbles if bubble.kind == "notice"]
