"""The offline demo: a script in place of a model, so that everything can be tried without a key.

It understands a handful of phrases and says plainly that it is a demo. What it does, it does
through the same tools as a real model, so the phone shows what the harness can do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel

from agent.build import END

HEADER = re.compile(r"^\[(?P<ref>m\d+) · (?P<rest>[^\]]*)\](?:\n(?P<text>.*))?$", re.DOTALL)
"""The line in square brackets that stands before every message, and the words after it."""

MARK = re.compile(r"</?data-[0-9a-f]+>")
"""What stands around other people's words in our context."""

TRY = (
    "Try: “thank you”, “my name is Ana”, “what's my name?”, “haha”, “send me a picture”, "
    "“set a background”, two questions at once, or “no need to answer”."
)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the demo reads off the messages: the newest texts, and what it was told beside them."""

    texts: list[tuple[str, str]]
    context: str
    tools: frozenset[str]
    effects: bool
    pictures: bool
    name: str

    @property
    def words(self) -> str:
        """All new texts together."""
        return " ".join(text for _, text in self.texts)

    def asks(self, pattern: str) -> re.Match[str] | None:
        """Whether the new texts say something like this."""
        return re.search(pattern, self.words, re.IGNORECASE)

    def line(self, label: str) -> str:
        """One line of the context: what stands behind `Now:`, `What you remember:`…"""
        found = re.search(rf"^{label}: (.*)$", self.context, re.MULTILINE)
        return MARK.sub("", found[1]) if found else ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the demo does: tool calls first, then its last words; silence where there are none."""

    words: str = ""
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


def demo_model(name: str) -> FunctionModel:
    """The scripted model, in the place of a real one."""

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        last = messages[-1]
        if isinstance(last, ModelRequest) and not isinstance(last.parts[-1], UserPromptPart):
            return _last_words(messages, name, info)
        plan = _plan(_heard(messages, name, info))
        if plan.calls:
            return ModelResponse([ToolCallPart(tool, args) for tool, args in plan.calls])
        return _ended(plan)

    return FunctionModel(answer, model_name="scripted")


def _last_words(messages: Sequence[ModelMessage], name: str, info: AgentInfo) -> ModelResponse:
    """After its tools ran: say the words of the plan, or own up to what did not work."""
    failed = [
        str(part.content)
        for part in messages[-1].parts
        if isinstance(part, ToolReturnPart) and part.outcome != "success"
    ]
    if failed:
        return ModelResponse([TextPart(f"That did not work here. ({failed[0]})")])
    return _ended(_plan(_heard(messages, name, info)))


def _ended(plan: Plan) -> ModelResponse:
    if plan.words:
        return ModelResponse([TextPart(plan.words)])
    return ModelResponse([ToolCallPart(END, {"reason": "nothing more to say"})])


def _heard(messages: Sequence[ModelMessage], name: str, info: AgentInfo) -> Heard:
    newest = next(
        message
        for message in reversed(messages)
        if isinstance(message, ModelRequest)
        and any(isinstance(p, UserPromptPart) for p in message.parts)
    )
    texts: list[tuple[str, str]] = []
    context, pictures = "", False
    for part in newest.parts:
        if not isinstance(part, UserPromptPart):
            continue
        first = part.content if isinstance(part.content, str) else str(part.content[0])
        if first.startswith("[About this conversation"):
            # Neighbouring requests are merged: only what follows our context is the burst.
            context, texts, pictures = first, [], False
        elif header := HEADER.match(first):
            texts.append((header["ref"], header["text"] or ""))
            pictures = pictures or not isinstance(part.content, str)
    effects = any("send_style" in str(tool.parameters_json_schema) for tool in info.function_tools)
    tools = frozenset(tool.name for tool in info.function_tools)
    return Heard(texts, context, tools, effects, pictures, name)


def _plan(heard: Heard) -> Plan:
    """The first rule that fits; the demo's introduction when none does."""
    return next((plan for rule in RULES if (plan := rule(heard)) is not None), _introduction(heard))


def _silence(heard: Heard) -> Plan | None:
    if heard.asks(r"no need to (answer|reply)|don'?t (answer|reply)"):
        return Plan()
    return None


def _congratulation(heard: Heard) -> Plan | None:
    if heard.asks(r"congrat|birthday|i got the job|we won|i passed|we'?re engaged|happy new year"):
        return _with_effect(heard, "Congratulations! 🎉", "confetti")
    return None


def _thanks(heard: Heard) -> Plan | None:
    if heard.asks(r"\bthank(s| you)\b|\bthx\b|\bmerci\b|\bgracias\b"):
        return _with_effect(heard, "You're welcome! 💛", "love")
    return None


