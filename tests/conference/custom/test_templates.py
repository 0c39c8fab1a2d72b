"""A value of a template is a value: of its own type where it stands alone, escaped where it stands in something."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from conference import exchange
from conference.errors import Permanent
from conference.event import Attendee, Event
from conference.providers.base import Request
from tests.conference.custom.asking import MADE, ONE, ROOMS, Asking, body_of, reply
from tests.contracts.providers.events import CHANGED, EVENT

NASTY = '"},{"{summary}" {{x}} \\ \n</script> &a=b#?/../%2e\r\nX: y'
PEOPLE = (Attendee("a@example.org"), Attendee("room@example.org", resource=True), Attendee("a@example.org"))

VALUES: dict[str, tuple[str, Any]] = {
    "text": ("{summary}", EVENT.summary),
    "text in text": ("x {summary} y", f"x {EVENT.summary} y"),
    "braces": ("{{summary}} }}", "{summary} }"),
    "a time": ("{start}", "2031-03-14T14:00:00Z"),
    "utc": ("{start|utc}", "2031-03-14T14:00:00Z"),
    "offset": ("{start|offset}", "2031-03-14T15:00:00+01:00"),
    "local": ("{start|local}", "2031-03-14T15:00:00"),
    "date": ("{end|date}", "2031-03-14"),
    "epoch": ("{start|epoch}", 1931263200),
    "milliseconds": ("{start|milliseconds}", 1931263200000),
    "epoch in text": ("at {start|epoch}", "at 1931263200"),
    "later, over the change of clocks": ("{start|plus_days:30|local}", "2031-04-13T16:00:00"),
    "earlier": ("{start|plus_minutes:-15|local}", "2031-03-14T14:45:00"),
    "by an option": ("{start|plus_hours:options.hours|local}", "2031-03-14T18:00:00"),
    "whole": ("{duration_minutes}", 90),
    "whole as text": ("{duration_seconds|text}", "5400"),
    "truth": ("{repeats}", False),
    "truth in text": ("is {repeats}", "is false"),
    "choice": ("{repeats|choose:series:once}", "once"),
    "list": ("{attendees}", ["a@example.org"]),
    "list as text": ("{attendees|commas}", "a@example.org"),
    "first": ("{summary|first:6}", "Canary"),
    "shortened": ("{summary|shorten:7}", "Canary\u2026"),
    "case": ("{zone|upper}", "EUROPE/ZURICH"),
    "html": ("{options.markup|html}", "&lt;b&gt; &amp;"),
    "never over": ("{last_end|utc}", "2031-03-14T15:30:00Z"),
    "host": ("{host}", "host@example.org"),
}


@pytest.mark.parametrize(("template", "value"), VALUES.values(), ids=VALUES)
def test_a_value_is_what_the_page_says(template: str, value: Any) -> None:
    event = replace(EVENT, attendees=PEOPLE)
    used = {"h": "{start|plus_hours:options.hours}", "m": "{options.markup}"}
    body = body_of({"value": template, **used}, event, options={"hours": 3, "markup": "<b> &"})
    assert body["value"] == value
    assert type(body["value"]) is type(value)


def test_an_event_that_repeats_for_ever_has_no_last_end_and_a_far_one() -> None:
    leap = replace(CHANGED, end=datetime(2032, 2, 29, 12, tzinfo=UTC))
    body = body_of({"last": "{last_end}", "left_out": "{last_end?}", "far": "{far_end}"}, leap)
    assert body == {"last": None, "far": "2042-02-28T12:00:00Z"}


@pytest.mark.parametrize(("days", "day"), [(999_999, "9999-12-31"), (-999_999, "0001-01-01")])
def test_a_time_beyond_all_years_is_the_last_or_the_first(days: int, day: str) -> None:
    late = replace(EVENT, end=datetime(9999, 12, 31, 23, 59, tzinfo=ZoneInfo("America/New_York")))
    assert body_of({"end": f"{{start|plus_days:{days}|plus_days:{days}|plus_days:{days}|date}}"})["end"][:4] == day[:4]
    assert (
        body_of({"end": f"{{end|plus_days:{days}|plus_days:{days}|plus_days:{days}|plus_days:{days}|date}}"}, late)[
            "end"
        ]
        == day
    )


def test_what_is_left_out_is_left_out_with_its_table() -> None:
    json = {
        "agenda": "{description?}",
        "list": ["{description?}", "kept"],
        "inner": {"agenda": "{description?}"},
        "empty": {},
        "each": {"{attendees?}": {"mail": "{item}"}},
        "no one": {"{attendees}": {"mail": "{item}"}},
    }
    quiet = replace(EVENT, description="", attendees=())
    assert body_of(json, quiet) == {"list": ["kept"], "empty": {}, "no one": []}
    assert body_of(json, replace(EVENT, attendees=PEOPLE))["each"] == [{"mail": "a@example.org"}]


@pytest.mark.parametrize("json", ["{options.no?}", {"{attendees?}": {"mail": "{item}"}}], ids=["a value", "a list"])
def test_a_body_that_is_left_out_is_none(json: Any) -> None:
    assert (
        body_of(json, replace(EVENT, attendees=()), **({"options": {"no": ""}} if json == "{options.no?}" else {}))
        is None
    )


def test_what_is_no_text_stays_as_it_is() -> None:
    json = {"a": [1, 2**53, -1.5, True, {"b": False}], "{{c}}": {"d": "{{e}}"}, "f": {"{{g}}": "h"}}
    assert body_of(json) == {"a": [1, 2**53, -1.5, True, {"b": False}], "{{c}}": {"d": "{e}"}, "f": {"{{g}}": "h"}}
    assert body_of(["{summary}", {}]) == [EVENT.summary, {}]


def test_an_update_tells_what_changed_and_an_emptied_text_too() -> None:
    asking = Asking(
        updates=["summary", "description", "start", "end"],
        update=[
            {
                "method": "PATCH",
                "url": f"{ROOMS}/{{id}}",
                "json": {"title": "{changed.summary?}", "agenda": "{changed.description?}", "end": "{changed.end?}"},
            }
        ],
    )
    asking.update(replace(EVENT, description=""), "description")
    asking.update(EVENT, "start")
    assert [asked.json for asked in asking.asked] == [{"agenda": ""}, {"end": "2031-03-14T15:30:00Z"}]


def test_text_of_an_event_is_never_pasted_into_json() -> None:
    event = replace(EVENT, summary=NASTY)
    assert body_of({"title": "{summary}", "in": "<{summary}>"}, event) == {"title": NASTY, "in": f"<{NASTY}>"}


VALUES_OF_OURS = {"nasty": NASTY, "no": ""}


def request_of(event: Event = EVENT, **keys: Any) -> Request:
    asking = Asking(
        create=[{"method": "POST", "url": ROOMS, **keys}],
        options={name: value for name, value in VALUES_OF_OURS.items() if f"{{options.{name}" in str(keys)},
    )
    asking.create(event)
    return asking.asked[0]


def test_a_value_changes_neither_a_urls_path_nor_its_query() -> None:
    asked = request_of(
        url=f"{ROOMS}/{{options.nasty}}/x?a={{options.nasty}}", query={"b": "{options.nasty}", "c": "{options.no?}"}
    )
    path, _, query = asked.url.removeprefix(ROOMS).partition("?")
    assert path.count("/") == 2
    assert query.count("&") == query.count("=") - 1 == 1
    assert asked.url.isascii()
    assert not set('#"{}\\ \r\n') & set(asked.url)


def test_a_form_and_headers_hold_what_has_a_value() -> None:
    asked = request_of(
        form={"title": "{summary}", "left": "{options.no?}"},
        headers={"X-Zone": "{zone}", "X-No": "{options.no?}"},
    )
    assert asked.form == {"title": EVENT.summary}
    assert asked.headers == {"X-Zone": "Europe/Zurich"}


@pytest.mark.parametrize("name", ["Content-Type", "content-type"])
def test_json_is_of_the_type_that_a_system_wants(name: str) -> None:
    wanted = "application/vnd.api+json; charset=utf-8"
    _, headers = exchange._content(request_of(json={"data": "{summary}"}, headers={name: wanted}))
    assert {key.lower(): value for key, value in headers.items()}["content-type"] == wanted


def test_a_header_that_would_be_two_is_not_sent() -> None:
    with pytest.raises(Permanent) as met:
        request_of(headers={"X-Nasty": "{options.nasty}"})
    assert str(met.value) == "bad-header: X-Nasty"


@pytest.mark.parametrize("host", ["a@b.example\r\nX: y", "a" * 400 + "@b.example", "nobody", 7, None])
def test_a_host_that_is_no_address_is_whoever_asked(host: Any) -> None:
    made = Asking(reply(body={**MADE, "owner": host}), reply={**ONE["reply"], "host": "owner"}).create()
    assert made.host == "host@example.org"


def test_a_reply_is_read_as_the_page_says() -> None:
    numbers = [{"n": "+1 234"}, {"n": "+1 234"}, {"n": None}, {"n": "no number"}, "odd"]
    asking = Asking(
        reply(body={"id": 7, "url": "https://meet.example.org/7", "pin": 12, "numbers": numbers, "text": "a <b>\nc"}),
        reply={
            "id": "id",
            "video": {"url": "url", "label": {"template": "room {id}"}},
            "phones": {"each": "numbers", "number": "n", "pin": {"reply": "pin"}},
            "sip": {"address": {"template": "sip:{id}@sip.example.org"}},
            "notes": "text",
        },
    )
    made = asking.create()
    assert (made.id, made.notes, made.host) == ("7", "a &lt;b&gt;<br>c", "host@example.org")
    assert [point.uri for point in made.entry_points] == [
        "https://meet.example.org/7",
        "tel:+1234,,,12%23",
        "sip:7@sip.example.org",
    ]
    assert made.entry_points[0].label == "room 7"
    assert asking.calls[0].notes == ["custom-number-unusable"]


@pytest.mark.parametrize(("part", "key", "type"), [("sip", "address", "sip"), ("more", "url", "more")])
def test_a_way_in_beside_the_link_that_cannot_be_used_is_noted_and_costs_no_conference(
    part: str, key: str, type: str
) -> None:
    asking = Asking(reply(body={**MADE, "odd": "not one, not two"}), reply={**ONE["reply"], part: {key: "odd"}})
    assert [point.type for point in asking.create().entry_points] == ["VIDEO"]
    assert asking.calls[0].notes == [f"custom-{type}-unusable"]
