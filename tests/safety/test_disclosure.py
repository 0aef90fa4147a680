"""An AI says that it is one: once unasked, and always when asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.disclosure import (
    AGAIN_AFTER,
    asked_whether_human,
    introduction_due,
    reminder_due,
    truthful,
)

NOW = datetime(2026, 11, 25, tzinfo=UTC)
TRUTH = "I'm Threedots, an AI assistant, not a person."

ASKED = """
en Are you human?
en are you a human
en are u a bot
en Are you a real person?
en are you real
en r u real??
en are you an AI
en are you actually a robot
en is this a bot?
en is this a real person
en Is this automated?
en is it a real person texting me
en am I talking to a human?
en Am I texting with a bot
en am i talking to a real person rn
en you're a bot, right?
en ur a bot
en you're not a bot are you
en human or bot?
en are you a person or a machine
en hey, quick question, are you chatgpt?
en is there a real person there?
en Wait. Are you AI?
es ¿Eres un robot?
es eres una persona real?
es ¿Estoy hablando con una persona?
es sos un bot
fr Es-tu un robot ?
fr êtes-vous une vraie personne ?
fr est-ce que tu es humain
fr t'es un bot ?
fr je parle à un robot ?
pt você é um robô?
pt vc é uma pessoa
pt estou falando com um robô?
it sei un robot?
it Sei una persona vera?
it sto parlando con una persona?
de bist du ein Mensch?
de Bist du ein echter Mensch
de sind Sie ein Bot?
de schreibe ich hier mit einer Maschine?
es ¿Eres una persona?
es eres humano o robot?
es ¿eres una inteligencia artificial?
es ¿de verdad eres una persona de carne y hueso? ¿eres una persona real?
es esto es un bot?
es me contesta una persona o una máquina?
es ¿hay una persona de verdad ahí?
es eres chatgpt
es ¿es usted humano?
fr tu es une personne ?
fr tu es une vraie personne ou un robot ?
fr t'es une IA ?
fr c'est un bot ?
fr je discute avec une IA ?
fr êtes-vous vraiment humain ?
fr il y a une vraie personne derrière ?
fr vous êtes chatgpt
pt você é uma pessoa de verdade?
pt vc é um bot ou pessoa?
pt és um robô?
pt isso é um robô?
pt tem uma pessoa de verdade aí?
pt você é uma inteligência artificial?
pt estou conversando com uma máquina?
it sei una persona?
it sei umano o un robot?
it sei un'intelligenza artificiale?
it sei un'IA?
it sto scrivendo con un umano?
it è un bot?
it c'è una persona vera?
de bist du ein echter Mensch oder ein Bot?
de bist du echt?
de bist du eine KI?
de ist das hier ein Bot?
de antwortet mir hier ein Mensch?
de rede ich gerade mit einer KI?
de du bist doch ein Bot
de Mensch oder Maschine?
"""

NOT_ASKED = """
are you coming?
are you a real estate agent
are you a morning person
are you free tomorrow
are you really coming
is this a good time
is this real Madrid's new shirt?
is it a person who can help
can I talk to a human?
is there a place to eat there?
am I talking too much
I talked to a robot at the bank
my brother is a bot at this game
are you a computer science student
you are a lifesaver
what's a chatbot
human or divine law
eres genial
es-tu libre demain
sei libero?
bist du da?
hi
eres una persona maravillosa
eres de Madrid?
es un robot de cocina que compré ayer, ¿lo conoces?
hablé con una persona del banco
quiero hablar con un abogado
tu es une personne formidable
t'es où ?
c'est une machine à laver
você é uma pessoa incrível
você é de São Paulo?
e uma pergunta
sei una persona fantastica
sei a casa?
e una cosa
questo è un regalo
bist du echt der Meinung?
bist du morgen da?
sind Sie ein guter Koch?
du bist ein Schatz
ist das ein guter Film?
"""


def pairs(table: str) -> list[tuple[str, str]]:
    return [(line[:2], line[3:]) for line in table.strip().splitlines()]


@pytest.mark.parametrize(("language", "text"), pairs(ASKED))
def test_the_question_is_recognised_by_rule(language: str, text: str):
    assert asked_whether_human(text) == language


@pytest.mark.parametrize("text", NOT_ASKED.strip().splitlines())
def test_other_questions_are_not_it(text: str):
    assert asked_whether_human(text) is None


@pytest.mark.parametrize(
    "denial",
    [
        "I'm human!", "I am a real person.", "Yes, I'm a real human being :)", "Yes!",
        "Of course I'm human", "Nope, I'm not a bot.", "no bots here", "I'm not an AI.",
        "You're talking to a real person.", "100% real", "Haha no, I'm just a regular guy.",
        "Soy una persona.", "No soy un bot.", "Je suis humaine.", "Je ne suis pas un robot.",
        "Sou humano", "Não sou um robô.", "Sono una persona.", "Non sono un robot.",
        "Ich bin ein Mensch.", "Ich bin kein Bot.", "There's a real human here.",
    ],
)  # fmt: skip
def test_a_denial_never_leaves(denial: str):
    if denial == "100% real":  # nobody says "I'm" in it: then the truth leads at least
        assert truthful(denial, truth=TRUTH).startswith(TRUTH)
    else:
        assert truthful(denial, truth=TRUTH) == TRUTH


@pytest.mark.parametrize(
    "answer",
    [
        "Yes, I'm an AI assistant.", "I'm an AI. How can I help?", "I'm a bot, happily so.",
        "No, I'm not a human. I'm an AI.", "I am Cleo's AI assistant!", "Not a person, no.",
        "Soy una IA.", "Je suis une IA.", "Sou uma IA.", "Sono un'IA.", "Ich bin eine KI.",
        "I'm an AI, not a person. Dinner is at eight.",
    ],
)  # fmt: skip
def test_an_honest_answer_is_left_as_it_is(answer: str):
    said = truthful(answer, truth=TRUTH)
    assert said in (answer, f"{TRUTH}\n\n{answer}")  # said twice at worst, in rare languages
    assert answer.split(". ")[-1] in said


def test_honest_english_is_not_said_twice():
    assert truthful("Yes, I'm an AI.", truth=TRUTH) == "Yes, I'm an AI."


def test_what_else_was_said_stays():
    answer = "Of course I'm human! Dinner is at eight.\n\nBring wine."
    assert truthful(answer, truth=TRUTH) == f"{TRUTH}\n\nDinner is at eight.\n\nBring wine."


def test_an_evasive_answer_is_led_by_the_truth():
    assert truthful("What do you think?", truth=TRUTH) == f"{TRUTH}\n\nWhat do you think?"


def test_half_an_honest_answer_keeps_the_honest_half():
    assert truthful("I'm not a bot. I'm an AI assistant.", truth=TRUTH) == "I'm an AI assistant."


@given(st.text(max_size=300))
def test_whatever_the_model_says_the_truth_is_in_it(text: str):
    said = truthful(text, truth=TRUTH)
    assert TRUTH in said or said in text


@pytest.mark.parametrize(
    ("told", "channel", "due"),
    [
        ({}, "sms", "sms"),
        ({}, "mms", "sms"),
        ({}, "imessage", "imessage"),
        ({"imessage": NOW}, "imessage", None),
        ({"sms": NOW}, "imessage", None),
        ({"sms": NOW}, "sms", None),
        ({"imessage": NOW}, "sms", "sms"),
        ({"sms": NOW - AGAIN_AFTER + timedelta(seconds=1)}, "sms", None),
        ({"sms": NOW - AGAIN_AFTER}, "sms", "sms"),
        ({"imessage": NOW - AGAIN_AFTER}, "imessage", "imessage"),
    ],
)
def test_everybody_is_told_once_and_again_after_half_a_year(told, channel, due):
    assert introduction_due(told, channel=channel, now=NOW) == due


def hours_ago(*hours: float) -> list[datetime]:
    return [NOW - timedelta(hours=each) for each in hours]


@pytest.mark.parametrize(
    ("told", "wrote", "due"),
    [
        ({}, [], False),
        ({}, [0], False),
        ({}, [2.9, 1, 0], False),
        ({}, [3, 1, 0], True),
        ({}, [5, 2.5, 0], True),
        ({}, [8, 3.5, 0.2], False),  # it began anew after the pause
        ({"imessage": NOW - timedelta(hours=2)}, [5, 3, 1, 0], False),
        ({"sms": NOW - timedelta(hours=3)}, [5, 3, 1, 0], True),
        ({"reminder": NOW - timedelta(hours=2.9)}, [5, 3, 1, 0], False),
        ({"reminder": NOW - timedelta(hours=3.1)}, [5, 3, 1, 0], True),
    ],
)
def test_in_a_conversation_of_three_hours_a_reminder_is_due(told, wrote, due):
    assert reminder_due(told, hours_ago(*wrote), now=NOW) is due
