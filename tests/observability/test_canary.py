"""F72: no token, address, title or event of the story stands in any line, and each is one line of one shape."""

import json

from sync import records
from tests.observability.logging_query import SEVERITIES
from tests.observability.story import Told
from tests.world import ADA


def test_f72_no_line_holds_what_is_private(story: Told) -> None:
    assert len(story.private) > 30
    said = "\n".join(story.lines)
    assert [text for text in sorted(story.private) if text in said] == []


def test_what_a_line_names_a_user_by_is_what_their_connections_are_stored_by(story: Told) -> None:
    """Nobody is named by the hash of an address: those can be tried."""
    said = "\n".join(story.lines)
    assert records.key(ADA) not in said
    assert story.owners
    assert all(owner in said for owner in story.owners)


def test_each_line_is_one_object_with_a_severity_and_a_message(story: Told) -> None:
    for line in story.lines:
        body = json.loads(line)
        assert body["severity"] in SEVERITIES
        assert body["message"]
        assert "\n" not in line


def test_no_line_is_longer_than_what_can_be_read(story: Told) -> None:
    assert max(map(len, story.lines)) < 2000
