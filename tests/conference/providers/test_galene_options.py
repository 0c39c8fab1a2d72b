"""Galène's options: what makes no sense is found when they are read, with the field."""

from collections.abc import Mapping
from typing import Any

import pytest

from conference.errors import InvalidSetting
from conference.providers import read_options


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "galene.example.org"}, "url"),
        ({"url": "https://galene.example.org/?a"}, "url"),
        ({"join_url": "https://galene.example.org/"}, "join_url"),
        ({"join_url": "javascript:{room}"}, "join_url"),
        ({"join_url": "https://{room}@evil.example/"}, "join_url"),
        ({"token": "t"}, "token"),
        ({"username": "", "password": ""}, "token"),
        ({"password": ""}, "password"),
        ({"username": "a:b"}, "username"),
        ({"operator_password": ""}, "operator_password"),
        ({"operator": ""}, "operator"),
        ({"operator": "a/b"}, "operator"),
        ({"operator": ".wildcard-user"}, "operator"),
        ({"guests": "op"}, "guests"),
        ({"opens_before": -1}, "opens_before"),
        ({"closes_after": 10_081}, "closes_after"),
        ({"max_clients": -1}, "max_clients"),
        ({"room_prefix": "/a"}, "room_prefix"),
        ({"room_prefix": "a/../b"}, "room_prefix"),
        ({"room_prefix": "a/.b"}, "room_prefix"),
        ({"room_prefix": "a" * 65}, "room_prefix"),
    ],
)
def test_options_that_make_no_sense_are_refused(change: Mapping[str, Any], field: str) -> None:
    table = {"url": "https://galene.example.org", "username": "u", "password": "p", "operator_password": "o"}

    with pytest.raises(InvalidSetting) as refused:
        read_options("galene", {**table, **change}, "[solutions.g]")
    assert refused.value.reason == f"[solutions.g] {field}"
