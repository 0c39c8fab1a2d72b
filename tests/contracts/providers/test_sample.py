"""Of a vendor's sample reply each conference has an id and a link of its own, in the sample's own form."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.providers.sample import Sample

REPLY = {
    "id": 83016420957,
    "link": "https://acme.example/j/83016420957?pwd=Qm9h&v=a#x",
    "code": "402913",
}


def sample(folder: Path, reply: Any, id: str = "id", link: str = "link") -> Sample:
    (folder / "acme.json").write_text(json.dumps(reply), "utf-8")
    return Sample(folder / "acme.json", id=id, link=link)


def test_id_and_link_are_moved_together_and_nothing_else_is(tmp_path: Path) -> None:
    moved = {"id": 94027530168, "link": "https://acme.example/j/94027530168?pwd=Rn1i&v=b#y", "code": "402913"}

    assert sample(tmp_path, REPLY).reply(1) == ("94027530168", moved)


def test_no_two_are_alike(tmp_path: Path) -> None:
    replies = [sample(tmp_path, REPLY).reply(number) for number in range(1, 10)]

    assert len({id for id, _ in replies}) == 9
    assert len({reply["link"] for _, reply in replies}) == 9
    assert {type(reply["id"]) for _, reply in replies} == {int}


@pytest.mark.parametrize("tail", ["r/Ab3", "r/Ab3/", "Ab3/start", "Ab3?t=q"])
def test_the_id_is_moved_wherever_it_stands_in_the_link(tmp_path: Path, tail: str) -> None:
    reply = {"id": "Ab3", "link": f"https://acme.example/{tail}"}

    id, given = sample(tmp_path, reply).reply(1)
    assert id == "Bc4"
    assert "Bc4" in given["link"]
    assert "Ab3" not in given["link"]


def test_they_may_stand_further_in(tmp_path: Path) -> None:
    reply = {"data": [{"id": "a1", "links": {"join": "https://acme.example/a1"}}], "id": "a1"}

    id, given = sample(tmp_path, reply, "data.0.id", "data.0.links.join").reply(2)
    assert id == "c3"
    assert given == {"data": [{"id": "c3", "links": {"join": "https://acme.example/c3"}}], "id": "a1"}


@pytest.mark.parametrize("where", ["meetingId", "id.x", "0"])
def test_one_that_is_not_there_is_named(tmp_path: Path, where: str) -> None:
    with pytest.raises(pytest.fail.Exception) as failure:
        sample(tmp_path, REPLY, where).reply(1)
    assert str(failure.value) == f"acme.json has no {where}: name in acme.py where its id and link stand"


def test_what_was_told_stands_where_the_reply_has_such_a_field() -> None:
    reply = {"topic": "shown", "data": [{"topic": "shown", "id": 1}]}

    told = Sample.with_told(reply, {"topic": "told", "secret": "kept"})
    assert told == {"topic": "told", "data": [{"topic": "told", "id": 1}]}


@pytest.mark.parametrize("end", ["", "/", "?lang=en", "#top"])
def test_a_link_without_the_id_has_its_last_step_moved(tmp_path: Path, end: str) -> None:
    _, given = sample(tmp_path, {"id": "Ab3", "link": f"https://acme.example/r/Xy7{end}"}).reply(1)

    assert given["link"].startswith("https://acme.example/r/Yz8")
