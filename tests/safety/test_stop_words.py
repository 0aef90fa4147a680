"""STOP words of the owner's own add to the built-in ones, and none of them may be talk."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from agent.settings import Settings
from safety.consent import STOP_WORDS, Ears, Keyword, consent_word, keyword
from safety.stop_words import BadStopWord, own_stop_words

OWN = own_stop_words("Adeu, jetzt reicht es,  ARRÊTEZ-ÇA , koniec")


@pytest.mark.parametrize(
    "text",
    [
        *("adeu", "ADEU!", "  “Adeu”. ", "adeu, gracias", "Jetzt reicht es.", "jetzt  reicht\nes!"),
        *("arrêtez ça", "arretez ca", "ARRÊTEZ-ÇA!!!", "\uff2bONIEC", "kon\u200biec"),
    ],
)
def test_a_word_of_the_owners_own_opts_out_however_it_is_dressed(text: str):
    assert keyword(text) is None
    assert keyword(text, OWN) is Keyword.STOP


@pytest.mark.parametrize(
    "text", ["adeu siau, fins demà", "ich sage jetzt reicht es mit dem Regen", "der Koniec-Film"]
)
def test_such_a_word_inside_a_sentence_is_conversation(text: str):
    assert keyword(text, OWN) is None


@pytest.mark.parametrize("word", sorted(STOP_WORDS))
def test_no_setting_takes_a_built_in_word_out(word: str):
    for more in (frozenset[str](), OWN):
        assert consent_word(word, in_group=False, ears=Ears(more)) == (Keyword.STOP, "keyword")


@pytest.mark.parametrize(
    ("word", "why"),
    [
        *(("yes", "said all day"), ("NO!", "said all day"), ("ok thanks", "said all day")),
        *(("Sí", "said all day"), ("danke", "said all day"), ("7", "no letter")),
        *(("thanks", "said all day"), ("call me", "said all day"), ("D'accord", "said all day")),
        *(("START", "brings people back"), ("please subscribe", "brings people back")),
        *(("Help", "who is texting"), ("info?", "who is texting")),
        *(("x", "one letter"), ("👍", "no letter"), ("!!", "no letter")),
        ("I do not want any more of it", "is a sentence"),
        ("donaudampfschifffahrtsgesellschaftskapitän", "is a sentence"),
    ],
)
def test_a_word_that_would_swallow_conversation_is_refused_with_the_reason(word: str, why: str):
    with pytest.raises(BadStopWord, match=why):
        own_stop_words(f"koniec,{word}")


def test_a_bad_word_starts_no_server_and_is_named():
    with pytest.raises(ValidationError, match=r"threedots_stop_words\n.*'yes' is said all day"):
        Settings(threedots_stop_words="koniec,yes")
    assert Settings(threedots_stop_words="koniec").ears.stop_words == {"koniec"}
    assert Settings().ears.stop_words == frozenset()


def test_a_word_that_is_built_in_already_changes_nothing():
    assert own_stop_words("stop, basta") == {"stop", "basta"}
