"""Galène: who gets into a group and as what, groups that were cut short, and changes that others make meanwhile."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from conference.errors import CredentialsRefused, OutcomeUnknown, Permanent, Temporary
from conference.event import PLACEHOLDER_TITLE
from conference.http import HttpCall
from conference.providers import galene as provider
from conference.providers.base import Changes, EventField, Known, Marked
from tests.conference.providers.conftest import MakeCall
from tests.contracts.providers.conftest import new_attempt
from tests.contracts.providers.events import CHANGED, EVENT
from tests.contracts.providers.galene import ADMINISTRATOR, PASSWORD, TOKEN, Galene, Group, Turned
from tests.contracts.providers.wire import Answer, Asked, Onto, Spoiler, Wire, says

OPERATORS = "canary-operators"
ALL: frozenset[EventField] = frozenset({"summary", "start", "end", "recurrence"})
START, END = EVENT.start.astimezone(UTC), EVENT.end.astimezone(UTC)


@pytest.fixture
def galene(wire: Wire) -> Galene:
    system = Galene()
    wire.system = system
    return system


class Solution:
    """Galène under some options."""

    def __init__(self, galene: Galene, wire: Wire, make_call: MakeCall, **more: Any) -> None:
        self._galene, self._wire, self._make_call, self._more = galene, wire, make_call, more

    def call(self, **changed: Any) -> HttpCall:
        admin = {"username": ADMINISTRATOR, "password": PASSWORD}
        table = {"url": self._wire.url, "operator_password": OPERATORS, **admin, **self._more, **changed}
        return self._make_call("galene", {name: value for name, value in table.items() if value is not None})

    def made(self, event: Any = EVENT) -> tuple[Group, str, str]:
        """A new group, its name, and its passcode."""
        conference = provider.create(event, new_attempt(), self.call())
        return self._galene.groups[conference.id], conference.id, conference.entry_points[0].passcode

    def tell(self, name: str, event: Any = EVENT, **changed: Any) -> None:
        provider.update(Known(name, ""), Changes(event, ALL), self.call(**changed))


@pytest.fixture
def solution(galene: Galene, wire: Wire, make_call: MakeCall) -> Any:
    return lambda **more: Solution(galene, wire, make_call, **more)


def test_anybody_with_the_link_enters_by_any_name_and_may_take_part(solution: Any) -> None:
    group, _, passcode = solution().made()

    assert passcode == ""
    assert group.enter("Ada", "", START) == {"present", "message"}


def test_the_operators_name_needs_their_password_and_moderates(solution: Any) -> None:
    group, _, _ = solution(operator="host").made()

    assert "op" in group.enter("host", OPERATORS, START)
    with pytest.raises(Turned):
        group.enter("host", "", START)


def test_a_passcode_is_for_all_guests_and_only_the_right_one_opens(solution: Any) -> None:
    group, _, passcode = solution(room_secret="r").made()

    assert len(passcode) == 8
    assert passcode.isdecimal()
    assert group.enter("Ada", passcode, START)
    for wrong in ("", "00000000", OPERATORS):
        with pytest.raises(Turned):
            group.enter("Ada", wrong, START)


def test_each_group_has_a_passcode_of_its_own_that_depends_on_the_key(solution: Any, galene: Galene) -> None:
    attempt = new_attempt()

    def passcode(attempt: str, key: str) -> str:
        return provider.create(EVENT, attempt, solution(room_secret=key).call()).entry_points[0].passcode

    assert passcode(attempt, "one") == passcode(attempt, "one")
    assert len({passcode(attempt, "one"), passcode(attempt, "two"), passcode(new_attempt(), "one")}) == 3


def test_no_password_stands_in_galene_s_files(solution: Any) -> None:
    group, _, passcode = solution(room_secret="r").made()

    kept = [group.users["operator"].password, group.wildcard and group.wildcard.password]
    assert not [text for text in (OPERATORS, passcode) if text in json.dumps(kept)]


def test_a_password_is_hashed_as_galene_does_it() -> None:
    """The vector is that of Galène's own test."""
    hashed = provider._hashed("pass", bytes.fromhex("bcc1717851030776"))

    assert hashed["key"] == "fe499504e8f144693fae828e8e371d50e019d0e4c84994fa03f7f445bd8a570a"


