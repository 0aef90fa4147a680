"""The prompts over the desk's API: the same files the owner's own editor works on."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from agent.prompts import Prompts
from evals.desk.branches import Branches
from evals.desk.prompts import LARGEST
from evals.desk.routes import create_app
from evals.local import Local
from tests.desk.conftest import Desk
from tools.media import MediaLibrary


@dataclass
class Shelf:
    """An owner's folder and the shipped one behind it, and the API over both."""

    own: Path
    shipped: Path
    http: TestClient

    def files(self) -> dict[str, Any]:
        return {file["name"]: file for file in self.http.get("/desk/prompts").json()["files"]}

    def put(self, name: str, text: str, was: str | None) -> Any:
        return self.http.put(f"/desk/prompts/{name}", json={"text": text, "was": was})

    def edit(self, name: str, text: str) -> Any:
        """Save an edit that began from what is there now."""
        present = self.files().get(name)
        return self.put(name, text, present["sha256"] if present else None)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    own.mkdir()
    shipped.mkdir()
    for name in ("instructions", "texting", "context", "nudge"):
        (shipped / f"{name}.md").write_text(f"Shipped {name}.\n")
    (shipped / "media.toml").write_text("")
    (own / "instructions.md").write_text("You are $name.\n")
    library = MediaLibrary(own / "media.toml", tmp_path, secret="s", shipped=shipped / "media.toml")
    prompts = Prompts(own, shipped=shipped)
    phone = SimpleNamespace(deployment=SimpleNamespace(prompts=prompts, library=library))
    app = create_app(cast(Local, phone), cast(Branches, None), here=None)
    return Shelf(own, shipped, TestClient(app))


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_prompts_are_told_as_the_next_turn_reads_them(shelf: Shelf):
    told = shelf.http.get("/desk/prompts").json()
    assert told["folder"] == str(shelf.own)
    assert len(told["version"]) == 8
    files = shelf.files()
    assert list(files) == ["context.md", "instructions.md", "media.toml", "nudge.md", "texting.md"]
    assert files["instructions.md"] == {
        "name": "instructions.md",
        "text": "You are $name.\n",
        "sha256": sha256("You are $name.\n"),
        "is_own": True,
        "is_sent": False,
        "trouble": None,
    }
    assert files["texting.md"]["text"] == "Shipped texting.\n"
    assert not files["texting.md"]["is_own"]


def test_an_edit_is_written_to_the_file_and_makes_another_version(shelf: Shelf):
    before = shelf.http.get("/desk/prompts").json()["version"]
    saved = shelf.edit("instructions.md", "Be brief, $name.\r\nÄ 🙂\n").json()
    assert (shelf.own / "instructions.md").read_bytes() == "Be brief, $name.\r\nÄ 🙂\n".encode()
    assert saved["sha256"] == sha256("Be brief, $name.\r\nÄ 🙂\n")
    assert saved["version"] == shelf.http.get("/desk/prompts").json()["version"] != before


def test_a_shipped_prompt_is_never_written_an_own_file_takes_its_place(shelf: Shelf):
    saved = shelf.edit("texting.md", "Text as I do.").json()
    assert saved["is_own"]
    assert (shelf.own / "texting.md").read_text() == "Text as I do."
    assert (shelf.shipped / "texting.md").read_text() == "Shipped texting.\n"
    assert shelf.files()["texting.md"]["text"] == "Text as I do."


def test_a_file_keeps_its_mode_and_nothing_is_left_beside_it(shelf: Shelf):
    (shelf.own / "instructions.md").chmod(0o640)
    assert shelf.edit("instructions.md", "New.").status_code == 200
    assert (shelf.own / "instructions.md").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in shelf.own.iterdir()] == ["instructions.md"]


def test_a_link_stays_a_link_and_the_file_it_leads_to_is_written(shelf: Shelf, tmp_path: Path):
    real = tmp_path / "kept elsewhere.md"
    real.write_text("old")
    (shelf.own / "texting.md").symlink_to(real)
    assert shelf.edit("texting.md", "new").status_code == 200
    assert (shelf.own / "texting.md").is_symlink()
    assert real.read_text() == "new"


def test_what_somebody_else_wrote_meanwhile_is_not_written_over(shelf: Shelf):
    began = shelf.files()["instructions.md"]["sha256"]
    (shelf.own / "instructions.md").write_text("Written in an editor.")
    refused = shelf.put("instructions.md", "Mine.", began)
    assert refused.status_code == 409
    assert refused.json()["present"]["text"] == "Written in an editor."
    assert "is another by now" in refused.json()["detail"]
    assert (shelf.own / "instructions.md").read_text() == "Written in an editor."
    assert shelf.edit("instructions.md", "Mine.").status_code == 200


