"""`/v1/contacts`: the account's address book, and whether a number has iMessage."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from phone.emulator.api_numbers import phone_number
from phone.emulator.gate import CamelBody, Page50, TheTwin, authorised, cut
from phone.emulator.handles import NoHandle, handle, is_email
from phone.emulator.line import Line, iso
from phone.emulator.records import ContactRecord
from phone.emulator.refusals import Refusal, invalid, not_found
from phone.emulator.wire import contact_object

router = APIRouter(prefix="/v1/contacts", tags=["contacts"], dependencies=[Depends(authorised)])

Name = Annotated[str, Field(min_length=1)]


class NewContactBody(CamelBody):
    """`POST /v1/contacts`."""

    phone_number: str
    name: Name
    email: str | None = None
    notes: str | None = None


class ContactBody(CamelBody):
    """`PATCH /v1/contacts/{id}`: only what is there changes."""

    phone_number: str | None = None
    name: Name | None = None
    email: str | None = None
    notes: str | None = None


def contact_by_id(line: Line, contact_id: str) -> ContactRecord:
    """Raises a 404 for an unknown one."""
    found = line.contacts.get(contact_id)
    if found is None:
        raise not_found("Contact")
    return found


@router.get("")
async def list_contacts(twin: TheTwin, page: Page50, search: str = "") -> dict[str, Any]:
    """Every contact, or those whose name, number or e-mail address holds a text."""
    wanted = search.casefold()
    found = [
        contact
        for contact in twin.line.contacts.values()
        if wanted in f"{contact.name} {contact.phone_number} {contact.email or ''}".casefold()
    ]
    shown, rest = cut(found, page)
    return {"data": [contact_object(contact) for contact in shown]} | rest


@router.post("", status_code=201)
async def create_contact(body: NewContactBody, twin: TheTwin) -> dict[str, Any]:
    """A new contact. Raises a 409 for a number that has one."""
    line, now = twin.line, twin.line.now()
    contact = ContactRecord(
        id=line.new_id(),
        phone_number=_unused(line, body.phone_number),
        name=body.name,
        email=_email(body.email),
        notes=body.notes,
        created_at=now,
        updated_at=now,
    )
    return contact_object(line.add("contact", contact.id, contact))


@router.get("/capabilities")
async def get_capabilities(phone_number: str, twin: TheTwin) -> dict[str, Any]:
    """Whether somebody can be reached by iMessage and by SMS."""
    line = twin.line
    if not any(number.type == "imessage" for number in line.active_numbers()):
        raise Refusal(400, "A capability lookup needs an active iMessage number on the account.")
    try:
        wanted = handle(phone_number)
    except NoHandle as error:
        raise invalid("phone_number", str(error)) from None
    able = {"imessage": line.person(wanted).imessage, "sms": not is_email(wanted)}
    return {"phoneNumber": wanted, "capabilities": able, "checkedAt": iso(line.now())}


@router.get("/{contact_id}")
async def get_contact(contact_id: str, twin: TheTwin) -> dict[str, Any]:
    """One contact."""
    return contact_object(contact_by_id(twin.line, contact_id))


@router.patch("/{contact_id}")
async def update_contact(contact_id: str, body: ContactBody, twin: TheTwin) -> dict[str, Any]:
    """Change what is given."""
    line = twin.line
    contact = contact_by_id(line, contact_id)
    if body.phone_number is not None:
        contact.phone_number = _unused(line, body.phone_number, but=contact)
    if body.name is not None:
        contact.name = body.name
    if "email" in body.model_fields_set:
        contact.email = _email(body.email)
    if "notes" in body.model_fields_set:
        contact.notes = body.notes
    contact.updated_at = line.now()
    line.touch("contact", contact.id)
    return contact_object(contact)


@router.delete("/{contact_id}", status_code=204, response_class=Response)
async def delete_contact(contact_id: str, twin: TheTwin) -> Response:
    """Forget a contact; the conversations stay."""
    contact_by_id(twin.line, contact_id)
    twin.line.drop("contact", contact_id)
    return Response(status_code=204)


def _unused(line: Line, text: str, *, but: ContactRecord | None = None) -> str:
    number = phone_number("phoneNumber", text)
    for contact in line.contacts.values():
        if contact.phone_number == number and contact is not but:
            raise Refusal(409, f"A contact with the number {number} exists already.")
    return number


def _email(text: str | None) -> str | None:
    return text.strip().lower() if text else None
