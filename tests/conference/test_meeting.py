"""A link is 128 random bits that the store never shows; what the page knows follows the event, for it alone."""

import base64
import itertools
import json
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from conference.clock import SystemClock
from conference.data import ConferenceData, EntryPoint, Parameter
from conference.errors import InvalidConferenceData, SecretUnavailable
from conference.event import Event, placeholder
from conference.meeting import MOST_MOVED, JoinLinks, Kept, Moved, found_by
from conference.occurrence import current_or_next
from conference.seal import Seal, key_id
from conference.secrets.cache import Secrets
from conference.secrets.local import Environment
from conference.solution import Solution

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
ROOMS = Solution("rooms", "Rooms", "logo", "demo", None)
PLAIN = Solution("plain", "Plain", "logo", "demo", None)
EVENT = Event("e", "ada@example.com", "Secret plan", NOW, NOW.replace(hour=10), "UTC", recurrence=("RRULE:FREQ=DAILY",))


def made(*keys: int) -> JoinLinks:
    """Links sealed with those keys, the first one first."""
    text = "\n".join(base64.b64encode(bytes(range(key, key + 32))).decode() for key in keys or (1,))
    numbers, tokens = itertools.count(), itertools.count()
    seal = Seal("keys", Secrets(Environment({"KEYS": text}), SystemClock()), lambda size: next(numbers).to_bytes(size))
    return JoinLinks("https://a.example", seal, lambda one: one is ROOMS, lambda: f"token{next(tokens):021}")


def answer(uri: str) -> ConferenceData:
    entrance = EntryPoint.fitted("VIDEO", uri, passcode="s3cret")
    return ConferenceData("1", "rooms", (entrance,), (Parameter("anyroom", "key"),), f"Or open {uri}")


def test_a_solution_that_is_entered_without_us_has_no_link() -> None:
    links = made()
    kept = links.begin(PLAIN)
    assert (kept, links.url(kept), links.following(kept, EVENT)) == (Kept(), "", Kept())
    data = answer("https://rooms.example/1")
    assert links.stored(data, kept) == data.to_record()
    assert links.answered(data.to_record(), kept) == data


def test_a_link_is_found_by_its_hash_and_neither_it_nor_the_event_can_be_read() -> None:
    links = made()
    kept = links.following(links.begin(ROOMS), EVENT)
    url = links.url(kept)
    assert url == "https://a.example/join/token000000000000000000000"
    assert kept.link == found_by("token000000000000000000000")
    assert "token" not in str(kept)
    assert "Secret plan" not in str(kept)
    meeting = links.meeting(kept)
    assert (meeting.summary, meeting.start, meeting.end) == (EVENT.summary, EVENT.start, EVENT.end)
    assert (meeting.zone, meeting.recurrence) == ("UTC", EVENT.recurrence)


def test_an_answer_is_stored_without_the_link_and_read_with_it() -> None:
    links = made()
    kept = links.begin(ROOMS)
    data = answer(links.url(kept))
    record = links.stored(data, kept)
    assert "token" not in str(record)
    assert links.answered(record, kept) == data


def test_what_did_not_change_is_not_sealed_anew() -> None:
    links = made()
    kept = links.following(links.begin(ROOMS), EVENT)
    assert links.following(kept, EVENT) is kept
    moved = links.following(kept, Event("e", "ada@example.com", "Secret plan", NOW, NOW.replace(hour=11), "UTC"))
    assert moved.link == kept.link
    assert links.meeting(moved).end == NOW.replace(hour=11)


def occurrence(starts: datetime) -> Event:
    return Event("e2", "ada@example.com", "Secret plan", starts, starts + timedelta(hours=1), "UTC")


def test_an_occurrence_that_was_moved_is_known_until_it_is_moved_back_or_the_event_is_no_series_any_more() -> None:
    links, original, later = made(), "20270303T090000Z", datetime(2027, 3, 4, 15, tzinfo=ZoneInfo("Europe/Berlin"))
    kept = links.following(links.begin(ROOMS), EVENT)
    moved = links.moving(kept, original, occurrence(later))

    assert links.meeting(moved).moved == (Moved(original, later, later + timedelta(hours=1)),)
    assert links.moving(moved, original, occurrence(later)) is moved
    renamed = links.following(moved, replace(EVENT, summary="Plan B"))
    assert links.meeting(renamed).moved == links.meeting(moved).moved
    assert links.meeting(links.following(moved, replace(EVENT, recurrence=()))).moved == ()
    back = links.moving(moved, original, occurrence(NOW + timedelta(days=2)))
    assert links.meeting(back) == links.meeting(kept)


def test_an_occurrence_that_was_cancelled_is_known_until_it_is_back_or_the_event_is_no_series_any_more() -> None:
    links, original = made(), "20270303T090000Z"
    kept = links.following(links.begin(ROOMS), EVENT)
    moved = links.moving(kept, original, occurrence(NOW + timedelta(hours=6)))

    cancelled = links.moving(moved, original, None)
    assert (links.meeting(cancelled).moved, links.meeting(cancelled).cancelled) == ((), (original,))
    assert links.moving(cancelled, original, None) is cancelled
    both = links.moving(cancelled, "20270304T090000Z", None)
    assert links.moving(both, original, None) is both
    assert links.meeting(links.following(both, replace(EVENT, summary="B"))).cancelled == (original, "20270304T090000Z")
    assert links.meeting(links.following(both, replace(EVENT, recurrence=()))).cancelled == ()
    back = links.moving(cancelled, original, occurrence(NOW + timedelta(days=2)))
    assert links.meeting(back) == links.meeting(kept)


