import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.plain import plain

PLAIN_WORD = st.text(alphabet="abcXYZéñüßжя你好0123456789,!?;'…😀👍🏽", min_size=1, max_size=8)
MARKED_WORD = st.text(alphabet="abc12 *_~`#>-+.()[]!|\\<&:/\n", max_size=60)
ORDINARY = [
    "**bold**",
    "*it*",
    "`code`",
    "[menu](https://x.com/a_b)",
    "<https://y.com>",
    "tea",
    "you!",
]
ORDINARY_START = ["", "# ", "- ", "* ", "1. ", "> ", "## "]


def words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text).split()


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("**Hi** *there* __you__ _all_ ***now***", "Hi there you all now"),
        ("run `ls -l` first", "run ls -l first"),
        ("~~old~~ new", "old new"),
        ("# Title\ntext\n\n## Two ##\nmore", "Title\ntext\n\nTwo\nmore"),
        ("> be **kind**\n> always\n\nok", "be kind\nalways\n\nok"),
        (r"\*not this\*", "*not this*"),
        ("これは**「大事」**です", "これは「大事」です"),
    ],
)
def test_marks_go_and_words_stay(markdown: str, shown: str):
    assert plain(markdown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "2 * 3 * 4",
        "2*3*4 is 24",
        "x**2 + y**2",
        "snake_case_name a_b __",
        "#1 fan",
        "#tag",
        "1. maybe",
        "2025. What a year",
        "> 5 people",
        "we expected 5\n> 5 people came",
        ">:( no",
        "~5 or ~~ 6",
        "~~~ tired ~~~\nyes",
        ":) <3 ;-) T_T (*^_^*) *_* ¯\\_(ツ)_/¯",
        "<b>bold</b> <3 5 < 6 > 4",
        "AT&amp;T &copy",
        "+ fries\n+ coke",
        "See you!\n- Ana",
        "Title\n===",
        "[1]: https://x.com",
        "array[i](x) [you] [text] (here)",
        "[a](javascript:alert(1))",
        "f*ck this sh*t",
        "@_ana_ #_tag_",
        "https://x.com/_foo_/a*b*c?x=1&copy=2_",
        "🎂 ✅ 👩‍👩‍👧 ok",
        "***",
        "-",
        "#",
    ],
)
def test_what_only_looks_like_markdown_is_left_alone(text: str):
    assert plain(text) == text


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("- a\n- b", "• a\n• b"),
        ("* a\n* b", "• a\n• b"),
        ("Hi:\n- a\n  - b\n  - c\n- d\n\nafter", "Hi:\n• a\n  • b\n  • c\n• d\n\nafter"),
        ("1. a\n2. b", "1. a\n2. b"),
        ("3) a\n5) b", "3) a\n5) b"),
        ("1. a\n1. b\n1. c", "1. a\n1. b\n1. c"),
        ("1. one\n\n   more\n2. two", "1. one\n\n  more\n2. two"),
        ("- [ ] milk\n- [x] **tea**", "• [ ] milk\n• [x] tea"),
    ],
)
def test_lists_keep_their_bullets_and_numbers(markdown: str, shown: str):
    assert plain(markdown) == shown


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        (
            "See [the menu](https://x.com/m_a) before **you** come.\nBye",
            "See the menu before you come.\nhttps://x.com/m_a\nBye",
        ),
        ("[https://x.com/a](https://x.com/a)", "https://x.com/a"),
        ("at [x.com](https://www.x.com/)!", "at https://www.x.com/!"),
        ("<https://x.com> and <a@b.com>", "https://x.com and a@b.com"),
        ("**https://x.com/a** ok", "https://x.com/a ok"),
        ("**[Menu](https://x.com)**: good", "Menu: good\nhttps://x.com"),
        ("[call us](tel:+14155550123)", "call us\n+14155550123"),
        ("[menu](x.com/menu)", "menu\nx.com/menu"),
        ("- [a](https://a.com)\n- b", "• a\nhttps://a.com\n• b"),
        ("![A cake](https://x.com/c.jpg)", "A cake\nhttps://x.com/c.jpg"),
        ("[![A cake](https://x.com/c.jpg)](https://x.com)",
         "A cake\nhttps://x.com/c.jpg\nhttps://x.com"),
        ("[a](https://x.com) [b](https://x.com)", "a b\nhttps://x.com"),
        ("[](https://x.com)", "https://x.com"),
        ("[m](https://x.com/ü \"title\")", "m\nhttps://x.com/ü"),
    ],
)  # fmt: skip
def test_a_links_address_stands_on_a_line_of_its_own(markdown: str, shown: str):
    assert plain(markdown) == shown


def test_a_code_block_keeps_its_text_as_it_is():
    code = "def f(*a, **k):\n    return __name__  # *x*\n\n\n\nf()"
    assert plain(f"Try:\n```python\n{code}\n```\nok?") == f"Try:\n{code}\nok?"


def test_a_table_becomes_a_line_for_each_row():
    table = "| Tea | Price |\n| --- | ---: |\n| **Green** | $3 |\n| [Oolong](https://o.com) | |"
    assert plain(table) == "Tea · Price\nGreen · $3\nOolong · -\nhttps://o.com"


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("one\ntwo  \nthree\\\nfour", "one\ntwo\nthree\nfour"),
        ("roses are red\n   violets\n      blue", "roses are red\n   violets\n      blue"),
        ("a\n\n\n\nb", "a\n\nb"),
        ("a\n\n---\n\nb", "a\n\nb"),
        ("a\n---\nb", "a\n\nb"),
        ("a\r\nb", "a\nb"),
        ("  hi \n", "hi"),
        ("", ""),
    ],
)
def test_lines_and_paragraphs_stay_as_written(markdown: str, shown: str):
    assert plain(markdown) == shown


@settings(deadline=None)
@given(st.lists(st.tuples(PLAIN_WORD, st.sampled_from([" ", "\n", "\n\n"])), min_size=1))
def test_text_without_marks_comes_back_identical(parts: list[tuple[str, str]]):
    text = "".join(word + space for word, space in parts).strip()
    assert plain(text) == text


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(ORDINARY_START), st.lists(st.sampled_from(ORDINARY), min_size=1))
    )
)
def test_plain_text_is_plain_already(lines: list[tuple[str, list[str]]]):
    once = plain("\n".join(start + " ".join(rest) for start, rest in lines))
    assert plain(once) == once


@settings(deadline=None)
@given(MARKED_WORD)
def test_no_word_is_ever_lost(markdown: str):
    shown = "".join(words(plain(markdown)))
    assert all(word in shown for word in words(markdown))


@settings(deadline=None)
@given(st.text())
def test_any_text_can_be_read(text: str):
    assert isinstance(plain(text), str)
