"""The database of this machine's settings, asked by a command that does one thing to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sqlmodel import Session

from agent.settings import Settings
from memory.store import Store

T = TypeVar("T")


def read(work: Callable[[Session], T]) -> T:
    """What the database answers."""

    async def ask() -> T:
        async with Store(Settings().database_url) as store:
            return await store.read(work)

    return asyncio.run(ask())


def write(work: Callable[[Session], T]) -> T:
    """Change it, all of it or nothing."""

    async def change() -> T:
        async with Store(Settings().database_url) as store:
            return await store.write(work)

    return asyncio.run(change())
