"""Stop in other words: each line is something a person may really write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.consent import STOP_WORDS, Keyword, consent_word, keyword
from safety.revoking import asks_to_stop

ABOUT_TEXTING = """
please stop texting me
Stop texting me.
can you stop texting me
could you please stop messaging me?
pls stop txting me
STOP TEXTING THIS NUMBER
stop contacting me
Quit texting me!!
quit bothering me
stop spamming me
Stop messaging
stop calling and texting me
stop writing to me
stop sending me messages
stop sending these texts
Stop sending me texts please
stop the texts
stop all messages
Stop sending
stop sending me this stuff
no more texts
No more messages, please
please cancel these messages
end all texts
stop blowing up my phone
who is this? stop texting me
I told you to stop texting me
I asked you to stop texting me already
I want you to stop messaging me
how do I get you to stop texting me?
I said stop texting me
if you don't stop texting me I will report you
don't text me
Don't text me again
do not text me anymore
do not contact me
Do not contact me again.
never text me again
please don't message me any more
don't you ever text me again
dont send me any more messages
don't send me anything else
I don't want your texts
I don't want to get these messages
I no longer wish to receive messages from you
i dont want any more texts
I did not sign up for these texts
I don't consent to being texted
I revoke my consent
I hereby withdraw consent
take me off your list
Take me off this list please
please remove me from your mailing list
remove me from all your lists
get me off your list
take my number off your list
delete my number
Lose my number
remove this number
I want off this list
I'd like to be removed from your list
unsubscribe me
please unsubscribe me from this
I want to unsubscribe
how do I unsubscribe?
I would like to opt out
opt me out
put me on your do not call list
stop texting me or I'll call the police
Stop texting me and take me off your list
no me escribas más
No me escriban más por favor
no me mande más mensajes
deja de escribirme
Dejen de mandarme mensajes
ya no quiero recibir mensajes
no quiero más mensajes
no más mensajes
quítame de la lista
denme de baja
arrêtez de m'écrire
Arrête de m'envoyer des messages
ne m'écrivez plus
ne me contactez plus
plus de messages svp
retirez-moi de votre liste
désabonnez-moi
je veux me désinscrire
pare de me mandar mensagens
não me mande mais mensagens
não quero mais receber mensagens
me tira da lista
smettila di scrivermi
non scrivermi più
non voglio più ricevere messaggi
hör auf mir zu schreiben
schreib mir nicht mehr
keine Nachrichten mehr bitte
"""

TO_US_ALONE = """
leave me alone
Leave me alone!!!
please just leave me alone
leave me the hell alone
leave us alone
take me off
remove me
I want this to stop
if you keep texting I'm calling a lawyer
déjame en paz
laissez-moi tranquille
me deixa em paz
lasciami in pace
lass mich in Ruhe
оставьте меня в покое
не пиши мне больше
stop it
Stop it!
please stop
stop please
stop now
STOP STOP STOP
stoppp
SToooop
S T O P
s.t.o.p
ST0P
stop this
just stop
ok stop
can you stop
can you please stop
you can stop now
I said stop
stop already
stop right now
stop 🛑
Stop 😡
please stop 🙏
stop, not interested
Not interested. Stop.
No thanks. Stop
who is this? STOP
I don't know you. Please stop.
unsubscribe please
unsub
opt out please
quit it
knock it off
cease and desist
go away
Please go away
fuck off
get lost
no more
wrong number
Sorry, wrong number
you have the wrong number
no más
No mas, por favor
no más gracias
ya basta
detente
arrête
Arrêtez s'il vous plaît
baja
chega
sair
Cancelar
cancelar suscripción
annuler
ferma!
Schluss.
kündigen
smettila
basta così
hör auf
aufhören bitte
стоп
хватит
退订
停止
やめてください
"""

CONVERSATION = """
¿puedes cancelar la mesa de las ocho?
il faut annuler le train
wann ist Schluss?
am Ende wird alles gut
stop by at six
stop by at 5?
can you stop by tomorrow
don't stop
don't stop now
never stop texting me
please don't stop texting me
stop worrying
stop worrying about it
bus stop
where is the next stop?
which stop do I get off at
non-stop flight
one stop or direct?
I can't stop laughing
he won't stop texting me
my ex won't stop texting me
my ex keeps texting me
she told me to stop texting her
how do I tell my ex to stop texting me?
how do I get my sister to stop texting me
I told him to leave me alone
my brother won't leave me alone
don't leave me alone
they left me alone
please don't leave me alone tonight
tell them to stop messaging me
why don't you text me anymore
you never text me
you don't text me anymore
don't text me before 9
don't text me while I'm driving
don't text me at work
if you stop texting me I'll be sad
why did you stop texting me?
did you stop texting me because of her
when did you stop texting me
stop texting and driving
stop sending such long messages
stop sending me pictures
stop calling me Bob
stop being so formal
stop using emojis
oh stop, you're too kind
oh stop it you
stop 😂
stop haha
lol stop
omg stop 😂😂
hahaha stop it
stop it, haha
He said "stop texting me" and walked off
“leave me alone” is what she wrote
translate "stop it" into Spanish
what does “take me off your list” mean?
she wrote 'unsubscribe me' twice
take me off the guest list for Friday
take me off hold
remove me from the waitlist at Rosa's
add me to your list
take milk off the shopping list
remove eggs from the list
delete the number seven from my plan
unsubscribe from Netflix for me?
how do I unsubscribe from the gym
should I opt out of the 401k
I want to stop smoking
I need to stop
help me stop procrastinating
when does it stop raining
make it stop raining
no more coffee for me today
no more than three
no más de tres
there's no more milk
I don't want to eat meat
I don't want to go
I never got your text
did you get my message
can you text me again tomorrow
text me when you stop
full stop
stop the timer
stop the music
cancel my subscription to the paper
cancel the dinner
end of story
where does it end
I quit my job
quit smoking plan
this is the end
wrong number of plates, we need six
I dialed the wrong number yesterday
go away for the weekend?
where should we go away to
para mañana
para el lunes
para ti
la baja de mi jefe
basta con dos
arrêt de bus
il ne m'écrit plus
parar en la tienda
the pharmacy stop on the way
is the next stop mine
pit stop
Stop & Shop list please
yes
no
no thanks
ok
thanks
bye
not now
later
I love you
💔
"""


def lines(table: str) -> list[str]:
    return table.strip().splitlines()


@pytest.mark.parametrize("text", lines(ABOUT_TEXTING))
def test_whoever_speaks_of_the_texts_is_heard_everywhere(text: str):
    assert asks_to_stop(text)
    assert asks_to_stop(text, in_group=True)


@pytest.mark.parametrize("text", lines(TO_US_ALONE))
def test_what_between_two_people_means_stop_does(text: str):
    assert asks_to_stop(text)


@pytest.mark.parametrize("text", lines(CONVERSATION))
def test_conversation_opts_nobody_out(text: str):
    assert not asks_to_stop(text)
    assert not asks_to_stop(text, in_group=True)
    assert keyword(text) is None


@pytest.mark.parametrize("text", ["leave me alone", "stop it", "no más", "go away", "stoppp"])
def test_in_a_group_it_may_be_meant_for_a_member(text: str):
    assert not asks_to_stop(text, in_group=True)


@pytest.mark.parametrize("word", sorted(STOP_WORDS))
def test_every_bare_stop_word_is_a_keyword_and_not_only_a_wish(word: str):
    assert consent_word(word, in_group=True) == (Keyword.STOP, "keyword")


@pytest.mark.parametrize(
    "text",
    [
        "\u0405\u0422\u041e\u0420",
        "\u0405TOP",
        "S\u0422OP",
        "\u03a3top".replace("\u03a3", "S"),
        "ST\u039fP",
    ],
)
def test_letters_that_look_like_those_of_stop_do(text: str):
    assert keyword(text) is None or text.isascii()
    assert asks_to_stop(text)


def test_a_quoted_line_is_somebody_elses():
    assert not asks_to_stop("> stop texting me\nwhat does she mean by that?")


def test_it_is_told_which_of_the_two_it_was():
    assert consent_word("Please stop texting me", in_group=False) == (Keyword.STOP, "words")
    assert consent_word("start", in_group=False) == (Keyword.START, "keyword")
    assert consent_word("stop by at six", in_group=False) == (None, "words")


def test_a_long_rant_counts_by_its_beginning():
    assert asks_to_stop("Stop texting me. " + "I mean it, I am really annoyed by now. " * 200)
    assert not asks_to_stop("and so we drove on to the next stop " * 500)


@given(st.text(max_size=400))
def test_any_text_can_be_asked(text: str):
    assert asks_to_stop(text) in (True, False)


@given(st.sampled_from(["stop texting me", "leave me alone", "no mas"]), st.integers(0, 2**20))
def test_capitals_do_not_matter(text: str, capitals: int):
    dressed = "".join(c.upper() if capitals >> i & 1 else c for i, c in enumerate(text))
    assert asks_to_stop(dressed)
