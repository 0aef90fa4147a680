from pathlib import Path

import pytest
from PIL import Image

from tools.media import BadListing, MediaLibrary

ROOT = Path(__file__).parents[2]
BASE = "https://example.com"


def library(folder: Path, listing: str, secret: str = "s") -> MediaLibrary:
    (folder / "media.toml").write_text(listing, "utf-8")
    (folder / "a.jpg").write_bytes(b"a picture")
    return MediaLibrary(folder / "media.toml", folder, secret=secret)


def parts(url: str) -> tuple[str, str]:
    token, filename = url.removeprefix(f"{BASE}/media/").split("/")
    return token, filename


def test_a_picture_is_known_by_its_handle(tmp_path: Path):
    pictures = library(tmp_path, '[dusk]\nfile = "a.jpg"\nshows = "Hills."').assets()
    assert list(pictures) == ["dusk"]
    assert (pictures["dusk"].shows, pictures["dusk"].file) == ("Hills.", tmp_path / "a.jpg")


def test_an_edit_is_felt_at_once(tmp_path: Path):
    pictures = library(tmp_path, '[one]\nfile = "a.jpg"\nshows = "One."')
    assert list(pictures.assets()) == ["one"]
    library(tmp_path, '[two]\nfile = "a.jpg"\nshows = "Two."')
    assert list(pictures.assets()) == ["two"]


def test_an_own_listing_takes_the_place_of_the_shipped_one_while_we_run(tmp_path: Path):
    own, shipped = tmp_path / "own.toml", tmp_path / "shipped.toml"
    shipped.write_text("[sea]\nurl = 'https://example.com/sea.jpg'\nshows = 'The sea.'")
    pictures = MediaLibrary(own, tmp_path, secret="s", shipped=shipped)
    assert list(pictures.assets()) == ["sea"]
    own.write_text("[cat]\nurl = 'https://example.com/cat.jpg'\nshows = 'A cat.'")
    assert list(pictures.assets()) == ["cat"]
    own.unlink()
    assert list(pictures.assets()) == ["sea"]


def test_without_a_listing_there_are_no_pictures(tmp_path: Path):
    assert MediaLibrary(tmp_path / "media.toml", tmp_path, secret="s").assets() == {}


@pytest.mark.parametrize(
    ("listing", "fix"),
    [
        ('[dusk]\nfile = "b.jpg"\nshows = "x"', "put the file there"),
        ('[dusk]\nfile = "../a.jpg"\nshows = "x"', "without folders"),
        ('[dusk]\nshows = "x"', "either file or url"),
        ('[dusk]\nfile = "a.jpg"\nurl = "https://x.com/a"\nshows = "x"', "not both"),
        ('[dusk]\nurl = "http://x.com/a.jpg"\nshows = "x"', "only https://"),
        ('[dusk]\nfile = "a.jpg"', 'shows = "…"'),
        ('[dusk]\nfile = "a.jpg"\nshows = "  "', 'shows = "…"'),
        ('[dusk]\nfile = 3\nshows = "x"', 'file = "…"'),
        ('[dusk]\nfle = "a.jpg"\nshows = "x"', "fle is not known"),
        ('dusk = "a.jpg"', "write it as a table"),
    ],
)
def test_a_mistake_names_the_file_the_handle_and_the_fix(tmp_path: Path, listing: str, fix: str):
    with pytest.raises(BadListing) as error:
        library(tmp_path, listing).assets()
    assert str(error.value).startswith(f"{tmp_path / 'media.toml'}, [dusk]: ")
    assert fix in str(error.value)


def test_a_handle_has_simple_letters(tmp_path: Path):
    with pytest.raises(BadListing, match=r"\[Dusk hill\].*a-z"):
        library(tmp_path, '["Dusk hill"]\nfile = "a.jpg"\nshows = "x"').assets()


def test_what_is_not_toml_is_said_with_its_line(tmp_path: Path):
    with pytest.raises(BadListing, match=r"media\.toml is not TOML: .*line 2"):
        library(tmp_path, "[dusk]\nfile = \nshows").assets()


def test_a_picture_elsewhere_keeps_its_address(tmp_path: Path):
    pictures = library(tmp_path, '[cat]\nurl = "https://x.com/cat.png"\nshows = "A cat."')
    assert pictures.public_url(pictures.assets()["cat"], BASE) == "https://x.com/cat.png"


def test_a_files_address_leads_back_to_the_file(tmp_path: Path):
    pictures = library(tmp_path, '[dusk]\nfile = "a.jpg"\nshows = "x"')
    token, filename = parts(pictures.public_url(pictures.assets()["dusk"], f"{BASE}/"))
    assert len(token) == 32
    assert pictures.find(token, filename) == tmp_path / "a.jpg"


def test_an_address_cannot_be_guessed_or_reused(tmp_path: Path):
    pictures = library(tmp_path, '[dusk]\nfile = "a.jpg"\nshows = "x"')
    (tmp_path / "b.jpg").write_bytes(b"a picture")
    token, _ = parts(pictures.public_url(pictures.assets()["dusk"], BASE))
    stranger = library(tmp_path, '[dusk]\nfile = "a.jpg"\nshows = "x"', secret="other")
    assert stranger.find(token, "a.jpg") is None
    for guess, filename in [
        ("0" * 32, "a.jpg"),
        ("", "a.jpg"),
        ("ü", "a.jpg"),
        (token, "b.jpg"),
        (token, "media.toml"),
        (token, "missing.jpg"),
        (token, f"../{tmp_path.name}/a.jpg"),
        (token, ".."),
        (token, "a.jpg\0"),
    ]:
        assert pictures.find(guess, filename) is None


def test_a_changed_picture_has_a_new_address(tmp_path: Path):
    pictures = library(tmp_path, '[dusk]\nfile = "a.jpg"\nshows = "x"')
    asset = pictures.assets()["dusk"]
    before = pictures.public_url(asset, BASE)
    (tmp_path / "a.jpg").write_bytes(b"another picture")
    after = pictures.public_url(asset, BASE)
    assert after != before
    assert pictures.find(*parts(before)) is None


def test_a_sent_picture_is_found_while_the_listing_is_broken(tmp_path: Path):
    pictures = library(tmp_path, '[dusk]\nfile = "a.jpg"\nshows = "x"')
    url = pictures.public_url(pictures.assets()["dusk"], BASE)
    (tmp_path / "media.toml").write_text("[dusk")
    assert pictures.find(*parts(url)) == tmp_path / "a.jpg"


def test_the_pictures_that_come_along_are_small_and_the_backgrounds_upright():
    pictures = MediaLibrary(ROOT / "prompts" / "media.toml", ROOT / "media", secret="s").assets()
    files = {handle: asset.file for handle, asset in pictures.items() if asset.file}
    assert len(files) == len(pictures) >= 5
    for handle, file in files.items():
        assert file.stat().st_size < 300_000, handle
        with Image.open(file) as image:
            image.load()
            assert image.height > 2 * image.width or "background" not in pictures[handle].shows