def test_of_many_edits_that_began_from_the_same_text_one_is_taken(shelf: Shelf):
    began = shelf.files()["instructions.md"]["sha256"]
    answers: list[int] = []

    def save(text: str) -> None:
        answers.append(shelf.put("instructions.md", text, began).status_code)

    writers = [threading.Thread(target=save, args=(f"From writer {n}.",)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(answers) == [200, 409, 409, 409]


def test_a_deleted_prompt_is_not_brought_back_unasked(shelf: Shelf):
    shelf.put("mine.md", "A prompt of my own code: $whatever.", None)
    began = shelf.files()["mine.md"]["sha256"]
    (shelf.own / "mine.md").unlink()
    refused = shelf.put("mine.md", "Again.", began)
    assert refused.status_code == 409
    assert refused.json()["present"] is None
    assert shelf.put("mine.md", "Again.", None).status_code == 200


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("instructions.md", "You are $nmae.", "has the blank $nmae, which has no value"),
        ("nudge.md", "Say something, $name.", "It may use: none."),
        ("context.md", "Now: $today", "It may use: $channel, $facts"),
        ("texting.md", "It costs $ 5.", "Write a dollar sign that means one as $$."),
        ("mine.md", "It costs $ 5.", "Write a dollar sign that means one as $$."),
        ("media.toml", "[sea]\nurl = 'http://x'", "say what is on it"),
        ("media.toml", "[sea", "is not TOML"),
    ],
)
def test_what_would_break_the_next_turn_is_refused_before_anything_is_written(
    shelf: Shelf, name: str, text: str, sentence: str
):
    refused = shelf.edit(name, text)
    assert refused.status_code == 422
    assert sentence in refused.json()["detail"]
    assert [path.name for path in shelf.own.iterdir()] == ["instructions.md"]
    assert (shelf.own / "instructions.md").read_text() == "You are $name.\n"


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt", ".hidden.md", "..md", ".md", "a%00.md", "a%0A.md", "a%5Cb.md", "instructions",
        "..%2Fshipped%2Ftexting.md", "%2E%2E%2Fx.md", "folder%2Fx.md", "%2Ftmp%2Fx.md",
    ],
)  # fmt: skip
def test_no_name_leads_out_of_the_folder(shelf: Shelf, tmp_path: Path, name: str):
    before = sorted(tmp_path.rglob("*"))
    answer = shelf.http.put(f"/desk/prompts/{name}", json={"text": "x", "was": None})
    assert answer.status_code in (404, 405, 307)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_prompt_is_utf8_and_of_a_size_one_can_send(shelf: Shelf):
    half = '{"text": "\\ud83d", "was": null}'
    headers = {"Content-Type": "application/json"}
    assert shelf.http.put("/desk/prompts/x.md", content=half, headers=headers).status_code == 422
    refused = shelf.edit("x.md", "ä" * (LARGEST // 2 + 1))
    assert refused.status_code == 413
    assert str(LARGEST) in refused.json()["detail"]
    assert shelf.edit("x.md", "ä" * (LARGEST // 2)).status_code == 200


def test_a_file_that_is_no_text_is_told_with_what_would_mend_it(shelf: Shelf):
    (shelf.own / "texting.md").write_bytes(b"caf\xe9")
    file = shelf.files()["texting.md"]
    assert file["text"] is None
    assert "Save it as UTF-8" in file["trouble"]


def test_the_next_reply_after_a_save_uses_it(desk: Desk):
    desk.tell_the_word("plum")
    conversation = desk.writes("what is the word?")
    assert desk.answers(conversation) == ["plum"]
    file = next(f for f in desk.get("/desk/prompts")["files"] if f["name"] == "instructions.md")
    edit = {"text": "The word is pear.", "was": file["sha256"]}
    assert desk.http.put("/desk/prompts/instructions.md", json=edit).status_code == 200
    desk.writes("and now?")
    assert desk.answers(conversation, 2) == ["plum", "pear"]


def test_every_blank_a_prompt_may_use_is_filled(desk: Desk):
    """`check` and whoever fills the prompts agree: a text it lets pass is one a turn can use."""
    desk.tell_the_word("plum")
    context = "$name $now $people $channel $facts $summary $pictures $news"
    (desk.prompts / "context.md").write_text(context)
    for name in ("texting", "channel_imessage", "opted_out"):
        with (desk.prompts / f"{name}.md").open("a") as file:
            file.write(" $name")
    conversation = desk.writes("what is the word?")
    assert desk.answers(conversation) == ["plum"]
    desk.writes("STOP")
    assert desk.answers(conversation, 2)[1].endswith("Threedots")
