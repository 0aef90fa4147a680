"""That an AI writes: said once to everybody, and never denied to whoever asks.

    "are you a real person?"  ─▶  asked_whether_human(…)  ─▶  "en"
    the model: "Of course! Dinner is at eight."
    truthful(…)               ─▶  "I'm Threedots, an AI assistant, not a person.

                                   Dinner is at eight."

The question is recognised by rule and so is a denial. The truth leads whatever the model says, so
that a denial nobody recognised stands beside it at worst.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal

from safety.folding import clauses

AGAIN_AFTER = timedelta(days=180)
"""After so long a person is told anew: half a year is long enough to forget who writes."""

REMIND_AFTER = timedelta(hours=3)
"""In a conversation that goes on so long without being told, people are reminded: California's
SB 243 (Bus. & Prof. Code 22602(c)) has it for minors who text with a companion. A pause of the same
length ends a conversation."""

Introduction = Literal["sms", "imessage", "reminder"]
"""Which words introduced us. Those for SMS also name the brand and how to stop."""

LONGEST = 1000
"""Characters of a message that are read for the question."""


def introduction_due(
    told_at: Mapping[Introduction, datetime], *, channel: str, now: datetime
) -> Introduction | None:
    """Which introduction the next bubble is to carry; None when they have been told.

    Args:
        told_at: When they were last told, in which words.
        channel: What the bubble goes out on; whatever is not iMessage counts as SMS.
    """
    fresh = {kind for kind, at in told_at.items() if now - at < AGAIN_AFTER}
    if channel == "imessage":
        return None if fresh else "imessage"
    return None if "sms" in fresh else "sms"


def reminder_due(
    told_at: Mapping[Introduction, datetime], wrote_at: Iterable[datetime], *, now: datetime
) -> bool:
    """Whether the next bubble is to remind them that an AI writes: they have texted for so long.

    Args:
        told_at: When they were last told, in which words.
        wrote_at: When they wrote, at least since twice that long ago.
    """
    began = now - REMIND_AFTER
    if any(at > began for at in told_at.values()):
        return False
    before, gap_begins = False, None
    for at in sorted(wrote_at):
        if gap_begins is not None and at - gap_begins >= REMIND_AFTER:
            before = False
        before, gap_begins = before or at <= began, at
    return before and gap_begins is not None and now - gap_begins < REMIND_AFTER


_BOT = r"(?:bot|robot|chatbot|a ?i|ia|machine|automated|llm|chatgpt|gpt|computer program|program)"
_MAN = r"(?:human(?: being)?|real person|person|real human|real|actual person)"
_A = r"(?:(?:a|an|the|actually|really|even|just|like|some|kind of|only|secretly|not|still) )*"
_EITHER = rf"(?:{_BOT}|{_MAN}|computer)(?! (?:estate|madrid|science|who|that|quick|game)\b)"

_REAL = (
    r"(?= \||$| (?:real|de verdad|de verdade|de carne|humana|o|ou|reelle|humaine|vera|reale|umana"
    r"|mesmo|oder|aqui|ici|qui)\b) ?"
)
"""After "a person": the end, or what asks for a real one. "Una persona maravillosa" is praise."""

QUESTIONS: Mapping[str, re.Pattern[str]] = {
    "en": re.compile(
        rf"\b(?:are|r) (?:you|u|ya|yall) {_A}(?:real live |real |live )?{_EITHER}\b"
        rf"|\b(?:youre|ur|you are|u r|you) {_A}{_EITHER}(?= \||$| (?:right|are|arent|isnt"
        r"|huh|or|correct|no|yes)\b)"
        rf"|\b(?:is|was) (?:this|it|that) {_A}(?:real )?{_EITHER}(?= \||$| (?:or|right|texting"
        r"|talking|writing|answering|im|i)\b)"
        rf"|\bis there (?:an?|any|some) {_A}?(?:real )?(?:human|person|someone)"
        r" (?:there|here|behind|on the other)"
        rf"|\bam i (?:really |actually )?(?:talking|texting|speaking|chatting|messaging|writing)"
        rf"(?: to| with)? {_A}(?:real )?{_EITHER}\b"
        r"|\b(?:human|person) or (?:an? )?(?:bot|robot|machine|ai|computer)\b"
        r"|\b(?:bot|robot|machine|ai|computer) or (?:an? )?(?:real )?(?:human|person|not)\b"
    ),
    "es": re.compile(
        r"\b(?:eres|sos|es usted|tu eres|usted es|seras) (?:(?:de verdad|realmente|acaso|en"
        r" serio|un"
        r"|una|tipo|como|solo|el|la) )*(?:bot|robot|human[oa]|ser humano|maquina|ia|chatbot|chatgpt"
        r"|inteligencia artificial|programa|automatico|real(?= \||$)"
        rf"|(?:persona|alguien){_REAL}(?:real|de verdad|de carne|humana|o)?)\b"
        r"|\b(?:hablo|hablando|escribo|escribiendo|chateo|chateando|hablar) con (?:un |una"
        r" )(?:persona"
        r"|bot|robot|human[oa]|maquina|ia|inteligencia artificial)\b"
        r"|\b(?:esto|este|eso)? ?es (?:esto )?(?:un |una )(?:bot|robot|ia|chatbot|respuesta"
        r" automatica)\b(?! de\b)|\besto es automatico\b"
        r"|\b(?:me (?:responde|contesta|escribe)) (?:un |una )(?:persona|robot|bot|maquina|ia"
        r"|human[oa])\b|\bhay (?:una persona|alguien|un humano) (?:real|de verdad|detras|al otro"
        r" lado)\b|\b(?:persona|human[oa]) o (?:un |una )?(?:robot|bot|maquina|ia)\b"
        r"|\b(?:robot|bot|maquina|ia) o (?:un |una )?(?:persona|human[oa])\b"
    ),
    "fr": re.compile(
        r"\b(?:es tu|etes vous|tu es|vous etes|tes|t es|tetes) (?:(?:un|une|vrai|vraie|veritable"
        r"|vraiment|bien|reellement|juste|genre) )*(?:bot|robot|humaine?|etre humain|machine|ia"
        r"|intelligence artificielle|chatbot|chatgpt|programme|ordinateur"
        rf"|personne{_REAL}(?:reelle|humaine|ou)?)\b"
        r"|\b(?:je parle|je discute|jecris|je chatte|parler) (?:bien )?(?:a|avec) (?:un |une"
        r" )(?:(?:vrai"
        r"|vraie) )?(?:bot|robot|humaine?|personne|machine|ia|etre humain)\b"
        r"|\b(?:cest|est ce) (?:un |une )(?:(?:vrai|vraie) )?(?:bot|robot|ia|chatbot|reponse"
        r" automatique|humain qui|personne qui)\b|\bcest automatique(?= \||$)"
        r"|\b(?:il y a|ya|y a t il) (?:un humain|une (?:vraie )?personne|quelquun de reel)"
        r"(?: (?:derriere|en face|au bout|la))?(?= \||$)"
        r"|\b(?:humain|personne) ou (?:un |une )?(?:robot|bot|machine|ia)\b"
        r"|\b(?:robot|bot|machine|ia) ou (?:un |une )?(?:vraie? )?(?:humain|personne)\b"
    ),
    "pt": re.compile(
        r"\b(?:(?:voce|vc|ce|tu) (?:e|es|eh)|es) (?:(?:um|uma|mesmo|realmente|so|tipo|de verdade)"
        r" )*(?:robo|bot|human[oa]|ser humano|maquina|ia|inteligencia artificial|chatbot|chatgpt"
        rf"|programa|automatico|real(?= \||$)|pessoa{_REAL}(?:real|de verdade|humana|mesmo|ou)?)\b"
        r"|\b(?:falo|falando|conversando|teclando|falar) com (?:um |uma )(?:robo|bot|pessoa"
        r"|maquina|ia"
        r"|human[oa]|ser humano|inteligencia artificial)\b"
        r"|\b(?:isso|isto|aqui|esse|este) e (?:um |uma )?(?:robo|bot|ia|chatbot|automatico|resposta"
        r" automatica|mensagem automatica)\b|(?:^|\| )e (?:um |uma )(?:robo|bot|ia)\b(?! d[aeo]\b)"
        r"|\btem (?:uma pessoa|alguem|um humano) (?:de verdade|real|por tras|do outro lado)\b"
        r"|\b(?:pessoa|human[oa]) ou (?:um |uma )?(?:robo|bot|maquina|ia)\b"
        r"|\b(?:robo|bot|maquina|ia) ou (?:um |uma )?(?:pessoa|human[oa])\b"
    ),
    "it": re.compile(
        r"\b(?:sei|siete|lei e|e lei|tu sei) (?:(?:un|una|uno|davvero|veramente|proprio|per caso"
        r"|vero"
        r"|vera|solo|tipo) )*(?:bot|robot|uman[oa]|essere umano|macchina|ia|unia|intelligenza"
        r"|unintelligenza|artificiale|chatbot|chatgpt|programma|reale(?= \||$)"
        rf"|persona{_REAL}(?:vera|reale|umana|o)?)\b"
        r"|\b(?:parlo|parlando|scrivo|scrivendo|chattando|parlare) con (?:un |una |un altra"
        r" )?(?:vera"
        r" )?(?:bot|robot|persona|uman[oa]|essere umano|macchina|ia|unia|unintelligenza)\b"
        r"|\b(?:questo|questa|quello) e (?:un |una )?(?:bot|robot|unia|chatbot|risposta"
        r" automatica)\b"
        r"|(?:^|\| )e (?:un bot|un robot|unia)\b"
        r"|\bce (?:una persona|qualcuno|un umano) (?:ver[oa]|reale|dietro|dallaltra parte)\b"
        r"|\b(?:persona|uman[oa]) o (?:un |una )?(?:robot|bot|macchina|unia|ia)\b"
        r"|\b(?:robot|bot|macchina|ia|unia) o (?:un |una )?(?:persona|uman[oa])\b"
    ),
    "de": re.compile(
        r"\b(?:bist du|sind sie|seid ihr|du bist) (?:(?:ein|eine|echter|echte|echtes|wirklich"
        r"|uberhaupt|nur|denn|eigentlich|etwa|doch|bestimmt|so|richtiger|richtige|n|ne) )*(?:bot"
        r"|roboter|mensch|menschlich|maschine|ki|computer|chatbot|chatgpt|programm|kunstliche"
        rf" intelligenz|automat|echt(?= \||$)|person{_REAL}(?:oder)?)\b"
        r"|\b(?:spreche|schreibe?|rede|chatte|texte|spreche|kommuniziere) ich (?:hier |gerade |da"
        r" |jetzt |denn |eigentlich )*mit (?:einem|einer|nem|ner) (?:(?:echten|richtigen) )?(?:bot"
        r"|menschen|roboter|maschine|ki|person|computer|chatbot)\b"
        r"|\bist (?:das|da|dies|hier) (?:hier |denn |etwa |eigentlich )*(?:ein |eine |nur ein )"
        r"(?:(?:echter|richtiger|echte) )?(?:bot|roboter|ki|maschine|mensch|chatbot)\b"
        r"|\b(?:antwortet|schreibt)(?: mir)?(?: hier| da)* (?:ein |eine )(?:(?:echter|echte)"
        r" )?(?:mensch"
        r"|ki|bot|maschine|roboter|person)\b|\bsitzt da (?:ein mensch|jemand)\b"
        r"|\bmensch oder (?:eine? )?(?:maschine|bot|ki|roboter|computer)\b"
        r"|\b(?:maschine|bot|ki|roboter|computer) oder (?:ein )?(?:echter )?mensch\b"
    ),
}
"""The question in the languages of the consent words, and German."""

_DENIALS = re.compile(
    r"\b(?:im|i am|its|we are|were) (?:(?:a|an|just|really|actually|totally|100|percent|very|of"
    r" course|definitely|only|your|the|fellow|genuine|living|breathing|normal|regular|all|real"
    r"|ordinary|quite|as|absolutely|certainly|honestly) )*(?:human|person|guy|girl|woman"
    r"|man|lady|real)\b"
    r"(?! estate)"
    r"|\bnot (?:(?:a|an|just|some|any|the|really|actually) )*(?:ai|a i|bot|robot|machine|chatbot"
    r"|computer|program|artificial|automated)\b"
    r"|\bno (?:ai|bots?|robots?|machines?) here\b|\bhuman here\b"
    r"|\b(?:a|an) (?:real |actual |live )?(?:human|person) (?:here|behind|typing|writing"
    r"|answering)\b"
    r"|\b(?:talking|texting|chatting|speaking|writing) (?:to|with) a (?:real |live |actual )?"
    r"(?:human|person)\b"
    r"|\b(?:soy|si soy) (?:(?:un|una|muy|totalmente) )*(?:human[oa]|persona|real|de carne)\b"
    r"|\bno soy (?:un |una )?(?:bot|robot|maquina|ia|inteligencia)\b"
    r"|\bje suis (?:(?:un|une|bien|vraiment) )*(?:vrai |vraie )?(?:humaine?|personne)\b"
    r"|\bje ne suis pas (?:un |une )?(?:bot|robot|machine|ia|intelligence)\b"
    r"|\b(?:sou|eu sou) (?:(?:um|uma) )?(?:human[oa]|pessoa|real)\b"
    r"|\bnao sou (?:um |uma )?(?:bot|robo|maquina|ia|inteligencia)\b"
    r"|\bsono (?:(?:un|una) )?(?:vera )?(?:uman[oa]|persona)\b"
    r"|\bnon sono (?:un |una |unintelligenza )?(?:bot|robot|macchina|ia|artificiale)\b"
    r"|\bich bin (?:(?:ein|eine|echter|echte|wirklich|naturlich) )*(?:mensch|person)\b"
    r"|\bkeine? (?:bot|roboter|maschine|ki|computer)\b"
)

_ADMISSIONS = re.compile(
    r"\b(?:im|i am|yes|yep|yeah|right|correct|as|its|this is) (?:(?:a|an|just|only|the|your|really"
    r"|actually|indeed|still|of course|friendly|simple|\| |threedots) ?)*(?:ai|a i|bot|robot"
    r"|chatbot|artificial intelligence|language model|virtual assistant|digital assistant|automated"
    r"|computer program|machine)\b"
    r"|\b(?:im|i am) (?:\w+ ){1,4}(?:an )?ai\b|\bai assistant\b"
    r"|\bnot (?:(?:a|an|really|actually) )*(?:real |actual )?(?:human|person)\b"
    r"|(?<!no )\bsoy (?:\w+ ){0,3}(?:ia|bot|robot|inteligencia artificial|programa)\b"
    r"|\bno soy (?:un |una )?(?:human[oa]|persona)\b"
    r"|\bje suis (?:\w+ ){0,3}(?:ia|bot|robot|intelligence artificielle|programme)\b"
    r"|(?<!nao )\bsou (?:\w+ ){0,3}(?:ia|bot|robo|inteligencia artificial)\b"
    r"|(?<!non )\bsono (?:\w+ ){0,3}(?:ia|bot|robot|intelligenza artificiale)\b"
    r"|\b(?:asistente|assistente) d[ei] (?:ia|inteligencia|intelligenza)\b"
    r"|\bassistant d(?:ia|intelligence)\b|\bki assistent(?:in)?\b"
    r"|\bich bin (?!kein)(?:\w+ ){0,3}(?:ki|bot|roboter|kunstliche intelligenz)\b"
)

_BARE = re.compile(
    r"(?:yes|yep|yeah|yup|sure|of course|absolutely|definitely|no|nope|nah|haha|certainly|si|claro"
    r"|oui|non|bien sur|sim|nao|certo|ja|nein|naturlich)\b"
)
"""An answer that is one only together with the question."""

_SENTENCE = re.compile(r"(?<=[.!?…])(\s+)|(\n+)")


def asked_whether_human(text: str) -> str | None:
    """The language in which somebody asks whether a person or a machine writes; None: nobody asks.

    Errors favour telling: an answer that needlessly begins with the truth harms nobody.
    """
    plain = clauses(text[:LONGEST])
    found = (language for language, question in QUESTIONS.items() if question.search(plain))
    return next(found, None)


def denies(sentence: str) -> bool:
    """Whether this claims that a person writes, or that no AI does."""
    return _DENIALS.search(clauses(sentence)) is not None and not _is_negated_person(sentence)


def admits(sentence: str) -> bool:
    """Whether this says that an AI writes."""
    return _ADMISSIONS.search(clauses(sentence)) is not None


def truthful(text: str, *, truth: str | None) -> str:
    """The model's answer to whoever asked, with the truth in it and without denials.

    Args:
        truth: The static words, which lead unless the model said as much itself. None when they
            have been said: then only denials go.
    """
    parts = [part for part in _SENTENCE.split(text.strip()) if part is not None]
    sentences = [part for part in parts if part.strip() and not denies(part)]
    if truth is None or any(admits(sentence) for sentence in sentences):
        return _joined(parts, sentences)
    if sentences and _BARE.match(clauses(sentences[0])):
        sentences = sentences[1:]
    rest = _joined(parts, sentences)
    return f"{truth}\n\n{rest}" if rest else truth


def _joined(parts: list[str], kept: list[str]) -> str:
    """The sentences that are kept, with the gaps that were between them."""
    told = [part if part in kept else ("" if part.strip() else part) for part in parts]
    return "".join(told).strip()


def _is_negated_person(sentence: str) -> bool:
    """ "I'm an AI, not a person" is no denial, whatever words it shares with one."""
    plain = clauses(sentence)
    return admits(sentence) and not re.search(
        r"\b(?:not|no) (?:(?:a|an|just|some|any|really|actually) )*"
        r"(?:ai|bot|robot|machine|chatbot)\b",
        plain,
    )
