"""The webhook's doorway over real sockets: slow, lying and packed bodies are turned away."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import Awaitable, Callable

import httpx
import uvicorn

from server import BODY_LIMIT, WEBHOOK, Door

SECRET = "whsec_doorway_0123456789"
PATIENCE = 10.0


def at_the_door(story: Callable[[int], Awaitable[None]]) -> None:
    """Play a story against a door on this port. Nobody is behind it: what gets through is a 503."""

    async def play() -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        door = Door([SECRET], body_within=0.3)
        config = uvicorn.Config(door, log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            async with asyncio.timeout(PATIENCE):
                await story(listening.getsockname()[1])
        finally:
            server.should_exit = True
            await serving

    asyncio.run(play())


async def said(port: int, *pieces: bytes, headers: str, gap: float = 0.0) -> str:
    """What comes back when a body is sent in these pieces, with these headers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"POST {WEBHOOK} HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n".encode())
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(gap)
        return (await reader.readline()).decode().strip()
    finally:
        writer.close()


async def healthy(port: int) -> bool:
    async with httpx.AsyncClient() as http:
        return (await http.get(f"http://127.0.0.1:{port}/healthz", timeout=2)).is_success


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def test_a_body_that_trickles_in_is_cut_off_and_holds_up_nobody():
    async def story(port: int) -> None:
        slow = [
            asyncio.create_task(said(port, b"{", headers="Content-Length: 100")) for _ in range(20)
        ]
        await asyncio.sleep(0.05)
        assert await healthy(port)
        assert {line.split()[1] for line in await asyncio.gather(*slow)} == {"408"}
        assert await healthy(port)

    at_the_door(story)


def test_a_body_that_keeps_coming_slowly_is_cut_off_as_well():
    async def story(port: int) -> None:
        drops = [chunk(b"x")] * 8
        line = await said(port, *drops, headers="Transfer-Encoding: chunked", gap=0.06)
        assert " 408" in line

    at_the_door(story)


def test_a_chunked_body_is_counted_as_it_comes():
    async def story(port: int) -> None:
        pieces = [chunk(bytes(64 * 1024))] * (BODY_LIMIT // (64 * 1024) + 1)
        assert " 413" in await said(port, *pieces, headers="Transfer-Encoding: chunked")
        assert await healthy(port)

    at_the_door(story)


def test_a_chunk_that_lies_about_its_length_is_no_webhook():
    async def story(port: int) -> None:
        lie = b"5\r\nabcdefghij\r\n0\r\n\r\n"
        line = await said(port, lie, headers="Transfer-Encoding: chunked")
        assert " 400" in line or line == ""
        assert await healthy(port)

    at_the_door(story)


def test_a_body_that_ends_before_its_length_is_never_taken_for_whole():
    async def story(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST {WEBHOOK} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
        writer.write(head.encode() + b"{}")
        writer.write_eof()
        assert b" 200" not in await reader.read()
        writer.close()
        assert await healthy(port)

    at_the_door(story)


def test_a_packed_body_is_not_unpacked():
    async def story(port: int) -> None:
        bomb = gzip.compress(bytes(50_000_000))
        headers = f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}"
        assert " 415" in await said(port, bomb, headers=headers)
        assert await healthy(port)

    at_the_door(story)
