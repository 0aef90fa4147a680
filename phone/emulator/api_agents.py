"""`/v1/agents`: the agents of the account, their numbers and their conversations."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field

from phone.emulator.api_conversations import conversation_page
from phone.emulator.api_numbers import number_by_id
from phone.emulator.gate import CamelBody, Page20, TheTwin, authorised, cut
from phone.emulator.line import Line
from phone.emulator.records import AgentRecord
from phone.emulator.refusals import Refusal, not_found
from phone.emulator.wire import agent_object, number_object

router = APIRouter(prefix="/v1/agents", tags=["agents"], dependencies=[Depends(authorised)])


class AgentBody(CamelBody):
    """`PATCH /v1/agents/{id}`. The twin keeps the voice fields and does nothing with them."""

    name: Annotated[str, Field(min_length=1)] | None = None
    description: str | None = None
    voice_mode: str | None = None
    model_tier: str | None = None
    system_prompt: str | None = None
    begin_message: str | None = None
    voice: str | None = None
    transfer_number: str | None = None
    voicemail_message: str | None = None
    stt_mode: str | None = None
    ambient_sound: str | None = None
    denoising_mode: str | None = None
    max_silence_ms: int | None = None
    enable_messaging: bool | None = None
    enable_backchannel: bool | None = None
    interruption_sensitivity: Annotated[float, Field(allow_inf_nan=False)] | None = None
    voice_speed: Annotated[float, Field(allow_inf_nan=False)] | None = None
    language: str | None = None

    def settings(self) -> dict[str, Any]:
        """The voice fields that were given, as they are told again."""
        return self.model_dump(exclude={"name", "description"}, exclude_unset=True, by_alias=True)


class NewAgentBody(AgentBody):
    """`POST /v1/agents`: a name is needed."""

    name: Annotated[str, Field(min_length=1)]


class AttachBody(CamelBody):
    """`POST /v1/agents/{id}/numbers`."""

    number_id: str


def agent_by_id(line: Line, agent_id: str) -> AgentRecord:
    """Raises a 404 for an unknown one."""
    found = line.agents.get(agent_id)
    if found is None:
        raise not_found("Agent")
    return found


@router.get("")
async def list_agents(twin: TheTwin, page: Page20) -> dict[str, Any]:
    """Every agent, oldest first."""
    shown, rest = cut(list(twin.line.agents.values()), page)
    return {"data": [agent_object(twin.line, agent) for agent in shown]} | rest


@router.post("")
async def create_agent(body: NewAgentBody, twin: TheTwin) -> dict[str, Any]:
    """A new agent, without numbers."""
    line = twin.line
    agent = AgentRecord(
        id=line.new_id(),
        name=body.name,
        description=body.description,
        settings=body.settings(),
        created_at=line.now(),
    )
    return agent_object(line, line.add("agent", agent.id, agent))


@router.get("/voices", include_in_schema=False)
async def list_voices() -> None:
    """Voices belong to calls. Raises a 404."""
    raise Refusal(404, "The twin does messages only: it has no voices.")


@router.get("/{agent_id}")
async def get_agent(agent_id: str, twin: TheTwin) -> dict[str, Any]:
    """One agent with its numbers."""
    return agent_object(twin.line, agent_by_id(twin.line, agent_id))


@router.patch("/{agent_id}")
async def update_agent(agent_id: str, body: AgentBody, twin: TheTwin) -> dict[str, Any]:
    """Change what is given."""
    agent = agent_by_id(twin.line, agent_id)
    if body.name is not None:
        agent.name = body.name
    if "description" in body.model_fields_set:
        agent.description = body.description
    agent.settings |= body.settings()
    twin.line.touch("agent", agent.id)
    return agent_object(twin.line, agent)


@router.delete("/{agent_id}")
async def delete_agent(agent_id: str, twin: TheTwin) -> dict[str, Any]:
    """Remove an agent. Its numbers stay, attached to nobody; its webhook goes."""
    line = twin.line
    agent_by_id(line, agent_id)
    for number in line.active_numbers(agent_id):
        number.agent_id = None
        line.touch("number", number.id)
    if agent_id in line.hooks:
        line.drop("hook", agent_id)
    line.drop("agent", agent_id)
    return {"success": True}


@router.post("/{agent_id}/numbers")
async def attach_number(agent_id: str, body: AttachBody, twin: TheTwin) -> dict[str, Any]:
    """Attach a number, taking it from any other agent."""
    agent = agent_by_id(twin.line, agent_id)
    number = number_by_id(twin.line, body.number_id)
    number.agent_id = agent.id
    twin.line.touch("number", number.id)
    return number_object(twin.line, number)


@router.delete("/{agent_id}/numbers/{number_id}")
async def detach_number(agent_id: str, number_id: str, twin: TheTwin) -> dict[str, Any]:
    """Detach a number; it stays ours."""
    agent_by_id(twin.line, agent_id)
    number = number_by_id(twin.line, number_id)
    if number.agent_id != agent_id:
        raise not_found("Number on this agent")
    number.agent_id = None
    twin.line.touch("number", number.id)
    return {"success": True}


@router.get("/{agent_id}/conversations")
async def list_agent_conversations(agent_id: str, twin: TheTwin, page: Page20) -> dict[str, Any]:
    """The conversations on an agent's numbers, the most lately written first."""
    agent_by_id(twin.line, agent_id)
    return conversation_page(twin.line, page, agent_id)
