"""Markdown the model wrote, as the plain text a phone shows: no channel renders Markdown.

A real parser reads it, so that what only looks like Markdown ("2 * 3 * 4", "#1 fan", "> 5 people")
is left as it was. Line breaks and blank lines stay as written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from markdown_it import MarkdownIt, rules_block, rules_inline
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.tree import SyntaxTreeNode

OPENS = {
    "blockquote": re.compile(r">(\s+\D|\s*$)"),
    "fence": re.compile(r"`{3,}\s*\S*\s*$"),
    "list": re.compile(r"[*-](\s|$)|\d"),
}
"""What a line must begin with to open a block, where Markdown asks for less than a texter means:
"> 5 people" compares, "~~~ tired ~~~" decorates, "+ fries" adds."""

NOT_MARKDOWN = ["code", "html_block", "lheading", "reference", "entity", "html_inline", "text_join"]
"""Rules switched off: indents, tags, underlines, "[1]: …" and "&lt;" are text in a text message."""

ADDRESS = re.compile(r"(https?://|mailto:|tel:|sms:|www\.|[\w-]+(\.[\w-]+)*\.[a-z]{2,}(/|$))", re.I)
"""Where a link may lead; "array[i](x)" leads nowhere and is left as written."""

BARE_ADDRESS = re.compile(r"(?<=http|ttps)://[^\s<>()\[\]\"'`\\|]*")
"""The rest of an address, met at its colon: where the parser's own scan for marks first stops."""

IN_A_WORD = re.compile(r"[0-9A-Za-z@#\\]")
"""After one of these an asterisk or underscore is no mark: 2*3*4, f*ck, @_ana_, ¯\\_(ツ)_/¯."""

EAST_ASIAN = re.compile(r"[\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef]")
"""Scripts written without spaces, where CommonMark takes "这是**「好」**的" for plain asterisks."""


def plain(markdown: str) -> str:
    """The words of a Markdown text without its marks.

    Bullets become "• ", numbers stay, quotes and headings keep their words, code its lines, a table
    becomes a line per row. A link's address stands on its own line after the line that held it,
    where phones make it tappable. Only hover titles and the language of a code block are dropped.

    Text with no Markdown in it comes back as it is, without the blank space around it. So does a
    text that is nothing but marks ("***"): somebody meant to send them.
    """
    tree = SyntaxTreeNode(_READER.parse(markdown))
    items = [node for node in tree.walk() if node.type == "list_item"]
    # A text's only item is no list: it is how people sign ("- Ana").
    bullet = items[0].markup if len(items) == 1 else "•"
    text = ""
    end = 0
    for block in _blocks(tree.children, bullet):
        gap = "\n\n" if block.start > end else "\n"
        text = f"{text}{gap}{block.text}" if text else block.text
        end = block.end
    return text.strip() or markdown.strip()


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines of the answer, and the lines of the source they were: a gap there is a gap here."""

    text: str
    start: int
    end: int


def _blocks(nodes: Sequence[SyntaxTreeNode], bullet: str) -> list[_Block]:
    found: list[_Block] = []
    for node in nodes:
        start, end = node.map or (0, 0)
        match node.type:
            case "paragraph" | "heading":
                found.append(_Block(_settled(_words(node.children)), start, end))
            case "fence":
                found.append(_Block(node.content.removesuffix("\n"), start, end))
            case "table":
                found.append(_Block(_rows(node), start, end))
            case "bullet_list" | "ordered_list":
                found += _items(node, bullet)
            case "hr":
                continue
            case _:
                found += _blocks(node.children, bullet)
    return found


def _items(node: SyntaxTreeNode, bullet: str) -> list[_Block]:
    found: list[_Block] = []
    for item in node.children:
        mark = bullet if node.type == "bullet_list" else item.info + item.markup
        start, _ = item.map or (0, 0)
        first, *rest = _blocks(item.children, bullet) or [_Block("", start, start + 1)]
        found.append(replace(first, text=f"{mark} {first.text}".rstrip()))
        found += [replace(block, text=_indented(block.text)) for block in rest]
    return found


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n"))


def _rows(table: SyntaxTreeNode) -> str:
    rows = [node for node in table.walk() if node.type == "tr"]
    cells = [[_words(cell.children) or "-" for cell in row.children] for row in rows]
    return "\n".join(_settled(" · ".join(row)) for row in cells)


def _words(nodes: Sequence[SyntaxTreeNode]) -> str:
    """The words of inline Markdown, with each link's address between NULs (a text holds none)."""
    text = ""
    for node in nodes:
        match node.type:
            case "softbreak" | "hardbreak":
                text += "\n"
            case "em" | "strong" | "s":
                text += _emphasised(node, before=text[-1:])
            case "link":
                text += _link(_words(node.children), str(node.attrs["href"]))
            case "image":
                text += _link(_words(node.children), str(node.attrs["src"]))
            case "inline":
                text += _words(node.children)
            case _:
                text += node.content
    return text


