"""Words of crisis are heard by rule, and figures of speech are not taken for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.crisis import signs_of_crisis

CRISIS = """
en I want to kill myself
en i'm going to kill myself
en gonna kms
en I want to die
en i just want to die
en I wanna die tonight
en I don't want to live anymore
en I don't want to be alive
en i dont want to be here anymore
en i don't want to wake up
en I'm thinking about ending my life
en thinking of taking my own life
en I'm going to end it all
en I'm suicidal
en I feel really suicidal
en been having suicidal thoughts
en I have suicidal thoughts
en I'm thinking about suicide
en I tried to commit suicide
en I wish I was dead
en I wish I were never born
en I wish I could just not wake up
en everyone would be better off without me
en they'd be better off if I were dead
en there's no reason to live
en I have nothing left to live for
en I want to hurt myself
en I've been cutting myself
en i cut myself on purpose
en I just took a whole bottle of pills
en i swallowed all my sleeping pills
en I overdosed
en I want to jump off a bridge
en thinking of jumping in front of a train
en I'm going to hang myself
en want to unalive myself
en my brother is trying to kill himself
en Hi. It's me. I can't sleep. I want to die.
en i want to kill myself lol
es quiero morirme
es me quiero matar
es ya no quiero vivir
es estoy pensando en suicidarme
es voy a quitarme la vida
fr je veux mourir
fr j'ai envie de me tuer
fr je ne veux plus vivre
fr je pense à me suicider
pt quero morrer
pt vou me matar
pt não quero mais viver
it voglio morire
it voglio farla finita
it penso di uccidermi
de ich will sterben
de Ich will nicht mehr leben
de ich bringe mich um
de ich habe Suizidgedanken
"""

FIGURES_OF_SPEECH = """
this is killing me lol
dying of laughter
I'm dying 😂
lol dead
I'm dead 💀
i want to die of embarrassment
I wanna die laughing
I'm dying to see it
that cake is to die for
I'd kill for a coffee
just shoot me now
my back is killing me
this traffic will kill me
I killed it today
killing time
I'm killing myself at the gym
killing myself laughing
I've been killing myself over this report
could kill myself for forgetting her birthday
I cut myself shaving
I cut myself a slice of cake
cut myself on a knife while cooking
I would never kill myself
I'm not suicidal
I don't want to die
I'm not going to kill myself
have you seen Suicide Squad
suicide prevention walk on Sunday
the band Suicide
she said “I want to die” in the film
translate "I want to kill myself"
I don't want to live in Boston
I don't want to live with my parents
I don't want to wake up early
can't live without coffee
this meeting could go on forever
end of the day
overdosed on chocolate again
i overdosed on sugar
jump off the bus at 5th
I'm going to jump in the shower
hang in there
take the pills at eight
I took my pills
me muero de risa
me quiero morir de vergüenza
c'est à mourir de rire
je veux mourir de rire
morri de rir
muoio dal ridere
ich lach mich tot
"""


@pytest.mark.parametrize("line", CRISIS.strip().splitlines())
def test_plain_words_are_heard(line: str):
    assert signs_of_crisis(line[3:]) == line[:2]


@pytest.mark.parametrize("text", FIGURES_OF_SPEECH.strip().splitlines())
def test_figures_of_speech_are_not_taken_for_them(text: str):
    assert signs_of_crisis(text) is None


@given(st.text(max_size=300))
def test_any_text_can_be_asked(text: str):
    assert signs_of_crisis(text) in (None, "en", "es", "fr", "pt", "it", "de")
