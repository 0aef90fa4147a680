"""Pointing AgentPhone's webhook at a server, and keeping the secret that comes of it.

read every webhook ─▶ register, only where something differs ─▶ keep the secret ─▶ try it out

Each registration makes a new secret and ends the old one, so that a needless one would cost every
message on its way. What AgentPhone shows is taken over instead.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from agent.findings import Finding
from agent.secret_place import NAME, Place
from phone.account import Webhook, WebhookTest
from phone.checks import is_local_http
from phone.client import AgentPhoneClient
from phone.errors import NotFound, PhoneError, Unreachable
from phone.explained import Explained
from phone.hooks import PATH, Hooks, hooks_of
from phone.keyring import Key, replaced, write_keys, written
from phone.webhook import TRIAL


class CannotConnect(Explained):
    """Nothing was changed, or nobody knows whether it was. Says what to do."""


@dataclass
class Connected:
    """What was done, or would be.

    Attributes:
        why: Why it had to be registered; empty when it was right already.
        stored: The file that holds the secrets now; None when nothing can be kept there.
        unsaved: The whole setting, when it could not be kept and must not be lost.
        test: How the server answered; None when it was not asked.
    """

    url: str
    agent_id: str | None
    why: str
    dry_run: bool
    stored: str | None = None
    unsaved: str = ""
    test: WebhookTest | None = None
    findings: list[Finding] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For `--json`. The secret is in it only when it is kept nowhere else."""
        test = self.test
        answer = {"status": test.status_code, "ms": test.response_ms} if test else None
        return {
            "url": self.url,
            "agent_id": self.agent_id,
            "dry_run": self.dry_run,
            "registers": bool(self.why),
            "stored": self.stored,
            "unsaved": self.unsaved or None,
            "answered": test.success if test else None,
            "answer": answer,
            "findings": [finding.as_json() for finding in self.findings],
        }


def address(url: str, *, twin: bool = False) -> str:
    """Where AgentPhone is to deliver, of the address of a server or of the path itself.

    Args:
        twin: Whether it is told to a twin on this machine, which also takes http.

    Raises:
        CannotConnect: It is no address, or not https.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise CannotConnect(f"--url is {url!r}; write it like https://texts.example.com")
    if parts.scheme == "http" and not (twin and is_local_http(url.strip())):
        also = ", and a twin to http on its own machine" if twin else ""
        raise CannotConnect(f"--url is {url!r}; AgentPhone delivers to https only{also}.")
    if parts.query or parts.fragment or parts.username:
        raise CannotConnect(f"--url is {url!r}; leave out everything but host and path.")
    base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    return base if base.endswith(PATH) else base + PATH


async def connect(
    phone: AgentPhoneClient,
    *,
    url: str,
    agent_id: str | None,
    kept: Sequence[Key],
    place: Place | None,
    rotate: bool,
    dry_run: bool,
    now: float,
) -> Connected:
    """See that the project's webhook, or one agent's own, is this address, and its secret kept.

    Args:
        url: From `address`.
        kept: The secrets that are known so far, newest first.
        place: Where they are kept; None when only the environment holds them.
        rotate: Take a new secret although nothing differs.

    Raises:
        CannotConnect: The webhook could not be read or set.
    """
    hooks = await _read(phone, agent_id)
    hook = hooks.get(agent_id)
    why = _why(hook, url=url, kept=kept, rotate=rotate)
    done = Connected(url, agent_id, why, dry_run)
    done.findings += [_registration(done), *_astray(hooks, done)]
    if not dry_run and why:
        hook = await _register(phone, hook, url=url, agent_id=agent_id)
        hooks = {**hooks, agent_id: hook}
    if dry_run and why:
        done.findings.append(Finding("secret", "good", f"a new one would go {_whither(place)}"))
        return done
    _keep(done, _keys(hooks, agent_id, url=url, kept=kept, now=now), kept, place)
    if not dry_run:
        await _try_out(phone, done)
    return done


async def _read(phone: AgentPhoneClient, agent_id: str | None) -> Hooks:
    try:
        return await hooks_of(phone, also=agent_id)
    except NotFound as error:
        known = ", ".join(f"{agent.id} ({agent.name})" for agent in await phone.agents())
        raise CannotConnect(
            f"There is no agent {agent_id!r}. There are: {known or 'none'}."
        ) from error
    except PhoneError as error:
        raise CannotConnect(f"{error}. Nothing was changed.") from error


def _why(hook: Webhook | None, *, url: str, kept: Sequence[Key], rotate: bool) -> str:
    """Why it has to be registered, in words; empty when it is right as it is."""
    if hook is None:
        return "none is registered"
    if hook.url != url:
        return f"it points to {hook.url}"
    if rotate:
        return "a new secret is wanted"
    if not hook.secret.get_secret_value() and not kept:
        return "AgentPhone does not show its secret, and none is kept here"
    return ""


def _registration(done: Connected) -> Finding:
    whose = f"agent {done.agent_id}" if done.agent_id else "the project"
    if not done.why:
        return Finding("webhook", "good", f"{done.url} is registered for {whose} already")
    act = "would be registered" if done.dry_run else "registered"
    return Finding("webhook", "good", f"{done.url} {act} for {whose}: {done.why}")


def _astray(hooks: Hooks, done: Connected) -> list[Finding]:
    """Agents of whose messages we shall hear nothing, although the project's webhook is ours."""
    if done.agent_id is not None:
        return []
    return [
        Finding(
            "agent",
            "warning",
            f"{agent_id} has a webhook of its own, {hook.url}; its messages go there",
            f"threedots connect --url {done.url.removesuffix(PATH)} --agent {agent_id}",
        )
        for agent_id, hook in hooks.items()
        if agent_id is not None and hook.url != done.url
    ]


