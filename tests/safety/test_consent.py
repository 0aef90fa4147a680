import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.consent import HELP_WORDS, START_WORDS, STOP_WORDS, Keyword, keyword


@pytest.mark.parametrize(
    "text",
    [
        *("STOP", "stop", " Stop. ", "unsubscribe", "QUIT!", "Stop All", "STOPALL", "cancel"),
        *("end", "revoke", "optout", "opt-out", "Opt out", "remove"),
        *("arret", "Arrêt", "ALTO", "basta", "parar!"),
    ],
)
def test_a_bare_stop_word_opts_out(text: str):
    assert keyword(text) is Keyword.STOP


@pytest.mark.parametrize(
    "text",
    [
        "\uff33top.",
        "S\u200bTOP",
        '"stop"',
        "“Stop”",
        "'stop'",
        "\ufeffstop",
        "STOP\n\n",
        "stop\u2069",
        "`stop`",
        "…stop…",
        "stop\ufe0f",
        "opt\u2010out",
        "arre\u0302t",
        "STOP" + "!" * 150,
    ],
)
def test_a_stop_word_counts_however_it_is_dressed(text: str):
    assert keyword(text) is Keyword.STOP


@pytest.mark.parametrize(
    "text",
    ["Stop. Thank you", "please stop", "stop please thanks", "Stop, please!", "STOP. Gracias"],
)
def test_courtesy_does_not_change_what_stop_asks(text: str):
    assert keyword(text) is Keyword.STOP


@pytest.mark.parametrize(
    "text",
    [
        *("stop by at six", "don't stop", "the end is near", "non-stop", "is it the end?"),
        *("", "   ", "...", "👍", "please", "thanks", "stopp", "s t o p", "stop 😂"),
        "stop it. " * 40,
    ],
)
def test_a_stop_word_inside_a_sentence_is_conversation(text: str):
    assert keyword(text) is None


@pytest.mark.parametrize("text", ["START", "start.", "Unstop", "subscribe", "Start please"])
def test_a_bare_start_word_asks_to_be_texted_again(text: str):
    assert keyword(text) is Keyword.START


@pytest.mark.parametrize("text", ["yes", "YES", "y", "ok", "restart", "start now"])
def test_yes_does_not_opt_anybody_in(text: str):
    assert keyword(text) is None


@pytest.mark.parametrize("text", ["HELP", "help!", "Info", "info?"])
def test_a_bare_help_word_asks_who_is_texting(text: str):
    assert keyword(text) is Keyword.HELP


@pytest.mark.parametrize("text", ["help me", "please help", "info about shoes", "it helps"])
def test_asking_the_agent_for_help_is_conversation(text: str):
    assert keyword(text) is None


def test_no_word_means_two_things():
    assert not STOP_WORDS & START_WORDS
    assert not (STOP_WORDS | START_WORDS) & HELP_WORDS


@given(
    st.sampled_from(sorted(STOP_WORDS)),
    st.text(alphabet="'\"“”.,!?-…\u200b\u200d \n\t", max_size=9),
)
def test_nothing_invisible_or_punctuating_hides_a_stop_word(word: str, around: str):
    assert keyword(f"{around}{word.upper()}{around}") is Keyword.STOP


@given(st.text(max_size=300))
def test_any_text_has_one_reading_and_the_same_in_capitals_of_ascii(text: str):
    meaning = keyword(text)
    assert meaning is None or meaning in Keyword
    if text.isascii():
        assert keyword(text.upper()) is meaning
