"""The branches of a phone: made from a moment of a conversation, each a phone of its own.

A branch is a file (`.threedots/branches/<id>.db`) and an entry in the phone's own database. It is
started when somebody first asks for it, and stopped when nobody has for a while.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic_ai.models import Model
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.deployment import Deployment
from agent.models import NoModel, model_for
from agent.settings import Settings
from evals.desk import tree
from evals.desk.cutting import Cut, cut
from evals.local import Below, Local, branch_file, delete_branch
from memory import engines
from memory.keepsakes import Branch
from memory.lines import excerpt
from memory.store import Store
from phone.clock import SystemClock, utc
from phone.emulator.records import MessageRecord
from phone.emulator.rewinding import NoSuchPlace

log = logging.getLogger(__name__)

IDLE = 600.0
"""Seconds without a request after which a branch is stopped. An open page asks all the time."""

NOT_NOW = "The phone is starting or stopping; ask again in a moment."

Kind = Literal["fork", "retry", "side"]


class NotNow(Exception):
    """The phone, or the branch, is starting or stopping."""


class BadWish(ValueError):
    """A branch that cannot be: an unknown model, a folder without prompts. Says what would do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A branch somebody wants.

    Attributes:
        message_id: The bubble it begins at: after one of the agent's, before one of a person's.
            None begins it after all there is.
        cut: Says it more exactly, in place of the above.
        name: Called after its words when None.
        prompts_folder, model: What answers there; None for what answers where it is made from.
    """

    conversation_id: str
    message_id: str | None = None
    cut: Cut | None = None
    kind: Kind = "fork"
    name: str | None = None
    prompts_folder: str | None = None
    model: str | None = None


@dataclass
class _Open:
    """A branch at work.

    Attributes:
        busy: Requests under way.
        used_at: When the latest one ended, on the event loop's clock.
    """

    started: asyncio.Future[tuple[Local, ASGIApp]]
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    busy: int = 0
    used_at: float = 0.0


class Branches:
    """All branches of one phone, and the branches of those: an ASGI app below `/branches/`.

    Attributes:
        phone: The phone itself, whose database knows them all.
    """

    def __init__(
        self, phone: Local, app_of: Callable[[Local, str], ASGIApp], *, idle_for: float = IDLE
    ) -> None:
        """Nothing is started yet.

        Args:
            app_of: Makes the application of a branch, by its phone and its id.
        """
        self.phone = phone
        self._app_of = app_of
        self._idle_for = idle_for
        self._open: dict[str, _Open] = {}
        self._tasks: asyncio.TaskGroup | None = None

    @property
    def store(self) -> Store:
        """The phone's own database. Raises NotNow."""
        return harness_of(self.phone).store

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Branches can be asked for until the block ends; then all are stopped."""
        async with asyncio.TaskGroup() as self._tasks:
            try:
                yield
            finally:
                for opened in self._open.values():
                    opened.stop.set()
        self._tasks = None

    async def every(self) -> list[Branch]:
        """All of them, oldest first."""
        return await self.store.read(tree.every)

    async def rename(self, branch_id: str, name: str) -> Branch:
        """Call a branch otherwise. Raises NoSuchBranch."""
        return await self.store.write(partial(tree.rename, branch_id=branch_id, name=name))

    async def delete(self, branch_id: str) -> None:
        """Stop a branch and delete its file. Raises NoSuchBranch."""
        await self.store.write(partial(tree.remove, branch_id=branch_id))
        if (opened := self._open.get(branch_id)) is not None:
            opened.stop.set()
            await opened.ended.wait()
        delete_branch(_database(self.phone.settings), branch_id)

    async def make(self, wish: Wish, *, of: Local, here: str | None) -> Branch:
        """Make a branch of what goes on in `of`: the phone, or the branch `here`.

        Raises:
            NoSuchPlace: It has no such conversation, or no such message in it.
            BadWish: What is to answer there cannot.
        """
        parent = await self.store.read(partial(tree.one, branch_id=here)) if here else None
        at, words = wish.cut or Cut(wish.conversation_id), "all of it"
        if wish.message_id is not None:
            message = _message(of, wish.conversation_id, wish.message_id)
            words = excerpt(message.body, 60) or "a photo"
            is_before = message.direction == "inbound"
            at = wish.cut or Cut(wish.conversation_id, message.id, is_before)
        branch = Branch(
            id=secrets.token_hex(5),
            name=wish.name or excerpt(words, 30),
            parent=here,
            kind=wish.kind,
            conversation_id=wish.conversation_id,
            message_id=at.message_id,
            words=words,
            turn_id=at.turn_id,
            prompts_folder=_folder(wish.prompts_folder)
            or (parent.prompts_folder if parent else None),
            model=wish.model or (parent.model if parent else None),
            created_at=utc(_now()),
        )
        self._model(branch)
        await of.twin.save()
        source = _database(of.settings)
        await asyncio.to_thread(cut, source, self._file(branch.id), at)
        await self.store.write(partial(tree.add, branch=branch))
        return branch

    @asynccontextmanager
    async def opened(self, branch_id: str) -> AsyncIterator[tuple[Local, ASGIApp]]:
        """A branch at work: its phone and its application. It is not idle until the block ends.

        Raises:
            NoSuchBranch: There is none with this id.
            NotNow: It could not be started, or the phone stops.
        """
        opened = await self._begun(branch_id)
        opened.busy += 1
        try:
            yield await asyncio.shield(opened.started)
        finally:
            opened.busy -= 1
            opened.used_at = asyncio.get_running_loop().time()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        branch_id, slash, _ = scope["path"].removeprefix("/branches/").partition("/")
        answer: ASGIApp
        try:
            if not slash:
                await self.store.read(partial(tree.one, branch_id=branch_id))
                answer = RedirectResponse(f"{tree.address_of(branch_id)}/")
                await answer(scope, receive, send)
                return
            async with self.opened(branch_id) as (_, app):
                await app(scope, receive, send)
        except (tree.NoSuchBranch, NotNow) as error:
            status = 404 if isinstance(error, tree.NoSuchBranch) else 503
            answer = JSONResponse({"detail": str(error)}, status)
            await answer(scope, receive, send)

    def _file(self, branch_id: str) -> Path:
        return branch_file(_database(self.phone.settings), branch_id)

    def _model(self, branch: Branch) -> Model:
        if branch.model is None:
            return self.phone.model
        asked = self.phone.settings.model_copy(update={"threedots_model": branch.model})
        try:
            return model_for(asked)
        except NoModel as error:
            why = error.__cause__ or error
            raise BadWish(
                f"model is {branch.model!r}, which cannot be used: {why}. Name one as in "
                "THREEDOTS_MODEL, such as openai:gpt-5-mini or scripted."
            ) from error

    async def _begun(self, branch_id: str) -> _Open:
        """The branch at work; one that is just stopping is started again afterwards."""
        while True:
            branch = await self.store.read(partial(tree.one, branch_id=branch_id))
            opened = self._open.get(branch_id)
            if opened is None:
                if self._tasks is None:
                    raise NotNow(NOT_NOW)
                opened = _Open(asyncio.get_running_loop().create_future())
                self._open[branch_id] = opened
                self._tasks.create_task(self._run(branch, opened))
            if not opened.stop.is_set():
                return opened
            await opened.ended.wait()

    async def _run(self, branch: Branch, opened: _Open) -> None:
        """One branch from its start to its end, which no other branch notices."""
        try:
            local = await asyncio.to_thread(self._local, branch)
            async with local.running():
                app = Below(self._app_of(local, branch.id), tree.address_of(branch.id))
                opened.started.set_result((local, app))
                await self._idle(opened)
                opened.stop.set()
        except Exception as error:
            log.exception("branch %s has stopped", branch.id)
            if not opened.started.done():
                opened.started.set_exception(NotNow(f"The branch could not be started: {error}"))
        finally:
            opened.stop.set()
            del self._open[branch.id]
            opened.ended.set()

    async def _idle(self, opened: _Open) -> None:
        """Return when it is to stop, or when nobody has asked for anything for a while."""
        loop = asyncio.get_running_loop()
        opened.used_at = loop.time()
        while not opened.stop.is_set():
            left = opened.used_at + self._idle_for - loop.time()
            if left <= 0 and opened.busy == 0:
                return
            try:
                async with asyncio.timeout(left if left > 0 else self._idle_for):
                    await opened.stop.wait()
            except TimeoutError:
                continue

    def _local(self, branch: Branch) -> Local:
        file, settings = self._file(branch.id), self.phone.settings
        if not file.exists():
            raise FileNotFoundError(f"its file {file} is gone; delete the branch")
        base_url = f"{settings.agentphone_base_url}{tree.address_of(branch.id)}"
        own: dict[str, Any] = {
            "agentphone_base_url": base_url,
            "threedots_public_url": base_url,
            "database_url": f"sqlite:///{file}",
        }
        if branch.prompts_folder is not None:
            own["threedots_prompts_dir"] = Path(branch.prompts_folder)
        local = Local(
            settings.model_copy(update=own),
            self._model(branch),
            clock=self.phone.clock,
            in_process=True,
            parts=self.phone.parts,
        )
        _go_on_from(local)
        return local


def harness_of(local: Local) -> Deployment:
    """The harness of a phone that is at work. Raises NotNow."""
    if local.deployment is None:
        raise NotNow(NOT_NOW)
    return local.deployment


def _go_on_from(local: Local) -> None:
    """The line's clock may have been moved: time goes on from the newest message, never back."""
    clock, messages = local.twin.clock, local.twin.line.messages.values()
    newest = max((message.at for message in messages), default=0.0)
    if isinstance(clock, SystemClock) and newest > clock.now():
        clock.advance(newest - clock.now() + 1.0)


def _message(of: Local, conversation_id: str, message_id: str) -> MessageRecord:
    line = of.twin.line
    if conversation_id not in line.conversations:
        raise NoSuchPlace(f"There is no conversation {conversation_id} on this line.")
    message = line.messages.get(message_id)
    if message is None or message.conversation_id != conversation_id:
        raise NoSuchPlace(f"There is no message {message_id} in this conversation.")
    return message


def _folder(prompts_folder: str | None) -> str | None:
    """A folder of prompts, from the root of the machine. Raises BadWish."""
    if prompts_folder is None:
        return None
    folder = Path(prompts_folder).expanduser().resolve()
    if not (folder / "instructions.md").is_file():
        raise BadWish(
            f"prompts_folder is {prompts_folder!r}, which holds no instructions.md; name a folder "
            "of prompts, such as prompts"
        )
    return str(folder)


def _database(settings: Settings) -> Path:
    return Path(str(engines.database(settings.database_url).database))


def _now() -> float:
    return SystemClock().now()
