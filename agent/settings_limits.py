"""The settings of the limits, one line each: how much of what is allowed to whom."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_settings import BaseSettings

from safety.limits import WORDS, Limit, Limits, Measure, Scope, TurnLimits, rates

PREFIX = "threedots_limit_"
"""Begins the name of every limit; then come whose it is and what is limited."""


def _checked(written: str) -> str:
    rates(written)
    return written


Windows = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_checked)]
"""`30/hour 150/day`; `0` is no limit."""

_WHO = {
    "sender": "one person, in their own conversations",
    "group": "one group",
    "number": "one of your numbers, everybody together",
    "block": "phone numbers that differ in their last four digits only",
    "deployment": "the whole deployment",
}

_NAMES = {**WORDS, "cost_usd": "dollars for the model"}


def _windows(scope: Scope, measure: Measure, default: str) -> Any:
    told = f"{_NAMES[measure]} for {_WHO[scope]}; 0 is no limit."
    return Field(default=default, description=told[0].upper() + told[1:])


class LimitSettings(BaseSettings):
    """How much of what: per turn, and per hour and day (UTC) for each person, group, number, all.

    `docs/limits.md` says what happens at 100 % of each.
    """

    threedots_limit_turn_tool_calls: int = Field(
        default=12, ge=0, description="Tool calls in one turn; 0 is no limit."
    )
    threedots_limit_turn_bubbles: int = Field(
        default=12,
        ge=0,
        description="Bubbles of one turn after which no tool sends more; the words that end it "
        "still go out; 0 is no limit.",
    )
    threedots_limit_turn_segments: int = Field(
        default=30,
        ge=0,
        description="SMS segments of one text of the model; a longer one comes back to it to be "
        "said in fewer words; 0 is no limit.",
    )
    threedots_limit_turn_tokens: int = Field(
        default=20_000,
        ge=0,
        description="Tokens of the model's answers in one turn; from 80 % it gets no more tools; "
        "0 is no limit.",
    )
    threedots_limit_turn_cost: Decimal = Field(
        default=Decimal("0.50"),
        ge=0,
        description="Dollars for the model in one turn, where its price is known; from 80 % it "
        "gets no more tools; 0 is no limit.",
    )

    threedots_limit_turn_seconds: float = Field(
        default=60.0,
        ge=0,
        description="Seconds of thinking and of tools in one turn, after which it is ended with "
        "what has been said; 0 is no limit.",
    )

    threedots_limit_sender_turns: Windows = _windows("sender", "turns", "30/hour 150/day")
    threedots_limit_sender_bubbles: Windows = _windows("sender", "bubbles", "150/hour 600/day")
    threedots_limit_sender_segments: Windows = _windows("sender", "segments", "300/day")
    threedots_limit_sender_tool_calls: Windows = _windows("sender", "tool_calls", "240/hour")
    threedots_limit_sender_tokens: Windows = _windows("sender", "tokens", "2000000/day")
    threedots_limit_sender_cost: Windows = _windows("sender", "cost_usd", "2/day")

    threedots_limit_group_turns: Windows = _windows("group", "turns", "20/hour")
    threedots_limit_group_bubbles: Windows = _windows("group", "bubbles", "100/hour")
    threedots_limit_group_segments: Windows = _windows("group", "segments", "300/day")
    threedots_limit_group_tool_calls: Windows = _windows("group", "tool_calls", "160/hour")
    threedots_limit_group_tokens: Windows = _windows("group", "tokens", "2000000/day")
    threedots_limit_group_cost: Windows = _windows("group", "cost_usd", "2/day")

    threedots_limit_number_turns: Windows = _windows("number", "turns", "0")
    threedots_limit_number_newcomers: Windows = _windows("number", "newcomers", "60/hour")
    threedots_limit_number_bubbles: Windows = _windows("number", "bubbles", "0")
    threedots_limit_number_segments: Windows = _windows("number", "segments", "0")
    threedots_limit_number_tool_calls: Windows = _windows("number", "tool_calls", "0")
    threedots_limit_number_tokens: Windows = _windows("number", "tokens", "0")
    threedots_limit_number_cost: Windows = _windows("number", "cost_usd", "0")

    threedots_limit_block_newcomers: Windows = _windows("block", "newcomers", "0")

    threedots_limit_deployment_turns: Windows = _windows("deployment", "turns", "0")
    threedots_limit_deployment_newcomers: Windows = _windows("deployment", "newcomers", "0")
    threedots_limit_deployment_bubbles: Windows = _windows("deployment", "bubbles", "0")
    threedots_limit_deployment_segments: Windows = _windows("deployment", "segments", "1000/day")
    threedots_limit_deployment_tool_calls: Windows = _windows("deployment", "tool_calls", "0")
    threedots_limit_deployment_tokens: Windows = _windows("deployment", "tokens", "20000000/day")
    threedots_limit_deployment_cost: Windows = _windows("deployment", "cost_usd", "20/day")

    @property
    def window_names(self) -> list[str]:
        """The settings of limits per hour and day."""
        return [
            name
            for name in LimitSettings.model_fields
            if name.removeprefix(PREFIX).partition("_")[0] in get_args(Scope)
        ]

    @property
    def limits(self) -> Limits:
        """All of them, those of a person first: the nearest one is named when several refuse."""
        standing = [
            Limit(*whose_and_what(name), rate)
            for name in self.window_names
            for rate in rates(getattr(self, name))
        ]
        return Limits(
            standing=tuple(standing),
            turn=TurnLimits(
                tool_calls=self.threedots_limit_turn_tool_calls or None,
                bubbles=self.threedots_limit_turn_bubbles or None,
                segments=self.threedots_limit_turn_segments or None,
                tokens=self.threedots_limit_turn_tokens or None,
                cost_usd=self.threedots_limit_turn_cost or None,
                seconds=self.threedots_limit_turn_seconds or None,
            ),
        )


def whose_and_what(name: str) -> tuple[Any, Any]:
    """`threedots_limit_sender_cost` is `sender` and `cost_usd`."""
    scope, _, what = name.removeprefix(PREFIX).partition("_")
    return scope, "cost_usd" if what == "cost" else what


def setting_of(limit: Limit) -> str:
    """The environment variable that sets a limit."""
    what = "cost" if limit.measure == "cost_usd" else limit.measure
    return f"{PREFIX}{limit.scope}_{what}".upper()
