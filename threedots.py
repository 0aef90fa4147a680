"""The command line: each command a few lines into a room.

The project's own folder goes first on the path before any room is imported: `agent`, `tools` and
`memory` are names that strangers use too.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import asyncio
import errno
import gc
import os
import signal
import socket
import threading
import webbrowser
from typing import Annotated, Any, ClassVar

import typer
from dotenv import load_dotenv
from pydantic import ValidationError
from rich.console import Console

from agent.commands.lazily import Lazily
from phone.explained import Explained


class Commands(Lazily):
    """`phone`, `emulator`, `serve`, `chat` and `doctor` are below; the rest is in the rooms."""

    places: ClassVar[dict[str, str]] = {
        "connect": "agent.commands.connect:connect_webhook",
        "limits": "agent.commands.limits:limits",
        "outbox": "agent.commands.outbox:commands",
        "dead-letters": "agent.commands.dead_letters:commands",
        "conversations": "agent.commands.conversations:commands",
        "approvals": "agent.commands.approvals:commands",
        "consents": "agent.commands.consents:commands",
        "text-first": "agent.commands.consents:text_first",
        "alerts": "agent.commands.alerts:commands",
        "minors": "agent.commands.minors:commands",
        "transcripts": "evals.commands.to_scenario:commands",
        "eval": "evals.commands.evaluate:evaluate",
        "replay": "evals.commands.replay:replay",
        "compare": "evals.commands.verdicts:compare",
        "gate": "evals.commands.verdicts:gate",
        "judge-check": "evals.commands.verdicts:judge_check",
        "backup": "agent.commands.copies:back_up_database",
        "restore": "agent.commands.copies:restore",
        "sweep": "agent.commands.sweep:sweep_old",
    }


app = typer.Typer(
    cls=Commands,
    name="threedots",
    help="Put an AI agent on a phone number: SMS and iMessage through AgentPhone.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Fresh = Annotated[
    bool,
    typer.Option("--fresh", help="Start with an empty phone: delete it and its branches."),
]


@app.command()
def phone(
    port: Annotated[
        int, typer.Option(help="Port of the page; 0 takes a free one.", min=0, max=65535)
    ] = 8000,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Do not open the page in a browser.")
    ] = False,
    fresh: Fresh = False,
) -> None:
    """Text your agent on a phone in the browser; no key needed

    The emulator, the harness and the page in one process on 127.0.0.1. Ignores AGENTPHONE_* and
    DATABASE_URL and keeps everything in .threedots/phone.db. Without a key and a model the offline
    demo answers (THREEDOTS_MODEL=scripted).
    """
    from agent.models import model_for
    from agent.settings import SCRIPTED
    from evals.desk.app import PARTS, Phone
    from evals.local import Local, local_settings, start_afresh

    listening = _listen("127.0.0.1", port)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    if fresh:
        start_afresh()
    settings = local_settings(address)
    model = model_for(settings, or_scripted=True)
    out.print(f"Threedots phone: {address}")
    demo = "The offline demo answers. Set OPENAI_API_KEY or THREEDOTS_MODEL for a real model."
    out.print(demo if model.model_name == SCRIPTED else f"{model.model_name} answers.")
    asyncio.run(_open_once(settings.database_url))
    if not no_open:
        threading.Timer(1.0, webbrowser.open, [address]).start()
    _serve(Phone(Local(settings, model, parts=PARTS)), listening)


@app.command()
def emulator(
    webhook_url: Annotated[
        str | None, typer.Option(help="Where webhooks go: https, or http on this machine.")
    ] = None,
    webhook_secret: Annotated[
        str | None, typer.Option(help="What they are signed with; a new one if left out.")
    ] = None,
    api_key: Annotated[str, typer.Option(help="The API key that is let in.")] = "sk_twin",
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)
    ] = 8001,
    time_scale: Annotated[
        float,
        typer.Option(help="What the pauses between webhook retries are multiplied by.", min=0.0),
    ] = 1.0,
) -> None:
    """Run AgentPhone's twin alone, for any client in any language

    Serves the API under /v1, the far side of the line under /handset, and the phone page at /.
    Forgets everything when it stops.
    """
    from phone.emulator.app import create_app
    from phone.emulator.refusals import Refusal
    from phone.emulator.twin import Twin

    listening = _listen(host, port)
    try:
        twin = Twin(
            api_keys=(api_key,),
            webhook_url=webhook_url,
            webhook_secret=webhook_secret,
            time_scale=time_scale,
        )
    except Refusal as error:
        raise typer.BadParameter(str(error), param_hint="--webhook-url") from error
    address = f"http://{host}:{listening.getsockname()[1]}"
    out.print(f"AgentPhone's twin: {address}   (API key {api_key})")
    for line in twin.line.numbers.values():
        out.print(f"  {line.type:9} {line.phone_number}")
    _serve(create_app(twin, run_twin=True), listening)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8080,
) -> None:
    """Answer a real number through AgentPhone

    Needs AGENTPHONE_API_KEY, AGENTPHONE_WEBHOOK_SECRET and a model. `threedots connect` points
    AgentPhone's webhook here. Stops cleanly on SIGTERM: turns under way are finished.
    """
    from agent.doctor_settings import say_misspelt
    from agent.logs import log_to
    from agent.models import model_for
    from agent.settings import Settings
    from memory.copies import at_home
    from memory.disks import check_disk
    from server import create_app

    settings = Settings()
    if settings.agentphone_api_key is None:
        _fail(
            "AGENTPHONE_API_KEY is not set. Take it from AgentPhone's dashboard into .env.",
            2,
        )
    if not settings.webhook_secrets:
        _fail(
            "AGENTPHONE_WEBHOOK_SECRET is not set, and without it nobody could tell a forged "
            "message from a real one. Run: threedots connect --url https://your-host",
            2,
        )
    try:
        application = create_app(settings, model_for(settings), bound_to=host)
        check_disk(settings.database_url)
        asyncio.run(_open_once(settings.database_url))
    except ValueError as error:
        _fail(str(error), 2)
    log_to(sys.stderr, settings)
    say_misspelt(os.environ)
    with at_home(settings.database_url):
        listening = _listen(host, port)
        out.print(
            f"Threedots is listening on http://{host}:{listening.getsockname()[1]}"
            "/webhooks/agentphone"
        )
        _serve(application, listening, log_config=None)


@app.command()
def chat(
    fresh: Fresh = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also show what the agent called.")
    ] = False,
    sms: Annotated[bool, typer.Option("--sms", help="Text by SMS instead of iMessage.")] = False,
) -> None:
    """Text your agent in the terminal

    The phone without a page. Shares .threedots/phone.db with `threedots phone`. End with Ctrl-D.
    """
    from agent.models import model_for
    from evals.local import Local, local_settings, start_afresh
    from phone.emulator.terminal import chat as text

    if fresh:
        start_afresh()
    settings = local_settings()
    local = Local(settings, model_for(settings, or_scripted=True), in_process=True)
    asyncio.run(text(local, console=out, channel="sms" if sms else "imessage", verbose=verbose))


@app.command()
def doctor(
    json_output: Annotated[
        bool, typer.Option("--json", help="Print JSON instead of lines.")
    ] = False,
) -> None:
    """Check settings, database, key, line, webhook and clock

    One line each, with the fix where something is wrong. Exit code 1 when something must be mended.
    """
    from agent.doctor import examine
    from agent.settings import Settings

    findings = asyncio.run(examine(Settings(), environment=os.environ))
    if json_output:
        out.print_json(data=[finding.as_json() for finding in findings])
    else:
        for finding in findings:
            out.print(str(finding))
    raise typer.Exit(any(finding.is_trouble for finding in findings))


async def _open_once(database_url: str) -> None:
    """Bring the database up to date before anything listens: its trouble is said plainly."""
    from memory.database_file import check_whole, served_alone
    from memory.store import Store

    with served_alone(database_url):
        check_whole(database_url)
        async with Store(database_url):
            pass


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket, so that a taken port is said before anything else is begun."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(1024)
    except OSError as error:
        listening.close()
        option = "--port" if error.errno in (errno.EADDRINUSE, errno.EACCES) else "--host"
        _fail(
            f"Port {port} on {host} cannot be used ({error.strerror}). Choose another with "
            f"{option}.",
            1,
        )
    return listening


def _serve(application: Any, listening: socket.socket, **options: Any) -> None:
    import uvicorn

    config = uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=5,
        **options,
    )
    # uvicorn raises the signal that stopped it once more at the end; a clean stop exits with 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run(sockets=[listening])


def _fail(text: str, code: int) -> Any:
    err.print(text)
    raise SystemExit(code)


def main() -> None:
    """Run the command line; what is wrong with the settings is one sentence, not a traceback."""
    gc.set_threshold(50_000, 10, 10)  # or a tenth of a start goes into looking for rubbish
    load_dotenv(Path(".env"))
    try:
        app()
    except Exception as error:
        text, code = _explained(error)
        _fail(text, code)


def _explained(error: Exception) -> tuple[str, int]:
    """What to tell the operator, and the exit code; any other error is raised again."""
    from pydantic_settings import SettingsError

    match error:
        case ValidationError():
            return "\n".join(_problem(problem) for problem in error.errors()), 2
        case SettingsError():
            return str(error.__cause__ or error), 2
        case Explained():
            return str(error), error.exit_code
        case OSError(filename=str(name)):
            return f"{name} cannot be used: {error.strerror}.", 1
        case _:
            raise error


def _problem(problem: Any) -> str:
    names = [str(part).upper() for part in problem["loc"]]
    return ": ".join([*names, str(problem["msg"]).removeprefix("Value error, ")])


if __name__ == "__main__":
    main()
