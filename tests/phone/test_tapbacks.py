import pytest

from phone.tapbacks import TextTapback, tapback_in_text


@pytest.mark.parametrize(
    ("text", "reaction"),
    [
        ("Loved “See you at six”", "love"),
        ("Liked “See you at six”", "like"),
        ("Disliked “See you at six”", "dislike"),
        ("Laughed at “See you at six”", "laugh"),
        ("Emphasized “See you at six”", "emphasize"),
        ("Emphasised “See you at six”", "emphasize"),
        ("Questioned “See you at six”", "question"),
        ("Reacted 🔥 to “See you at six”", "🔥"),
        ("Reacted ❤️ to “See you at six”", "❤️"),
        ("Reacted 👩🏽‍🍳 to “See you at six”", "👩🏽‍🍳"),
        ("Reacted 🇫🇷 to “See you at six”", "🇫🇷"),
        ("👍 to “See you at six”", "👍"),
        ("\u200b👍\u200b to “\u200aSee you at six\u200a”", "👍"),
        ('Liked "See you at six"', "like"),
        (" Liked “See you at six” \n", "like"),
    ],
)
def test_a_tapback_in_words_is_a_tapback(text: str, reaction: str):
    assert tapback_in_text(text) == TextTapback(reaction, "See you at six")


@pytest.mark.parametrize(
    ("text", "reaction"),
    [
        ("Removed a heart from “ok”", "love"),
        ("Removed a like from “ok”", "like"),
        ("Removed a dislike from “ok”", "dislike"),
        ("Removed a laugh from “ok”", "laugh"),
        ("Removed an exclamation from “ok”", "emphasize"),
        ("Removed a question mark from “ok”", "question"),
        ("Removed 🔥 from “ok”", "🔥"),
        ("Removed a 🔥 reaction from “ok”", "🔥"),
    ],
)
def test_a_tapback_taken_back_is_told_apart(text: str, reaction: str):
    assert tapback_in_text(text) == TextTapback(reaction, "ok", removed=True)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("Loved an image", None),
        ("Liked a video", None),
        ("Reacted 🔥 to an attachment", None),
        ("Liked “first line\n\nsecond line”", "first line\n\nsecond line"),
        ("Liked “he said “hi” to me”", "he said “hi” to me"),
        ("Liked “a long story that goes…”", "a long story that goes…"),
        ("Liked “a long story that goes…", "a long story that goes…"),
        ('Liked "he said "hi""', 'he said "hi"'),
        ("Liked “”", ""),
    ],
)
def test_what_was_reacted_to_is_known_when_it_was_words(text: str, quoted: str | None):
    tapback = tapback_in_text(text)
    assert tapback is not None
    assert tapback.quoted == quoted


@pytest.mark.parametrize(
    "text",
    [
        "Liked the movie",
        "Loved it",
        "Loved",
        "loved “the book”",
        "I Liked “the book”",
        "Liked “the book” a lot",
        "Liked “the book” and “the film”",
        "Loved an image of yours",
        "Laughed at the image",
        "Reacted badly to “the news”",
        "Reacted 1 to “the news”",
        "2 to “the table by the window”",
        "👍 to that",
        "👍",
        "Removed a chair from “the list”",
        "Removed a like",
        "“See you at six”",
        "",
    ],
)
def test_words_somebody_wrote_are_not_a_tapback(text: str):
    assert tapback_in_text(text) is None
