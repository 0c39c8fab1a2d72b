"""Secrets from the environment and from a directory: names, newlines, links, and what is refused."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conference.errors import SecretUnavailable, Temporary
from conference.secrets.local import Directory, Environment
from conference.secrets.source import Payload


@pytest.mark.parametrize(
    ("name", "variable"),
    [("zoom-client-id", "ZOOM_CLIENT_ID"), ("a_b", "A_B"), ("A1--b", "A1__B"), ("keys", "KEYS")],
)
def test_a_variable_is_the_name_in_upper_case_with_underscores(name: str, variable: str) -> None:
    assert Environment({variable: "value"}).fetch(name) == Payload(b"value")


def test_f32_a_missing_variable_is_named_with_what_to_do() -> None:
    with pytest.raises(SecretUnavailable) as refused:
        Environment({"OTHER": "x"}).fetch("zoom-client-id")

    assert refused.value.detail == "secret zoom-client-id: not set; set the variable ZOOM_CLIENT_ID"


def test_bytes_of_a_variable_that_are_no_utf8_come_back_as_they_were() -> None:
    assert Environment({"KEY": os.fsdecode(b"\xff\x00a")}).fetch("key") == Payload(b"\xff\x00a")


def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    (tmp_path / "key").write_bytes(b"one\n")
    assert directory.fetch("key") == Payload(b"one\n")

    (tmp_path / "key").write_bytes(b"two\n")
    assert directory.fetch("key") == Payload(b"two\n")


def test_f70_the_links_of_a_mounted_volume_are_followed_and_their_swap_is_seen(tmp_path: Path) -> None:
    for generation, value in (("..2030_01", b"one"), ("..2030_02", b"two")):
        (tmp_path / generation).mkdir()
        (tmp_path / generation / "key").write_bytes(value)
    (tmp_path / "..data").symlink_to("..2030_01")
    (tmp_path / "key").symlink_to("..data/key")
    directory = Directory(tmp_path)
    assert directory.fetch("key") == Payload(b"one")

    (tmp_path / "..next").symlink_to("..2030_02")
    (tmp_path / "..next").rename(tmp_path / "..data")
    assert directory.fetch("key") == Payload(b"two")


def test_f32_a_missing_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SecretUnavailable) as refused:
        Directory(tmp_path).fetch("key")

    assert refused.value.reason == "secret-missing"
    assert refused.value.detail == f"secret key: no such file; create {tmp_path / 'key'}"


def test_a_link_to_nothing_is_a_missing_file(tmp_path: Path) -> None:
    (tmp_path / "key").symlink_to("gone")

    with pytest.raises(SecretUnavailable, match="no such file"):
        Directory(tmp_path).fetch("key")


def test_a_link_to_itself_is_no_value_now(tmp_path: Path) -> None:
    (tmp_path / "key").symlink_to("key")

    with pytest.raises(Temporary, match="secret key"):
        Directory(tmp_path).fetch("key")


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_regular_file_is_refused_without_waiting(make: object, tmp_path: Path) -> None:
    assert callable(make)
    make(tmp_path / "key")

    with pytest.raises(SecretUnavailable, match="is no file"):
        Directory(tmp_path).fetch("key")


def test_a_file_that_may_not_be_read_is_permission_denied(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("x")
    (tmp_path / "key").chmod(0)

    with _no_root(), pytest.raises(SecretUnavailable, match="permission denied"):
        Directory(tmp_path).fetch("key")


@contextmanager
def _no_root() -> Iterator[None]:
    """Root may read every file: be nobody for a moment."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "key").open("wb") as file:
        file.truncate(1 << 30)

    assert len(Directory(tmp_path).fetch("key").data) == 65_537