def _emphasised(node: SyntaxTreeNode, *, before: str) -> str:
    """The words without their marks, unless the marks are part of a word or a face: (*^_^*)."""
    words = _words(node.children)
    if IN_A_WORD.match(before) or not any(map(str.isalnum, words)):
        return f"{node.markup}{words}{node.markup}"
    return words


def _link(words: str, address: str) -> str:
    address = re.sub(r"^(mailto|tel|sms):", "", address)
    return address if _essence(words) == _essence(address) else f"{words}\0{address}\0"


def _essence(address: str) -> str:
    """What two spellings of one address or number share."""
    return re.sub(r"^(https?://)?(www\.)?|[\s().-]|/$", "", address.lower())


def _settled(text: str) -> str:
    """Each line, then the addresses that stood in it, each on its own line."""
    lines: list[str] = []
    for line in text.split("\n"):
        words, addresses = re.sub(r"\0.*?\0", "", line), re.findall(r"\0(.*?)\0", line)
        lines += [words, *dict.fromkeys(addresses)] if words.strip() else addresses
    return "\n".join(lines)


class _Reader(MarkdownIt):
    """CommonMark with tables, and the few rules that texting needs otherwise."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False, "maxNesting": 100})
        self.enable(["table", "strikethrough"]).disable(NOT_MARKDOWN)
        self.block.ruler.at("blockquote", _blockquote, {"alt": _INTERRUPTS})
        self.block.ruler.at("fence", _fence, {"alt": _INTERRUPTS})
        self.block.ruler.at("list", _list, {"alt": _INTERRUPTS[:3]})
        self.inline.ruler.at("newline", _newline)
        self.inline.ruler.at("escape", _escape)
        self.inline.ruler.at("emphasis", _emphasis)
        self.inline.ruler.before("escape", "bare_address", _bare_address)

    def validateLink(self, url: str) -> bool:
        return ADDRESS.match(url) is not None

    def normalizeLink(self, url: str) -> str:
        return url

    def normalizeLinkText(self, link: str) -> str:
        return link


_INTERRUPTS = ["paragraph", "reference", "blockquote", "list"]


def _opens(block: str, state: StateBlock, line: int) -> bool:
    begins, ends = state.bMarks[line] + state.tShift[line], state.eMarks[line]
    return OPENS[block].match(state.src[begins:ends]) is not None


def _blockquote(state: StateBlock, line: int, last: int, silent: bool) -> bool:
    return _opens("blockquote", state, line) and rules_block.blockquote(state, line, last, silent)


def _fence(state: StateBlock, line: int, last: int, silent: bool) -> bool:
    return _opens("fence", state, line) and rules_block.fence(state, line, last, silent)


def _list(state: StateBlock, line: int, last: int, silent: bool) -> bool:
    return _opens("list", state, line) and rules_block.list_block(state, line, last, silent)


def _newline(state: StateInline, silent: bool) -> bool:
    """A line break, and the next line's indent left alone: poems and nested bullets have one."""
    if state.src[state.pos] != "\n":
        return False
    if not silent:
        state.pending = state.pending.rstrip(" ")
        state.push("softbreak", "br", 0)
    state.pos += 1
    return True


def _escape(state: StateInline, silent: bool) -> bool:
    """A backslash escapes, except where it is the arm of a shrug: ¯\\_(ツ)_/¯."""
    return state.src[state.pos - 1 : state.pos] != "¯" and rules_inline.escape(state, silent)


def _emphasis(state: StateInline, silent: bool) -> bool:
    """Marks, which between East Asian characters may open and close without spaces around them."""
    first, start = len(state.delimiters), state.pos
    if not rules_inline.emphasis.tokenize(state, silent):
        return False
    around = state.src[max(start - 1, 0) : start] + state.src[state.pos : state.pos + 1]
    if state.src[start] == "*" and len(around) == 2 and EAST_ASIAN.search(around):
        for delimiter in state.delimiters[first:]:
            delimiter.open = not around[1].isspace()
            delimiter.close = not around[0].isspace()
    return True


def _bare_address(state: StateInline, silent: bool) -> bool:
    """An address written out is text to its end: a `_` or `*` in it marks nothing."""
    found = BARE_ADDRESS.match(state.src, state.pos, state.posMax)
    rest = found.group().rstrip("*_~") if found else ""
    if not rest:
        return False
    if not silent:
        state.pending += rest
    state.pos += len(rest)
    return True


_READER = _Reader()