def test_two_groups_have_different_salts_so_that_their_files_do_not_compare(solution: Any) -> None:
    (first, _, _), (second, _, _) = solution().made(), solution().made()

    assert first.users["operator"].password != second.users["operator"].password


@pytest.mark.parametrize(("guests", "may"), [("message", {"message"}), ("observe", set())])
def test_guests_may_do_as_much_as_the_option_says(solution: Any, guests: str, may: set[str]) -> None:
    group, _, _ = solution(guests=guests).made()

    assert group.enter("Ada", "", START) == may


def test_with_a_lobby_guests_wait_for_an_operator(solution: Any) -> None:
    group, _, _ = solution(lobby=True).made()

    with pytest.raises(Turned, match="locked"):
        group.enter("Ada", "", START)
    assert "op" in group.enter("operator", OPERATORS, START)
    assert group.enter("Ada", "", START, operators=True)


def test_the_doors_open_and_close_around_the_event_and_never_for_operators(solution: Any) -> None:
    group, _, _ = solution(opens_before=10, closes_after=30).made()

    opens, closes = START - timedelta(minutes=10), END + timedelta(minutes=30)
    assert group.enter("Ada", "", opens)
    assert group.enter("Ada", "", closes)
    for outside in (opens - timedelta(seconds=1), closes + timedelta(seconds=1)):
        with pytest.raises(Turned):
            group.enter("Ada", "", outside)
        assert group.enter("operator", OPERATORS, outside)


def test_without_those_options_they_are_open_at_any_time(solution: Any) -> None:
    group, _, _ = solution().made()

    assert group.description == {"displayName": EVENT.summary}


def test_a_series_without_an_end_never_closes(solution: Any) -> None:
    group, _, _ = solution(opens_before=0, closes_after=0).made(CHANGED)

    assert "expires" not in group.description
    assert group.enter("Ada", "", START + timedelta(days=9999))


def test_a_series_closes_after_its_last_occurrence(solution: Any) -> None:
    group, _, _ = solution(closes_after=0).made(replace(EVENT, recurrence=("RRULE:FREQ=WEEKLY;COUNT=3",)))

    assert group.enter("Ada", "", END + timedelta(weeks=2))
    with pytest.raises(Turned):
        group.enter("Ada", "", END + timedelta(weeks=4))


def test_a_moment_that_no_year_has_is_left_out(solution: Any) -> None:
    edges = replace(EVENT, start=datetime.min.replace(tzinfo=UTC), end=datetime.max.replace(tzinfo=UTC))
    group, _, _ = solution(opens_before=1, closes_after=1).made(edges)

    assert group.description == {"displayName": EVENT.summary}


def test_a_group_is_told_how_many_and_whether_to_record(solution: Any) -> None:
    group, _, _ = solution(max_clients=7, recording=True).made()

    assert (group.description["max-clients"], group.description["allow-recording"]) == (7, True)


def test_the_description_and_the_guests_stay_here(solution: Any, wire: Wire) -> None:
    solution().made()

    sent = b"".join(asked.body for asked in wire.asked).decode()
    assert not [text for text in (EVENT.description, EVENT.attendees[0].email, EVENT.calendar) if text in sent]


def test_an_untitled_event_takes_the_old_title_away(solution: Any) -> None:
    group, name, _ = (of := solution()).made()
    of.tell(name, replace(EVENT, summary=""))

    assert group.description["displayName"] == PLACEHOLDER_TITLE


