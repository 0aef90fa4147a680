"""`/v1/numbers`: our phone numbers, as far as messages go."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from phone.emulator.gate import (
    CamelBody,
    Cursors,
    Page20,
    TheTwin,
    authorised,
    cut,
    cut_by_time,
)
from phone.emulator.handles import NoHandle, handle, is_email
from phone.emulator.line import Line
from phone.emulator.records import NumberRecord
from phone.emulator.refusals import Refusal, invalid, not_found
from phone.emulator.wire import number_message, number_object

router = APIRouter(prefix="/v1/numbers", tags=["numbers"], dependencies=[Depends(authorised)])

LIMIT = 10
"""How many numbers an account may have before it has to ask. AgentPhone docs, Pricing."""

LOOKUP_LIMIT = 25
"""How many numbers one lookup may name."""

AREA_CODE = r"^[2-9]\d{2}$"


class NewNumberBody(CamelBody):
    """`POST /v1/numbers`."""

    country: Literal["US", "CA"] = "US"
    area_code: Annotated[str, Field(pattern=AREA_CODE)] | None = None
    agent_id: str | None = None
    type: Literal["sms", "imessage"] = "sms"
    imessage_type: str | None = None
    external_id: str | None = None
    expires_at: str | None = None


class NumberBody(CamelBody):
    """`PATCH /v1/numbers/{id}`: only what is there changes."""

    external_id: str | None = None
    expires_at: str | None = None


class CardBody(CamelBody):
    """`PUT /v1/numbers/{id}/contact-card`."""

    first_name: str
    last_name: str
    display_name: str | None = None
    avatar_url: str | None = None


def number_by_id(line: Line, number_id: str) -> NumberRecord:
    """Raises a 404 for an unknown or released one."""
    found = line.numbers.get(number_id)
    if found is None or found.status != "active":
        raise Refusal(404, "Phone number not found.", code="PHONE_NUMBER_NOT_FOUND")
    return found


def free_numbers(line: Line, area_code: str | None, count: int) -> list[str]:
    """Numbers nobody has yet: in the given area, the exchange 555 that no carrier hands out."""
    taken = {number.phone_number for number in line.numbers.values()}
    area = area_code or "415"
    every = (f"+1{area}555{line_number:04d}" for line_number in range(10_000))
    free = (number for number in every if number not in taken)
    return [number for number, _ in zip(free, range(count), strict=False)]


@router.get("")
async def list_numbers(twin: TheTwin, page: Page20) -> dict[str, Any]:
    """Every number we have, oldest first."""
    shown, rest = cut(twin.line.active_numbers(), page)
    return {"data": [number_object(twin.line, number) for number in shown]} | rest


@router.post("")
async def buy_number(body: NewNumberBody, twin: TheTwin) -> dict[str, Any]:
    """A new number. The twin takes no money for it."""
    line = twin.line
    if body.agent_id is not None and body.agent_id not in line.agents:
        raise not_found("Agent")
    if len(line.active_numbers()) >= LIMIT:
        text = f"The account has its {LIMIT} numbers; release one first."
        raise Refusal(409, text, code="VALIDATION_ERROR_NUMBER_LIMIT")
    free = free_numbers(line, body.area_code, 1)
    if not free:
        raise Refusal(400, "No number is left in that area; choose another areaCode.")
    number = NumberRecord(
        id=line.new_id(),
        phone_number=free[0],
        type=body.type,
        agent_id=body.agent_id,
        country=body.country,
        created_at=line.now(),
        external_id=body.external_id,
        expires_at=body.expires_at,
    )
    return number_object(line, line.add("number", number.id, number))


@router.get("/available")
async def list_available(
    twin: TheTwin,
    area_code: Annotated[str | None, Query(alias="areaCode", pattern=AREA_CODE)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> dict[str, Any]:
    """Numbers that could be bought."""
    free = free_numbers(twin.line, area_code, limit)
    return {"data": [{"phoneNumber": one, "areaCode": one[2:5]} for one in free]}


@router.get("/lookup")
async def look_up(
    twin: TheTwin, phone_numbers: Annotated[str, Query(alias="phoneNumbers")]
) -> dict[str, Any]:
    """What kind of line each of some numbers is, as far as the twin knows: a mobile."""
    wanted = phone_numbers.split(",")
    if len(wanted) > LOOKUP_LIMIT:
        raise invalid("phoneNumbers", f"names {len(wanted)}; give {LOOKUP_LIMIT} at most")
    numbers = [phone_number("phoneNumbers", one) for one in wanted]
    entry = {"lineType": "mobile", "country": "US", "rcsEnabled": False}
    return {"data": [{"phoneNumber": number} | entry for number in numbers]}


def phone_number(field: str, text: str) -> str:
    """A number in E.164. Raises a 422 for anything else, an e-mail address too."""
    try:
        found = handle(text)
    except NoHandle as error:
        raise invalid(field, str(error)) from None
    if is_email(found):
        raise invalid(field, "is an e-mail address; give a phone number")
    return found


@router.get("/{number_id}")
async def get_number(number_id: str, twin: TheTwin) -> dict[str, Any]:
    """One number."""
    return number_object(twin.line, number_by_id(twin.line, number_id))


@router.patch("/{number_id}")
async def update_number(number_id: str, body: NumberBody, twin: TheTwin) -> dict[str, Any]:
    """Tag a number, or say until when it is kept. The twin releases none by itself."""
    number = number_by_id(twin.line, number_id)
    for field in body.model_fields_set:
        setattr(number, field, getattr(body, field))
    twin.line.touch("number", number.id)
    return number_object(twin.line, number)


@router.delete("/{number_id}")
async def release_number(number_id: str, twin: TheTwin) -> dict[str, Any]:
    """Give a number back, for good; its conversations can still be read."""
    number = number_by_id(twin.line, number_id)
    number.status, number.agent_id = "released", None
    twin.line.touch("number", number.id)
    return {"success": True, "phoneNumber": number.phone_number, "status": number.status}


@router.get("/{number_id}/messages")
async def list_number_messages(number_id: str, twin: TheTwin, page: Cursors) -> dict[str, Any]:
    """The messages on a number, newest first."""
    number = number_by_id(twin.line, number_id)
    shown, more = cut_by_time(twin.line, twin.line.messages_on[number.id], page)
    return {"data": [number_message(message) for message in shown], "hasMore": more}


@router.get("/{number_id}/contact-card")
async def get_card(number_id: str, twin: TheTwin) -> dict[str, Any]:
    """The name people see for the number."""
    return card_object(number_by_id(twin.line, number_id))


@router.put("/{number_id}/contact-card")
async def set_card(number_id: str, body: CardBody, twin: TheTwin) -> dict[str, Any]:
    """Give an iMessage number its name card."""
    number = number_by_id(twin.line, number_id)
    if number.type != "imessage":
        raise Refusal(400, "Contact cards exist on iMessage numbers only.")
    number.card = body.model_dump()
    twin.line.touch("number", number.id)
    return card_object(number)


@router.delete("/{number_id}/contact-card", status_code=204, response_class=Response)
async def delete_card(number_id: str, twin: TheTwin) -> Response:
    """Take the name card away."""
    number = number_by_id(twin.line, number_id)
    number.card = None
    twin.line.touch("number", number.id)
    return Response(status_code=204)


def card_object(number: NumberRecord) -> dict[str, Any]:
    """The name card, all None where there is none."""
    card = number.card or {}
    return {
        "firstName": card.get("first_name"),
        "lastName": card.get("last_name"),
        "displayName": card.get("display_name"),
        "hasAvatar": bool(card.get("avatar_url")),
    }
