"""What docs/publish.md says of the add-on is what is built, and what it names exists."""

import json
import re
from pathlib import Path

import msgspec
import pytest

import settings
from addon import build as building
from addon.__main__ import main
from addon.manifest import DEPLOYMENT_SCOPES, SCRIPT_SCOPES
from addon.product import product
from addon.script import SETTINGS_FUNCTION
from conference import providers, sign_in
from conference.identity import Accepted
from conference.solution import Solution
from sync import credentials
from tests.docs.page import ROOT, Page, code, dead_links

PAGE = Page(ROOT / "docs/publish.md")
SHIM = (ROOT / "addon/shim.gs").read_text("utf-8")
LOGO = "https://lh3.googleusercontent.com/logo"
SCOPES = PAGE.table("scope", "Apps Script", "HTTP")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """The folder that `python -m addon` has written for one solution."""
    config = tmp_path / "anyroom.toml"
    config.write_text(f'[solutions.meet]\nprovider = "jitsi"\nname = "Meet"\nlogo = "{LOGO}"\n', "utf-8")
    folder = tmp_path / "build"
    assert main([f"--config={config}", "--url=https://rooms.example.org", f"--out={folder}"]) == 0
    return folder


def of_path(column: int) -> list[str]:
    """The scopes that the page names for a path."""
    return [code(row[0])[0] for row in SCOPES if row[column] == "yes"]


def test_each_path_has_the_scopes_that_are_built(built: Path) -> None:
    for column, name in ((1, "appsscript.json"), (2, "deployment.json")):
        assert of_path(column) == json.loads((built / name).read_text("utf-8"))["oauthScopes"]
    assert {cell for row in SCOPES for cell in row[1:3]} == {"yes", "no"}
    assert {code(row[0])[0] for row in SCOPES} == {*SCRIPT_SCOPES, *DEPLOYMENT_SCOPES}


@pytest.mark.parametrize("row", SCOPES, ids=lambda row: row[0].strip("`").rpartition("/")[2])
def test_each_scope_has_a_reason_that_names_what_uses_it(row: list[str], built: Path) -> None:
    files = ["sync/calendar.py", "conference/identity.py"]
    everything = "".join((ROOT / name).read_text("utf-8") for name in files)
    everything += "".join(path.read_text("utf-8") for path in built.iterdir())
    used = code(row[3])
    assert used
    assert [name for name in used if name not in everything] == []
    assert len(row[3].split()) > 12, "Google asks for more than a word"
    assert row[4]


def test_no_two_scopes_have_the_same_reason() -> None:
    assert len({row[3] for row in SCOPES}) == len(SCOPES)


def test_the_files_are_those_that_are_written(built: Path) -> None:
    assert [code(row[0])[0] for row in PAGE.table("file", "what it is")] == [
        *building.build(product([Solution("meet", "Meet", LOGO, "jitsi", None)], "https://rooms.example.org"))
    ]
    assert {code(row[0])[0] for row in PAGE.table("file", "what it is")} == {path.name for path in built.iterdir()}


def test_the_administrator_delegates_the_scopes_that_are_asked_for() -> None:
    [scopes] = PAGE.blocks("text")
    assert scopes.strip().split(",") == list(credentials.SCOPES)


def test_the_sign_in_asks_for_the_scopes_that_are_named() -> None:
    said = re.search(r'"Sign in with Google" .*? asks for (.*?) only', PAGE.flowing)
    assert said
    assert tuple(code(said[1])) == sign_in.SCOPES


def test_the_json_in_it_is_json_and_names_the_folder_that_is_written() -> None:
    [clasp] = (json.loads(block) for block in PAGE.blocks("json"))
    assert set(clasp) == {"scriptId", "rootDir"}
    assert f'default="{clasp["rootDir"]}"' in (ROOT / "addon/__main__.py").read_text("utf-8")


def test_what_it_points_at_is_there() -> None:
    assert dead_links(PAGE) == []
    assert [link for link in PAGE.links() if link.startswith("http://")] == []


def test_a_link_that_leads_nowhere_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("# A\n[1](#a) [2](#b) [3](page.md#a) [4](page.md#c) [5](other.md)\n", "utf-8")
    assert dead_links(Page(tmp_path / "page.md")) == ["#b", "page.md#c", "other.md"]


def test_the_variables_in_it_are_read() -> None:
    sources = [*ROOT.glob("*.py"), *ROOT.glob("doctor/*.py")]
    read = {name for path in sources for name in re.findall(r'"(ANYROOM_[A-Z_]+)"', path.read_text("utf-8"))}
    named = set(re.findall(r"ANYROOM_[A-Z_]+", PAGE.text))
    assert named
    assert named <= read


def test_what_google_names_is_taken_as_it_is_put_together() -> None:
    [shown] = [span for span in PAGE.spans() if "script=" in span and "addon=" in span]
    client, account = "123-abc.apps.googleusercontent.com", "service-123@gcp-sa-gsuiteaddons.iam.gserviceaccount.com"
    identity = shown.partition("=")[2].replace("CLIENT_ID", client).replace("SERVICE_ACCOUNT", account)
    loaded = settings.load({"ANYROOM_IDENTITY": identity, "ANYROOM_PUBLIC_URL": "https://rooms.example.org"})
    assert loaded.accepted == Accepted(frozenset({client}), account, client)


def test_the_options_in_it_make_one_account_make_everything() -> None:
    said = re.search(r"where one account makes all conferences \((.*?)\)", PAGE.flowing)
    assert said
    options = {
        field.name
        for name in providers.names()
        for field in msgspec.structs.fields(providers.load(name).declared.options)
    }
    assert set(code(said[1])) <= options


def test_those_who_sign_in_are_the_systems_that_connect_users() -> None:
    said = re.search(r"- For (.*?) the sign-in there, once", PAGE.flowing)
    assert said
    connecting = {name for name in providers.names() if providers.load(name).declared.authentication == "oauth"}
    systems = {"zoom": "Zoom", "webex": "Webex", "teams": "Teams", "microsoft_teams": "Teams", "gotomeeting": "GoTo"}
    assert set(re.split(r", | and ", said[1])) == {systems[name] for name in connecting - {"demo"}}


def test_what_the_editor_shows_is_what_the_script_says() -> None:
    assert f"choose the function `{SETTINGS_FUNCTION}`" in PAGE.flowing
    assert "`no settings URL: the function answered 401`" in PAGE.flowing
    assert "no settings URL: %s" in SHIM
    assert "'the function answered ' + status" in SHIM
    assert '"wrong-audience"' in (ROOT / "conference/identity.py").read_text("utf-8")
    assert '"no-public-url"' in (ROOT / "conference/endpoint.py").read_text("utf-8")


def test_the_limits_are_those_that_the_script_keeps() -> None:
    said = re.search(r"(\d+) triggers for each user, (\d+) seconds for an answer", PAGE.flowing)
    assert said
    assert f"const TRIGGERS_MAX = {said[1]};" in SHIM
    assert f"Calendar gives an add-on {said[2]} s" in SHIM


def test_the_ways_to_start_the_build_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"\bmake ([a-z]+) ?(?:URL=)?", " ".join([*PAGE.blocks("sh"), *PAGE.spans()])))
    assert targets >= {"addon", "doctor"}
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
    flags = set(re.findall(r"--[a-z]+", " ".join(text for text in PAGE.spans() if "python -m addon" in text)))
    assert flags == {"--url", "--logo"}
    arguments = (ROOT / "addon/__main__.py").read_text("utf-8")
    assert [flag for flag in (*flags, "--name") if f'add_argument("{flag}"' not in arguments] == []