def test_the_link_is_galene_s_page_of_the_group(solution: Any, wire: Wire) -> None:
    attempt = new_attempt()

    def link(**options: Any) -> str:
        return provider.create(EVENT, attempt, solution(**options).call()).entry_points[0].uri

    assert link() == f"{wire.url}/group/{attempt}/"
    assert link(join_url="https://g.example/{room}", room_prefix="team/a-") == f"https://g.example/team/a-{attempt}"


def test_an_administrator_s_token_does_too(solution: Any, galene: Galene) -> None:
    galene.authorization = f"Bearer {TOKEN}"
    with_token = solution(username=None, password=None, token=TOKEN)

    with_token.made()
    with pytest.raises(CredentialsRefused):
        provider.create(EVENT, new_attempt(), with_token.call(token="canary-wrong"))


def test_a_password_is_sent_in_utf_8(solution: Any, galene: Galene) -> None:
    galene.authorization = "Basic csO2w7Z0OnDDpHNzOnc="

    solution(username="rööt", password="päss:w").made()


STEPS = 6


def acts_and_fails(onto: Onto) -> None:
    """The server does what it was asked, and the proxy before it says that it did not."""
    onto.answer()
    onto.connection.sendall(Answer(502).raw(closing=True))


def is_the(number: int, wire: Wire, asked: Asked) -> bool:
    return len(wire.asked) == number


CUT = {"not done": says(Answer(502)), "done": acts_and_fails}


@pytest.mark.parametrize("step", range(STEPS))
@pytest.mark.parametrize("spoiler", CUT.values(), ids=CUT)
def test_a_group_that_was_cut_short_is_finished_by_the_next_try(
    spoiler: Spoiler, step: int, solution: Any, galene: Galene, wire: Wire
) -> None:
    attempt, of = new_attempt(), solution(room_secret="r")
    wire.spoil(spoiler, partial(is_the, step + 1, wire))
    with pytest.raises(Temporary):
        provider.create(EVENT, attempt, of.call())
    cut = galene.groups.get(attempt)
    wire.spoil(None)

    conference = provider.create(EVENT, attempt, of.call())

    assert len(wire.asked) == step + 1 + STEPS
    [group] = galene.groups.values()
    assert cut is None or cut is group
    assert group.enter("Ada", conference.entry_points[0].passcode, START)
    assert "op" in group.enter("operator", OPERATORS, START)


def test_nobody_enters_before_the_last_step(solution: Any, galene: Galene, wire: Wire) -> None:
    attempt = new_attempt()
    for step in range(STEPS - 2):
        last = len(wire.asked) + step + 1
        wire.spoil(acts_and_fails, partial(is_the, last, wire))
        with pytest.raises(Temporary):
            provider.create(EVENT, attempt, solution().call())
        with pytest.raises(Turned):
            galene.groups[attempt].enter("Ada", "", START)


def test_what_answers_200_to_a_new_group_is_not_galene(solution: Any, wire: Wire) -> None:
    wire.spoil(says(Answer(200, b"welcome")), lambda asked: asked.method == "PUT")

    with pytest.raises(OutcomeUnknown) as failure:
        solution().made()
    assert failure.value.reason == "malformed-reply"
    assert len(wire.asked) == 1


def test_a_server_whose_groups_are_not_writable_says_so(solution: Any, galene: Galene) -> None:
    galene.writable = False

    with pytest.raises(Permanent) as refused:
        solution().made()
    assert refused.value.reason == "galene-not-writable"
    assert not isinstance(refused.value, CredentialsRefused)


def test_a_change_keeps_what_the_group_was_given_at_galene(solution: Any) -> None:
    group, name, passcode = (of := solution(room_secret="r", opens_before=10)).made()
    group.description |= {"comment": "ours", "max-clients": 3, "codecs": ["vp9"]}
    of.tell(name, CHANGED)

    assert group.description == {
        "displayName": CHANGED.summary,
        "not-before": "2031-03-21T07:50:00Z",
        "comment": "ours",
        "max-clients": 3,
        "codecs": ["vp9"],
    }
    assert group.enter("Ada", passcode, CHANGED.start.astimezone(UTC))


