"""Who says that they are under age is heard by rule; whose son is twelve is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.minors import ADULT, age_alone, asks_for_age, stated_age

YEAR = 2026

OF_THEMSELVES = """
15 I'm 15
15 im 15
12 i'm 12 lol
12 I am 12.
12 I'm twelve
12 im only 12
11 I'm just 11 years old
16 i am a 16 year old girl
14 im 14f
14 I'm 14yo
13 I'm 13 y/o btw
15 I'm actually 15 so I can't drive
12 Hi! I'm 12 and I like dinosaurs
12 no im 12
13 because I'm 13 my mom says no
15 As a 15-year-old I can't sign that
16 my age is 16
12 Age: 12
13 I just turned 13
16 I turned 16 last week
17 I'm turning 18 next month
17 I'll be 18 in June
17 I'm not 18 yet
17 I'm not even 18
17 I'm almost 18
17 i'm under 18
12 im under 13
11 I turn 12 tomorrow
12 I'm in 6th grade
9 im in the third grade
14 I'm an 8th grader
12 I'm in year 7
17 I'm in high school
17 I'm a sophomore in high school
17 I'm a minor
17 sorry, I'm underage
13 I was born in 2013
16 can I say that I'm 16? I'm 16.
12 tengo 12 años
12 Tengo doce años y me gusta el fútbol
15 yo tengo 15 años, ¿puedo?
17 soy menor de edad
17 soy menor
12 soy una niña de 12 años
13 acabo de cumplir 13 años
11 cumplo 12 mañana
13 nací en 2013
12 j'ai 12 ans
15 J'ai quinze ans et je cherche un job
13 je n'ai que 13 ans
17 je suis mineure
14 je suis née en 2012
12 tenho 12 anos
16 eu tenho só 16 anos, posso?
17 sou menor de idade
12 ho 12 anni
13 Ho appena compiuto 13 anni
17 sono minorenne
12 ich bin 12
13 bin erst 13
12 Ich bin zwölf Jahre alt
15 ich bin 15 und darf das nicht
17 ich bin minderjährig
12 ich gehe in die 6. Klasse
13 ich bin 2013 geboren
"""

OF_SOMETHING_ELSE = """
my son is 12
my daughter's 15
he is 12
she's 13 and her brother is 10
I have a 12 year old
I'm the mother of a 15 year old
I'm a 12 year old boy's mom
I'm 15 minutes away
I'm 15 min out
im 10 away
I'm 5'4
I'm 5 4
I'm 6 foot
I'm 10% sure
I'm 7/10 on that
I'm 12-0 this season
I'm 5 and 0 this season
I'm $15 short
I'm #12 in line
I'm number 12
12 of us
we are 12
there will be 12 of us at 7
table for 12
I'm 16 weeks pregnant
I'm 10 years sober
I'm 15 years into my career
I'm 12 hours ahead of you
I'm 7 months along
I'm 8 miles from you
I'm 10-15 minutes late
I'm 15 or 20 minutes late
I'll be 15 minutes late
I'll be 10 in a sec
I'm under 15 minutes away
I'm in room 12
when I was 12 we moved
I was 15 then
explain it like I'm 12
explain like im 7
I feel like I'm 12 again
he thinks I'm 15
she said I'm 12
pretend I'm 12
as if I'm 10
when I'm 17 in dog years
the character says I'm 12
"I'm 12" is a great song
As a 15 year old I used to skate
I'm 18
I'm 21
I'm 34 years old
I'm 47
I'm not 12
I'm not 18 anymore
turning 12 people away
I teach 6th grade
I'm in 6th grade math class as a helper
my kid is in 6th grade
I'm in year 3 of my PhD
I'm a minor league fan
I'm a minor character in this
I love minor chords
no minors allowed
it happened in high school
I work at a high school
I was born in 1984
the car was built in 2013
I turned 40 last week
I turned 12 pages
I need 12
Give me 15
15
at 7
mi hijo tiene 12 años
tengo un hijo de 12 años
tengo 12 años de experiencia
tengo 15 minutos
tengo 12 años trabajando aquí
desde que tengo 12 años
tengo 35 años
soy menor que mi hermana
cuando tenía 12 años
hace 12 años
mon fils a 12 ans
j'ai 12 ans d'expérience
depuis que j'ai 12 ans
il y a 12 ans
j'ai 15 minutes
tenho 12 anos de carreira
minha filha tem 12 anos
ho 12 anni di esperienza
mio figlio ha 12 anni
ho 15 minuti
ich bin 12 Minuten zu spät
ich bin 15 Jahre verheiratet
ich bin 10 km entfernt
mein Sohn ist 12
als ich 12 war
ich bin 2013 nach Berlin gezogen
hi
"""


def pairs(table: str) -> list[tuple[int, str]]:
    return [
        (int(age), text) for age, text in (line.split(" ", 1) for line in table.strip().split("\n"))
    ]


@pytest.mark.parametrize(("age", "text"), pairs(OF_THEMSELVES))
def test_who_says_their_age_is_heard(age: int, text: str):
    assert stated_age(text, year=YEAR) == age


@pytest.mark.parametrize("text", OF_SOMETHING_ELSE.strip().splitlines())
def test_numbers_of_something_else_are_no_ages(text: str):
    assert stated_age(text, year=YEAR) is None


@pytest.mark.parametrize(
    ("text", "age"),
    [
        *(("12", 12), ("15 lol", 15), ("tengo doce", 12), ("I'm 9", 9), ("j'ai 14 ans", 14)),
        *(("34", None), ("12:30", None), ("12%", None), ("at noon with all my friends", None)),
    ],
)
def test_a_bare_answer_to_the_question_is_an_age(text: str, age: int | None):
    assert age_alone(text) == age


@pytest.mark.parametrize(
    "text",
    [
        *("Happy to help. How old are you?", "may I ask your age?", "¿Cuántos años tienes?"),
        *("Quel âge as-tu ?", "Quanti anni hai?", "Quantos anos você tem?", "Wie alt bist du?"),
    ],
)
def test_the_question_is_known(text: str):
    assert asks_for_age(text)


@pytest.mark.parametrize("text", ["How old is your dog?", "How are you?", "How many of you?"])
def test_other_questions_are_not_it(text: str):
    assert not asks_for_age(text)


@given(st.text(max_size=300))
def test_any_text_can_be_asked(text: str):
    age = stated_age(text, year=YEAR)
    assert age is None or 3 <= age < ADULT
    age_alone(text)


def test_a_long_text_is_read_quickly():
    assert stated_age("I'm 1 " * 10_000, year=YEAR) is None
