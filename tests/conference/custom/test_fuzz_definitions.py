"""Whatever stands in a definition, it is taken or refused in one line; what is taken asks only where it said."""

import json
import tomllib
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from conference import providers
from conference.custom import definition
from conference.custom.lines import line_of
from conference.custom.mistakes import Mistake
from conference.errors import InvalidSetting
from conference.providers.base import Changes, Conference, Known, Reply
from tests.conference.custom.hostile import Answers, assert_safe, changed, comes_to, opened, places, toml
from tests.conference.custom.mistaken import GOOD
from tests.contracts.providers import acme
from tests.contracts.providers.events import CHANGED, EVENT
from tests.thorough import REQUESTS

INLINE = acme.table("https://api.acme.example")
SHIPPED = {path.name: tomllib.loads(path.read_text("utf-8")) for path in Path(providers.__file__).parent.glob("*.toml")}
FILES = [tomllib.loads(GOOD), *SHIPPED.values()]


def keys_of(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(keys_of, value.values()))
    return set().union(*map(keys_of, value)) if isinstance(value, list) else set()


KEYS = keys_of([INLINE, *FILES]) | {
    "find",
    "found",
    "account",
    "requests",
    "form",
    "after",
    "type",
    "template",
    "reply",
}
TREES = st.dictionaries(st.sampled_from(sorted(KEYS)), toml(KEYS), max_size=12)


def refused(tree: Any, inline: bool) -> bool:
    """Whether it is, in one line."""
    try:
        definition.read(tree, inline=inline)
        return False
    except Mistake as met:
        mistake = str(met)
    assert mistake.isprintable()
    return True


@hypothesis_settings(max_examples=REQUESTS * 5, deadline=None)
@given(tree=TREES | toml(KEYS), inline=st.booleans())
def test_any_tree_is_taken_or_refused_in_one_line(tree: Any, inline: bool) -> None:
    refused(tree, inline)


@hypothesis_settings(max_examples=REQUESTS * 5, deadline=None)
@given(tree=st.sampled_from(FILES).flatmap(lambda tree: changed(tree, toml(KEYS), KEYS)))
def test_a_file_that_was_changed_is_taken_or_refused_in_one_line(tree: Any) -> None:
    refused(tree, inline=False)


@hypothesis_settings(max_examples=REQUESTS * 5, deadline=None)
@given(tree=changed(INLINE, toml(KEYS), KEYS))
def test_a_solution_that_was_changed_is_refused_or_does_what_it_says(tree: Any) -> None:
    message = ""
    try:
        options = providers.read_options("custom", tree, "[solutions.a]")
    except InvalidSetting as mistake:
        message = str(mistake)
        options = None
    if options is None:
        assert message.isprintable()
        return
    numbers = [{"dial": "+41 44 123 45 67", "country": "ch", "pin": 1, "kind": "toll"}]
    room = {"name": "r", "links": {"guest": "https://acme.example/r"}, "numbers": numbers, "sip": "r@acme.example"}
    client = Answers([Reply(200, {}, json.dumps({"version": 1, "room": room}).encode())])
    behind, declared = options.behind, options.provider
    known = Known("r", "abcdefghijklmnopqrstuvwxyz")

    made = comes_to(lambda: behind.create(EVENT, known.attempt, opened(declared, options, client)))
    comes_to(lambda: behind.update(known, Changes(CHANGED, declared.updates), opened(declared, options, client)))
    comes_to(lambda: behind.delete(known, opened(declared, options, client)))

    if isinstance(made, Conference):
        assert_safe(made)
    assert not [asked.url for asked in client.asked if "canary" in asked.url.lower()]


@hypothesis_settings(max_examples=REQUESTS * 2, deadline=None)
@given(place=st.sampled_from(places(tomllib.loads(GOOD))[1:]))
def test_the_line_of_a_place_names_it(place: tuple[Any, ...]) -> None:
    number = line_of(GOOD, place)

    assert number
    line = GOOD.splitlines()[number - 1]
    names = [part for part in place if isinstance(part, str)]
    assert names[-1] in line
    after = "\n".join(GOOD.splitlines()[:number])
    assert all(name in after for name in names)