def test_a_change_follows_the_options_as_they_are_now(solution: Any) -> None:
    group, name, _ = (of := solution(lobby=True, opens_before=10, closes_after=10)).made()
    of.tell(name, lobby=None, opens_before=None, closes_after=None)

    assert group.description == {"displayName": EVENT.summary}


def test_a_change_that_changes_nothing_writes_nothing(solution: Any, wire: Wire) -> None:
    group, name, _ = (of := solution(opens_before=10)).made()
    written = group.written
    of.tell(name, replace(EVENT, end=EVENT.end + timedelta(hours=1)))

    assert group.written == written
    assert wire.asked[-1].method == "GET"


def meddling(group: Group, times: int) -> Any:
    """A system where somebody else changes the group between our reading and our writing, so many times."""
    left = iter(range(times))

    def system(asked: Asked, galene: Galene) -> Answer:
        answer = galene(asked)
        if asked.method == "GET" and next(left, None) is not None:
            group.description["comment"] = "theirs"
            group.written += 1
        return answer

    return system


def test_a_change_of_somebody_else_s_in_between_is_not_lost(solution: Any, galene: Galene, wire: Wire) -> None:
    group, name, _ = (of := solution()).made()
    system = meddling(group, 1)
    wire.system = lambda asked: system(asked, galene)
    of.tell(name, CHANGED)

    assert group.description == {"displayName": CHANGED.summary, "comment": "theirs"}


def test_a_group_that_others_go_on_changing_is_left_for_later(solution: Any, galene: Galene, wire: Wire) -> None:
    group, name, _ = (of := solution()).made()
    system = meddling(group, 99)
    wire.system = lambda asked: system(asked, galene)

    with pytest.raises(Temporary) as failure:
        of.tell(name, CHANGED)
    assert failure.value.reason == "galene-412"
    assert group.description["displayName"] == EVENT.summary


def without_tag(asked: Asked, galene: Galene) -> Answer:
    answer = galene(asked)
    return Answer(answer.status, answer.body, {"Content-Type": "application/json"})


def weak_tag(asked: Asked, galene: Galene) -> Answer:
    answer = galene(asked)
    headers = {name: f"W/{text}" if name == "ETag" else text for name, text in answer.headers.items()}
    return Answer(answer.status, answer.body, headers)


def test_a_tag_that_a_proxy_has_weakened_is_known_again(solution: Any, galene: Galene, wire: Wire) -> None:
    group, name, _ = (of := solution()).made()
    wire.system = lambda asked: weak_tag(asked, galene)
    of.tell(name, CHANGED)

    assert group.description["displayName"] == CHANGED.summary


def test_a_group_without_a_tag_is_not_overwritten(solution: Any, galene: Galene, wire: Wire) -> None:
    group, name, _ = (of := solution()).made()
    wire.system = lambda asked: without_tag(asked, galene)

    with pytest.raises(Temporary):
        of.tell(name, CHANGED)
    assert group.description["displayName"] == EVENT.summary


def test_the_list_of_an_empty_server_is_null_and_others_groups_are_not_ours(solution: Any, galene: Galene) -> None:
    of = solution(room_prefix="anyroom/")
    assert provider.rooms(of.call()) == []
    _, name, _ = of.made()
    for other in (new_attempt(), "anyroom/lobby", f"{name}x", f"x{name}"):
        galene.groups[other] = Group({}, 0)

    assert provider.rooms(of.call()) == [Marked(name.removeprefix("anyroom/"), name)]


def test_a_group_cut_short_is_found_so_that_it_can_be_deleted(solution: Any, galene: Galene, wire: Wire) -> None:
    attempt, of = new_attempt(), solution()
    wire.spoil(acts_and_fails)
    with pytest.raises(Temporary):
        provider.create(EVENT, attempt, of.call())
    wire.spoil(None)

    found = provider.find(attempt, of.call())
    assert found
    provider.delete(Known(found.id, attempt), of.call())
    assert not galene.groups