def test_only_so_many_occurrences_are_known_the_last_that_were_moved() -> None:
    links = made()
    kept = links.following(links.begin(ROOMS), EVENT)
    for day in range(MOST_MOVED + 1):
        kept = links.moving(kept, f"{day:08}T090000Z", occurrence(NOW))

    for day in range(MOST_MOVED + 1):
        kept = links.moving(kept, f"{day:08}T100000Z", None)

    last = [f"{day:08}" for day in range(1, MOST_MOVED + 1)]
    assert [one.original[:8] for one in links.meeting(kept).moved] == last
    assert [original[:8] for original in links.meeting(kept).cancelled] == last


def test_what_a_look_showed_is_all_that_is_known_and_of_too_many_the_last_to_begin() -> None:
    links = made()
    known = links.moving(links.following(links.begin(ROOMS), EVENT), "20270303T090000Z", None)
    changed = {f"{day:08}T090000Z": occurrence(NOW) if day % 2 else None for day in range(2 * MOST_MOVED + 2)}
    kept = links.occurring(known, dict(reversed(changed.items())))

    meeting, last = links.meeting(kept), list(changed)[2:]
    assert ([one.original for one in meeting.moved], list(meeting.cancelled)) == (last[1::2], last[::2])
    assert links.occurring(kept, changed) is kept
    assert links.meeting(links.occurring(kept, {})).cancelled == ()
    assert links.occurring(Kept(), changed) == Kept()


def test_both_times_are_in_the_event_s_zone_again() -> None:
    links, berlin = made(), ZoneInfo("Europe/Berlin")
    start = NOW.astimezone(berlin)
    event = replace(EVENT, start=start, end=start + timedelta(hours=1), zone="Europe/Berlin")
    meeting = links.meeting(links.following(links.begin(ROOMS), event))
    assert [time and time.tzinfo for time in (meeting.start, meeting.end)] == [berlin, berlin]
    assert links.meeting(links.following(links.begin(ROOMS), replace(event, zone_guessed=True))).zone == ""


def test_a_hundred_moved_occurrences_are_kept() -> None:
    links = made()
    kept = links.following(links.begin(ROOMS), EVENT)
    later = replace(EVENT, start=NOW + timedelta(hours=2), end=NOW + timedelta(hours=3), recurrence=())
    for day in range(101):
        kept = links.moving(kept, f"original-{day}", later)
    assert [one.original for one in links.meeting(kept).moved] == [f"original-{day}" for day in range(1, 101)]


def test_a_link_suits_a_solution_that_is_entered_by_our_page_and_no_link_one_that_is_not() -> None:
    links = made()
    link, none = links.begin(ROOMS), links.begin(PLAIN)
    assert [links.suits(link, ROOMS), links.suits(none, PLAIN)] == [True, True]
    assert [links.suits(link, PLAIN), links.suits(none, ROOMS)] == [False, False]


def test_an_event_that_is_not_there_yet_has_no_times() -> None:
    links = made()
    kept = links.following(links.begin(ROOMS), placeholder("ada@example.com", "e", NOW))
    meeting = links.meeting(kept)
    assert (meeting.summary, meeting.start, meeting.end) == ("", None, None)


def test_an_answer_that_was_stored_with_our_address_in_it_is_read_too() -> None:
    links = made()
    kept = links.begin(ROOMS)
    data = answer("https://old.example/join/token000000000000000000000")
    record = json.dumps(data.to_record())
    assert links.answered(json.loads(record.replace("token000000000000000000000", "{join}")), kept) == data


@pytest.mark.parametrize("month", [1, 7])
def test_a_series_keeps_its_wall_clock_time_when_the_clocks_change(month: int) -> None:
    links, zone = made(), ZoneInfo("Europe/Berlin")
    start = datetime(2027, 1, 4, 9, tzinfo=zone)
    event = Event("e", "ada@example.com", "", start, start.replace(hour=10), zone.key, recurrence=("RRULE:FREQ=DAILY",))

    meeting = links.meeting(links.following(links.begin(ROOMS), event))
    assert meeting.start
    assert meeting.end
    on = current_or_next(meeting.start, meeting.end, meeting.recurrence, datetime(2028, month, 3, tzinfo=zone))
    assert on
    assert on.start.astimezone(UTC) == datetime(2028, month, 3, 9, tzinfo=zone).astimezone(UTC)


def test_a_time_of_no_known_zone_keeps_its_offset() -> None:
    links, zone = made(), timezone(timedelta(hours=5, minutes=30))
    start = datetime(2027, 1, 4, 2, tzinfo=zone)
    event = Event("e", "ada@example.com", "", start, start.replace(hour=3), "UTC", zone_guessed=True)

    meeting = links.meeting(links.following(links.begin(ROOMS), event))
    assert meeting.start
    assert meeting.start.utcoffset() == timedelta(hours=5, minutes=30)


def test_one_conferences_meeting_does_not_open_for_another() -> None:
    links = made()
    one, other = links.begin(ROOMS), links.begin(ROOMS)
    with pytest.raises(SecretUnavailable, match="ANYROOM_KEYS"):
        links.meeting(Kept(one.link, other.meeting))


def test_a_link_is_sealed_anew_with_the_first_key_and_stays_the_same() -> None:
    old = made(1)
    kept = old.begin(ROOMS)
    both = made(2, 1)
    again = both.again(kept)
    assert key_id(again.meeting) != key_id(kept.meeting)
    assert made(2).url(again) == old.url(kept)
    with pytest.raises(SecretUnavailable):
        made(2).url(kept)


def test_a_record_that_is_no_answer_is_refused() -> None:
    links = made()
    kept = links.begin(ROOMS)
    with pytest.raises(InvalidConferenceData):
        links.answered({"conference_id": "1"}, kept)
