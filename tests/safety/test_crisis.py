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
es me quiero morir
es ojalá me muriera
es preferiría estar muerta
es voy a suicidarme
es pienso en el suicidio todo el tiempo
es tengo pensamientos suicidas
es quiero acabar con todo
es ya no tengo ganas de vivir
es no le veo sentido a la vida
es mi vida ya no tiene sentido
es todos estarían mejor sin mí
es quiero cortarme otra vez, tengo ganas de hacerme daño
es me corté las venas
es me tomé todas las pastillas
es voy a tirarme por la ventana
es mi hermana quiere suicidarse
es No puedo más. Quiero morir.
fr j'aimerais mourir
fr envie de mourir
fr je voudrais être morte
fr je vais me suicider ce soir
fr j'ai des pensées suicidaires
fr je pense au suicide
fr je veux en finir
fr j'ai envie d'en finir avec la vie
fr je veux me foutre en l'air
fr j'ai plus envie de vivre
fr je veux plus vivre
fr ma vie n'a plus de sens
fr ils seraient mieux sans moi
fr je me scarifie
fr j'ai avalé tous les cachets
fr je vais me jeter sous un train
fr mon frère veut se tuer
pt vontade de morrer
pt queria estar morta
pt estou pensando em me matar
pt tenho pensamentos suicidas
pt penso em suicídio
pt quero acabar com tudo
pt não aguento mais viver
pt não vejo mais sentido na vida
pt vocês ficariam melhor sem mim
pt quero sumir pra sempre
pt quero me cortar
pt tomei todos os comprimidos
pt vou me jogar da ponte
pt meu irmão quer se matar
it vorrei essere morta
it mi uccido
it voglio suicidarmi
it ho pensieri suicidi
it penso al suicidio
it mi tolgo la vita
it non ho più voglia di vivere
it non ho nessun motivo per vivere
it la mia vita non ha più senso
it starebbero tutti meglio senza di me
it mi taglio le vene
it ho ingoiato tutte le pastiglie
it voglio buttarmi dal ponte
it mia sorella vuole uccidersi
de ich möchte einfach nur noch sterben
de Ich wünschte, ich wäre tot
de am liebsten wäre ich tot
de ich kann nicht mehr leben
de ich werde mich umbringen
de ich denke oft an Selbstmord
de ich bin suizidal
de ich will mir das Leben nehmen
de ich tu mir was an
de ich will mich ritzen
de ich will vom Dach springen
de ich habe alle Tabletten geschluckt
de ich will meinem Leben ein Ende setzen
de ich habe keine Lust mehr zu leben
de ohne mich wären alle besser dran, ohne mich besser dran
de mein Bruder will sich umbringen
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
no quiero morir
nunca pensé en suicidarme
no voy a matarme por eso
me voy a matar estudiando
me muero por verte
ojalá llueva
voy a terminar con todo el trabajo hoy
no quiero vivir en Madrid
me corto el pelo mañana
quiero cortarme el flequillo
la película del escuadrón suicida
estaré mejor sin mi coche
je ne veux pas mourir
j'ai pas envie de mourir
je vais me tuer au travail
je veux en finir avec ce dossier
je ne veux plus vivre à Paris
ils mangent mieux sans moi ce soir
on va pendre la crémaillère
não quero morrer
não vou me matar
quero morrer de vergonha
vou me matar de estudar
não quero mais viver com ele
vou acabar com tudo o que tem na geladeira
quero me cortar o cabelo
non voglio morire
mi ammazzo di lavoro
voglio farla finita con questo trasloco
non voglio più vivere a Roma
mi taglio i capelli
ich will nicht sterben
meine Mutter wird mich umbringen
die Hitze bringt mich um
ich will sterben vor Lachen
ich kann nicht mehr leben ohne Kaffee
ich will nicht mehr da sein wenn er kommt
ich will mich nicht umbringen
Selbstmordkommando heißt der Film
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
