"""Before each request to the model its money is set aside: turns side by side pass no limit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from pydantic_ai import RunContext
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.exceptions import UsageLimitExceeded
from pydantic_ai.models import ModelRequestContext

from agent.estimating import ANSWER, cost_of, tokens_in
from memory.reserving import Reserved, reserve
from memory.store import Store
from phone.clock import Clock
from safety.verdicts import Refused
from tools.hands import Hands


class NoMoney(UsageLimitExceeded):
    """The windows have no room for another request. Carries the rule that `refused` it."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason)
        self.refused = refused


@dataclass
class Purse(AbstractCapability[Hands]):
    """Sets aside what the next request may cost, or ends the turn where there is no room for it."""

    store: Store
    clock: Clock

    async def before_model_request(
        self, ctx: RunContext[Hands], request_context: ModelRequestContext
    ) -> ModelRequestContext:
        """Where there is room for this request and no other, the model gets no tools."""
        hands, offered = ctx.deps, request_context.model_request_parameters
        if not any(hands.limits.of(hands.scopes, ("cost_usd",))):
            return request_context
        tokens = tokens_in(request_context.messages, hands.instructions, offered)
        price = partial(cost_of, request_context.model)
        if not (next_one := price(input_tokens=tokens, output_tokens=ANSWER)):
            return request_context
        reserved = await self._reserve(hands, next_one)
        if isinstance(reserved.verdict, Refused):
            raise NoMoney(reserved.verdict)
        if reserved.is_last:
            offered = replace(offered, function_tools=[])
            request_context = replace(request_context, model_request_parameters=offered)
        return request_context

    async def _reserve(self, hands: Hands, next_one: Decimal) -> Reserved:
        answered = [one.cost_usd for one in hands.notes.requests if one.cost_usd is not None]
        return await self.store.write(
            partial(
                reserve,
                mailbox=hands.mailbox,
                turn_id=hands.turn_id,
                so_far=sum(answered, Decimal()),
                next_one=next_one,
                limits=hands.limits,
                now=self.clock.now(),
            )
        )
