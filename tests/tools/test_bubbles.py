import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.bubbles import split

SENTENCE = "The kettle is on and the biscuits are out."
FAMILY = "👩‍👩‍👧"

TEXTS = st.lists(
    st.tuples(
        st.one_of(
            st.text(alphabet="abcdé你好.!?。", min_size=1, max_size=30),
            st.sampled_from([SENTENCE, FAMILY * 5, "https://example.com/a?b=c.d", "1.", "Dr."]),
        ),
        st.sampled_from([" ", "\n", "\n\n", ". ", "  "]),
    )
).map(lambda parts: "".join(word + space for word, space in parts))


def bubbles(text: str, limit: int = 4000, at_most: int = 3) -> list[str]:
    return split(text, limit=limit, at_most=at_most)


@pytest.mark.parametrize("text", ["", " \n\n "])
def test_no_words_are_no_bubble(text: str):
    assert bubbles(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "ok",
        "Yes, we are open today.\n\nShall I keep a table for you?",
        "Bring:\n• milk\n• tea\n• sugar",
        " ".join([SENTENCE] * 7),
    ],
)
def test_a_short_text_is_one_bubble(text: str):
    assert bubbles(text) == [text]


def test_three_short_paragraphs_are_three_bubbles():
    assert bubbles("Hi Ana!\n\nWe are open.\n\nSee you?") == ["Hi Ana!", "We are open.", "See you?"]


def test_two_long_paragraphs_are_two_bubbles():
    first, second = " ".join([SENTENCE] * 5), " ".join(["I kept you a slice of cake."] * 6)
    assert bubbles(f"{first}\n\n{second}") == [first, second]


def test_the_shortest_neighbours_share_a_bubble_when_there_are_too_many():
    long = " ".join([SENTENCE] * 5)
    text = f"{long}\n\nHi Ana!\n\nWe are open.\n\n{long}"
    assert bubbles(text) == [long, "Hi Ana!\n\nWe are open.", long]


def test_a_long_paragraph_is_halved_at_the_end_of_a_sentence():
    text = " ".join([SENTENCE] * 10)
    assert bubbles(text) == [" ".join([SENTENCE] * 5)] * 2


def test_a_long_list_is_halved_between_its_lines():
    line = "• Tea. Cake. " + "Scones. " * 8
    text = "\n".join([line.strip()] * 6)
    assert bubbles(text) == ["\n".join([line.strip()] * 3)] * 2


def test_a_line_that_announces_stays_with_what_it_announces():
    text = "Hi Ana!\n\nWe have:\n\n• tea\n• cake\n\nSee you?"
    assert bubbles(text) == ["Hi Ana!", "We have:\n\n• tea\n• cake", "See you?"]


def test_bubbles_get_longer_before_there_are_more_of_them():
    text = " ".join([SENTENCE] * 60)
    assert len(bubbles(text)) == 3
    assert len(bubbles(text, at_most=1)) == 1


def test_there_are_more_bubbles_only_when_longer_ones_do_not_fit():
    text = " ".join([SENTENCE] * 60)
    found = bubbles(text, limit=400)
    assert len(found) > 3
    assert all(bubble.endswith(".") and len(bubble) <= 400 for bubble in found)


def test_a_sentence_is_torn_before_there_is_a_bubble_too_many():
    sentence = "word " * 11 + "end."  # 59 characters
    assert bubbles(f"{sentence} {sentence} {sentence}", limit=60) == [sentence] * 3
    assert len(bubbles(f"{sentence} {sentence}", limit=100, at_most=2)) == 2
    assert len(bubbles(" ".join([sentence] * 5), limit=100)) == 3


@pytest.mark.parametrize(
    "together",
    ["1. Tea", "Dr. No", "e.g. Tea", "3.5 Euro", "Well... maybe", "The menu\nhttps://x.com/menu"],
)
def test_what_is_no_sentence_end_is_not_torn_there(together: str):
    text = f"{'We have tea. ' * 14}{together}{' We have cake.' * 14}"
    assert any(together in bubble for bubble in bubbles(text))


def test_chinese_and_japanese_sentences_end_without_a_space():
    sentence = "今日は「いい天気ですね。」と言いました。"
    assert bubbles(sentence * 30) == [sentence * 15, sentence * 15]


def test_a_word_too_long_is_torn_between_characters():
    assert bubbles("a" * 25, limit=10) == ["a" * 10, "a" * 10, "a" * 5]
    assert bubbles(FAMILY * 5, limit=12) == [FAMILY * 2, FAMILY * 2, FAMILY]


def test_a_link_is_never_torn_even_when_it_is_too_long():
    link = "https://example.com/" + "a" * 90
    assert bubbles(f"Here it is: {link} Enjoy!", limit=50) == ["Here it is:", link, "Enjoy!"]


@settings(deadline=None)
@given(TEXTS, st.integers(30, 500), st.integers(1, 5))
def test_every_word_arrives_in_order_and_in_time(text: str, limit: int, at_most: int):
    found = split(text, limit=limit, at_most=at_most)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(0 < len(bubble) <= limit for bubble in found)
    assert "".join(found).count("https://example.com/a?b=c.d") == text.count(
        "https://example.com/a?b=c.d"
    )


@settings(deadline=None)
@given(TEXTS.map(lambda text: text.replace("。", ".")), st.integers(60, 500))
def test_no_word_is_torn_that_fits(text: str, limit: int):
    assert " ".join(split(text, limit=limit)).split() == text.split()


@settings(deadline=None)
@given(st.lists(st.sampled_from(["e\u0301", "👍🏽", FAMILY, "🇫🇷", "a"])), st.integers(10, 30))
def test_no_character_is_torn(characters: list[str], limit: int):
    found = split("".join(characters), limit=limit)
    assert [whole for bubble in found for whole in regex.findall(r"\X", bubble)] == characters