def _with_effect(heard: Heard, words: str, style: str) -> Plan:
    if not heard.effects:
        return Plan(f"{words} (On iMessage this comes with an effect.)")
    return Plan(calls=[("send", {"text": words, "send_style": style})])


def _laugh(heard: Heard) -> Plan | None:
    if "react" in heard.tools and heard.asks(r"\b(ha){2,}\b|\blol\b|\blmao\b|😂|🤣"):
        return Plan(calls=[("react", {"tapback": "laugh"})])
    return None


def _nod(heard: Heard) -> Plan | None:
    if "react" in heard.tools and heard.asks(
        r"^\s*(ok(ay)?|cool|great|nice|perfect|love it|👍|good night)\W*$"
    ):
        return Plan(calls=[("react", {"tapback": "love" if heard.asks("love|night") else "like"})])
    return None


def _background(heard: Heard) -> Plan | None:
    if not heard.asks(r"\bbackground\b"):
        return None
    if "set_background" not in heard.tools:
        return Plan(
            "Backgrounds exist only in iMessage conversations with one person, and this is none."
        )
    if heard.asks(r"\b(remove|take away|clear|delete|no more)\b"):
        return Plan("Gone.", [("remove_background", {})])
    known = _handles(heard)
    wanted = next(
        (handle for handle in known if re.search(rf"\b{handle}\b", heard.words, re.IGNORECASE)),
        None,
    )
    handle = wanted or next(iter(known), None)
    if handle is None:
        return Plan("I have no pictures to use as a background.")
    return Plan(
        f"How about this one? It is called “{handle}”.", [("set_background", {"media": handle})]
    )


def _picture(heard: Heard) -> Plan | None:
    if not heard.asks(r"\b(picture|photo|cake|image)\b") or heard.pictures:
        return None
    known = [handle for handle, shows in _handles(heard).items() if "background" not in shows]
    if not known:
        return Plan("I have no pictures to send here.")
    return Plan(calls=[("send", {"text": "Here you go.", "media": known[:1]})])


def _handles(heard: Heard) -> dict[str, str]:
    """Handle to what it shows, from the context's list of pictures."""
    listed = heard.line("Pictures you can send").split("; ")
    pairs = [entry.partition(": ") for entry in listed]
    return {handle: shows for handle, colon, shows in pairs if colon}


def _seen(heard: Heard) -> Plan | None:
    if heard.pictures:
        return Plan(
            "I got your attachment. I'm the offline demo, so I can't look at it; a real model can."
        )
    return None


def _introduced(heard: Heard) -> Plan | None:
    named = heard.asks(
        r"\b(?:my name is|my name's|call me|i am called)\s+(?P<name>[^\W\d_][\w'-]*)"
    )
    if named is None:
        return None
    name = named["name"].capitalize()
    return Plan(
        f"Nice to meet you, {name}. I'll remember.",
        [("remember", {"fact": f"Their name is {name}"})],
    )


def _recalled(heard: Heard) -> Plan | None:
    if not heard.asks(
        r"(what'?s|what is|remember|know) my name|who am i|what do you (remember|know)"
    ):
        return None
    known = heard.line("What you remember")
    if name := re.search(r"Their name is ([\w'-]+)", known):
        return Plan(f"You're {name[1]}.")
    return Plan(f"What I remember of you: {known}.")


def _list(heard: Heard) -> Plan | None:
    if added := heard.asks(
        r"\b(?:put|add) (?P<item>[\w -]+?) (?:on|to) (?:my|the) (?:shopping )?list"
    ):
        call = ("shopping_list", {"change": "add", "items": [added["item"].strip()]})
        return Plan("It's on the list.", [call])
    return None


def _threads(heard: Heard) -> Plan | None:
    """Several questions at once: each is answered in thread, under its own words."""
    questions = [(ref, text) for ref, text in heard.texts if "?" in text]
    several = sum(text.count("?") for _, text in questions) > 1
    in_thread = heard.asks(r"\b(in|as a) (a )?thread")
    if "reply" not in heard.tools or not (several or in_thread):
        return None
    asked = questions or heard.texts[-1:]
    words = "(demo) A real model would answer this here: “{}”"
    return Plan(
        calls=[
            ("reply", {"message_id": ref, "text": words.format(text[:60])}) for ref, text in asked
        ]
    )


def _introduction(heard: Heard) -> Plan:
    wrote = " ".join(heard.words.split())
    quoted = f"You wrote “{wrote if len(wrote) <= 80 else wrote[:79] + '…'}”. " if wrote else ""
    return Plan(f"This is {heard.name}, the offline demo: a script, no AI. {quoted}{TRY}")


RULES: Sequence[Callable[[Heard], Plan | None]] = (
    _silence, _congratulation, _thanks, _introduced, _recalled, _list, _background, _threads,
    _picture, _seen, _laugh, _nod,
)  # fmt: skip
"""Tried in this order."""