async def _register(
    phone: AgentPhoneClient, old: Webhook | None, *, url: str, agent_id: str | None
) -> Webhook:
    """Register it, as it was in everything but the address."""
    limits = {"context_limit": old.context_limit, "timeout": old.timeout} if old else {}
    try:
        hook = await phone.set_webhook(url, agent_id=agent_id, **limits)
        if hook.secret.get_secret_value():
            return hook
    except Unreachable:
        pass  # it may have happened, and then the secret is another one by now: look
    except PhoneError as error:
        raise CannotConnect(f"{error}. Nothing was changed.") from error
    before = old.secret.get_secret_value() if old else ""
    try:
        now = await phone.webhook(agent_id)
    except PhoneError:
        now = None
    if now is None or now.url != url or now.secret.get_secret_value() in ("", before):
        raise CannotConnect(
            "AgentPhone did not say whether the webhook was registered. Run the same once more: it"
            " reads first, and keeps the secret it finds."
        )
    return now


def _keys(
    hooks: Hooks, agent_id: str | None, *, url: str, kept: Sequence[Key], now: float
) -> list[Key]:
    """The secrets to keep: of the webhook just set, of others that come here, the former ones."""
    ours = {whose: hook for whose, hook in hooks.items() if hook.url == url}
    shown = {whose: hook.secret.get_secret_value() for whose, hook in ours.items()}
    is_hidden = not all(shown.values())  # then any of those we have may be it
    kept_too = [key.secret for key in kept if is_hidden and key.until is None]
    first = shown.pop(agent_id, "")
    live = [secret for secret in (first, *shown.values(), *kept_too) if secret]
    return replaced(kept, live=live, now=now)


def _keep(done: Connected, keys: list[Key], kept: Sequence[Key], place: Place | None) -> None:
    former = [key.until for key in keys if key.until is not None]
    until = f"; the former one counts until {written(max(former))}" if former else ""
    if keys == list(kept):
        done.stored = str(place.path) if place else None
        done.findings.append(Finding("secret", "good", f"kept already{until}"))
        return
    if done.dry_run:
        found = f"the one AgentPhone shows would go {_whither(place)}{until}"
        done.findings.append(Finding("secret", "good", found))
        return
    try:
        if place is None:
            raise OSError("the environment holds it, and wins over .env")
        place.write(keys)
    except OSError as error:
        done.unsaved = write_keys(keys)
        why = error.strerror or str(error)
        fix = f"Set it where the server gets it from, then restart: {NAME}={done.unsaved}"
        done.findings.append(Finding("secret", "trouble", f"could not be kept ({why})", fix))
    else:
        done.stored = str(place.path)
        done.findings.append(Finding("secret", "good", f"kept in {place.path}{until}"))


def _whither(place: Place | None) -> str:
    return f"into {place.path}" if place else "to the terminal: the environment wins over .env"


async def _try_out(phone: AgentPhoneClient, done: Connected) -> None:
    """Have AgentPhone deliver a test, and say what came back."""
    try:
        done.test = await phone.test_webhook(
            agent_id=done.agent_id, message=f"{TRIAL}{secrets.token_hex(8)}"
        )
    except PhoneError as error:
        found = f"AgentPhone did not deliver one: {error}"
        done.findings.append(Finding("test", "warning", found, "Run: threedots doctor"))
    else:
        done.findings.append(answer_to(done.test))


def answer_to(test: WebhookTest) -> Finding:
    """How our server answered AgentPhone's test, and what is to be done about it."""
    status = test.status_code
    if test.success:
        took = f" in {test.response_ms:.0f} ms" if test.response_ms is not None else ""
        return Finding("test", "good", f"a test webhook was answered {status or 200}{took}")
    if status == 401:
        fix = "The server has another secret, or its clock is off: restart it, then run doctor."
        return Finding("test", "trouble", "the server refused the test's signature (401)", fix)
    if status is not None and status < 500:
        fix = f"Is it Threedots that listens there, at {PATH}?"
        return Finding("test", "trouble", f"the test webhook was answered {status}", fix)
    why = f"answered {status}" if status else test.error or "no answer"
    fix = "Start threedots serve, see that https reaches it, then run threedots doctor."
    return Finding("test", "warning", f"the test webhook got nowhere: {why}", fix)
