"""docs/jitsi.md: its settings are taken, its commands publish a key that checks our tokens, its claims are the ones."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt as oracle
from joserfc.jwk import RSAKey

import settings
from conference import jwt, providers
from conference.solution import Solution
from tests.contracts.providers.prosody import CLAIMS, USER
from tests.docs.page import ROOT, Page, code

PAGE = Page(ROOT / "docs/jitsi.md")


@pytest.mark.parametrize("block", PAGE.blocks("toml"), ids=range(3))
def test_its_settings_are_taken_and_make_a_join_page(block: str, tmp_path: Path) -> None:
    (tmp_path / "anyroom.toml").write_text(block, "utf-8")

    [solution] = settings.load_solutions(str(tmp_path / "anyroom.toml"))
    assert providers.of(solution).declared.joins


def options(block: str, tmp_path: Path) -> Mapping[str, Any]:
    (tmp_path / "anyroom.toml").write_text(block, "utf-8")
    [solution] = settings.load_solutions(str(tmp_path / "anyroom.toml"))
    assert isinstance(solution, Solution)
    return {name: getattr(solution.options, name) for name in ("issuer", "key_id", "base_url")}


def test_prosody_is_told_the_same_as_anyroom(tmp_path: Path) -> None:
    for toml, lua in zip(PAGE.blocks("toml"), PAGE.blocks("lua"), strict=False):
        told = dict(re.findall(r'(\w+) = "([^"]+)"', lua))
        [host] = re.findall(r'^VirtualHost "([^"]+)"', lua)
        ours = options(toml, tmp_path)
        assert (told["app_id"], f"https://{host}") == (ours["issuer"], ours["base_url"])


def test_its_commands_publish_the_key_where_prosody_looks_for_it(tmp_path: Path) -> None:
    for program in ("bash", "openssl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: the commands of docs/jitsi.md are not tried")
    [commands] = PAGE.blocks("sh")
    subprocess.run(["bash", "-ec", commands], cwd=tmp_path, check=True, capture_output=True)
    key_id = options(PAGE.blocks("toml")[1], tmp_path)["key_id"]

    token = jwt.with_key({"room": "canary"}, (tmp_path / "jitsi.key").read_text(), key_id)

    # Where Prosody looks for it, below asap_key_server: the SHA-256 of the key's id in hexadecimal, and ".pem".
    published = (tmp_path / f"{sha256(key_id.encode()).hexdigest()}.pem").read_text()
    assert "PRIVATE" not in published
    assert oracle.decode(token, RSAKey.import_key(published), algorithms=["RS256"]).claims == {"room": "canary"}


def test_its_table_of_claims_has_each_that_there_is() -> None:
    documented = {name for row in PAGE.table("claim", "what it is") for name in code(row[0])}

    assert documented == {
        *(set(CLAIMS) - {"context"}),
        *(f"context.user.{name}" for name in USER),
        "context.features",
    }


def test_its_example_of_an_address_is_the_one_of_its_key() -> None:
    [start, end] = re.findall(r"https://keys\.example\.org/jitsi/(\w+)\.\.\.(\w+)\.pem", PAGE.text)[0]
    [key_id] = set(re.findall(r'key_id = "(anyroom[^"]*)"', PAGE.text))
    name = sha256(key_id.encode()).hexdigest()
    assert (name.startswith(start), name.endswith(end)) == (True, True), name
