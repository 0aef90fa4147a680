"""What a turn did to the line as commands one can paste: `curl` with the key left to a variable."""

from __future__ import annotations

import json
import shlex
from typing import Any

from memory.transcript import Act, BubbleSent, TurnRecord

BASE = "${AGENTPHONE_BASE_URL:-https://api.agentphone.ai}"
KEY = "Authorization: Bearer $AGENTPHONE_API_KEY"


def curl_of(record: TurnRecord, act: BubbleSent | Act) -> str | None:
    """The call to AgentPhone that an act was; None where the record cannot tell it.

    Pictures are named by their handles: a record holds no addresses.
    """
    if isinstance(act, BubbleSent):
        return _command("POST", "/v1/messages", _message(record, act))
    if act.act == "tapback":
        message_id = _message_id(record, act.ref)
        path = f"/v1/messages/{message_id}/reactions"
        return _command("POST", path, {"reaction": act.landed or act.asked}) if message_id else None
    if record.conversation.conversation_id is None:
        return None
    path = f"/v1/conversations/{record.conversation.conversation_id}/background"
    if act.asked is None:
        return _command("DELETE", path)
    return _command("POST", path, {"image_url": f"<address of {act.asked}>"})


def _message(record: TurnRecord, act: BubbleSent) -> dict[str, Any]:
    place = record.conversation
    given = {
        "from_number": place.number,
        "to_number": place.group_id or place.participant,
        "body": act.text,
        "media_urls": [f"<address of {handle}>" for handle in act.media],
        "reply_to_message_id": act.reply_to_message_id,
        "send_style": act.send_style,
    }
    return {name: value for name, value in given.items() if value not in (None, [])}


def _message_id(record: TurnRecord, ref: str | None) -> str | None:
    known = {heard.ref: heard.message_id for heard in record.heard}
    known |= {act.ref: act.message_id for act in record.wire if isinstance(act, BubbleSent)}
    return known.get(ref or "")


def _command(method: str, path: str, body: dict[str, Any] | None = None) -> str:
    lines = [f'curl -X {method} "{BASE}{path}"', f'-H "{KEY}"']
    if body is not None:
        lines.append("-H 'Content-Type: application/json'")
        lines.append(f"-d {shlex.quote(json.dumps(body, ensure_ascii=False))}")
    return " \\\n  ".join(lines)
