"""Who enters by the join page, when and as what: guests from the opening time on, hosts always, nobody by a trick."""

import itertools
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from conference.browser import Sent, Visit, redirect
from conference.clock import Deadline
from conference.errors import ConferenceFailure, NotFound, Permanent, StoreUnavailable, Temporary, TooManyRequests
from conference.identity import User
from conference.join import HOSTED, LATE, LONGEST_NAME, Joining, Occasion
from conference.legs import Legs
from conference.meeting import Meeting, found_by
from conference.providers.base import Visitor
from conference.solution import Solution
from tests.conference.test_session import jar, made
from tests.inside import StillClock

ADA = User("1001", "ada@example.com", "example.com")
BOB = User("1002", "bob@example.com", "example.com")
CAROL = User("1003", "carol@example.com", "example.com")
ROOMS = Solution(
    "rooms",
    "Rooms",
    "logo",
    "demo",
    None,
    opens=timedelta(minutes=10),
    co_hosts=frozenset({CAROL.email, "dora@gmail.com", "dora@gmail.com.example"}),
)
START = datetime(2027, 3, 1, 9, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
TOKEN = "abcdefghijklmnopqrstuvwxyz"
URL = "https://rooms.example/1"


def plan(token: str = TOKEN, **changes: Any) -> Meeting:
    return Meeting(
        token, **{"summary": "Plan", "start": START, "end": START + HOUR, "zone": "Europe/Berlin", **changes}
    )


class Desk:
    """The page before a store that holds `occasions`; `entered` are who was sent on, `failure` what stops them."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.sessions = made(self.clock)
        self.occasions = [self.occasion(plan())]
        self.entered: list[Visitor] = []
        self.opened: list[datetime] = []
        self.failure: ConferenceFailure | TooManyRequests | None = None
        self.kept_by = ""
        self.asked: list[str] = []
        self.chosen: list[bool] = []
        numbers = itertools.count()
        self.joining = Joining(
            {"rooms": ROOMS}, self, self.sessions, self._sign_in, self.clock, lambda: f"random-{next(numbers)}"
        )

    def occasion(self, meeting: Meeting, **changes: Any) -> Occasion:
        return Occasion(
            **{
                "solution": "rooms",
                "meeting": meeting,
                "user": ADA.sub,
                "opened": None,
                "mark": None,
                **changes,
            }
        )

    def at(self, moment: datetime) -> None:
        self.clock.advance((moment - self.clock.now()).total_seconds())

    def of(self, link: str) -> list[Occasion]:
        self.asked.append(link)
        return self.occasions if link == found_by(TOKEN) else []

    def keeper(self, occasion: Occasion) -> str:
        return self.kept_by

    def enter(self, occasion: Occasion, visitor: Visitor, deadline: Deadline) -> str:
        if self.failure:
            raise self.failure
        self.entered.append(visitor)
        return URL

    def open(self, occasion: Occasion, until: datetime) -> None:
        self.opened.append(until)

    def visit(self, user: User | None = None, form: Mapping[str, str] | None = None, **more: Any) -> Visit:
        """A visit of somebody who is signed in, or of nobody known; `form` is what they send."""
        cookies = jar(self.sessions.begin(user)) if user else {}
        filled = form or {}
        fields = {"query": {}, "token": TOKEN, **more}
        return Visit(
            "",
            form=lambda: filled,
            cookies=cookies,
            languages="en",
            number="n",
            deadline=Deadline(self.clock, 9.0),
            legs=Legs(self.clock),
            **fields,
        )

    def guest(self, name: str = "Gus", **more: Any) -> Sent:
        return self.joining.enter(self.visit(form={"name": name, "as": "guest"}, **more))

    def host(self, user: User = ADA, form: str | None = None) -> Sent:
        sealed = self.sessions.form(user) if form is None else form
        return self.joining.enter(self.visit(user, {"name": "Ada", "as": "host", "form": sealed}))

    def _sign_in(self, visit: Visit, choose: bool) -> Sent:
        self.chosen.append(choose)
        return redirect("https://accounts.example/")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def text(sent: Sent) -> str:
    return sent.content.decode()


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (START - 11 * MINUTE, False),
        (START - timedelta(minutes=10, microseconds=1), False),
        (START - 10 * MINUTE, True),
        (START + HOUR + LATE, True),
        (START + HOUR + LATE + timedelta(days=20), True),
    ],
)
def test_guests_enter_from_the_opening_time_on(desk: Desk, moment: datetime, is_open: bool) -> None:
    desk.at(moment)
    shown, sent = desk.joining.show(desk.visit()), desk.guest()
    assert ('name="name"' in text(shown)) is is_open
    assert (sent.status == 303) is is_open
    assert (shown.outcome, sent.outcome) == (("ok", "redirect") if is_open else ("waiting", "waiting"))
    assert [one.name for one in desk.entered] == ["Gus"] * is_open


@pytest.mark.parametrize(
    ("since_end", "is_open"),
    [
        (timedelta(), True),
        (LATE - MINUTE, True),
        (LATE, False),
        (timedelta(hours=20), False),
        (timedelta(hours=23) - 10 * MINUTE, True),
    ],
)
def test_a_series_runs_over_by_two_hours_and_opens_again_for_the_next(
    desk: Desk, since_end: timedelta, is_open: bool
) -> None:
    desk.occasions = [desk.occasion(plan(recurrence=("RRULE:FREQ=DAILY",)))]
    desk.at(START + HOUR + since_end)
    assert (desk.guest().status == 303) is is_open


def test_the_page_says_when_in_the_event_s_own_zone(desk: Desk) -> None:
    desk.at(START - HOUR)
    berlin = ZoneInfo("Europe/Berlin")
    desk.occasions = [desk.occasion(plan(start=START.astimezone(berlin), end=(START + HOUR).astimezone(berlin)))]
    page = text(desk.joining.show(desk.visit()))
    assert '<time datetime="2027-03-01T09:50:00+01:00">2027-03-01 09:50 (CET)</time>' in page
    assert "<h1>Plan</h1>" in page
    assert f'action="/join/{TOKEN}"' in text(desk.joining.show(desk.visit(ADA)))
    assert f'href="/join/{TOKEN}?host=1"' in page
    assert "form-action 'self' https: http:;" in desk.joining.show(desk.visit()).headers["Content-Security-Policy"]
    assert desk.joining.show(desk.visit(ADA)).outcome == "ok"


@pytest.mark.parametrize(
    "meeting",
    [
        plan(start=None, end=None),
        plan(recurrence=("RRULE:FREQ=NEVER",)),
        plan(recurrence=("RRULE:FREQ=SECONDLY",)),
    ],
    ids=["no times", "nonsense", "too often"],
)
def test_times_that_are_not_known_keep_nobody_out(desk: Desk, meeting: Meeting) -> None:
    desk.occasions = [desk.occasion(meeting)]
    desk.at(START - timedelta(days=9))
    assert desk.guest().status == 303


def test_of_several_events_the_one_counts_that_is_on_then_the_one_that_is_next(desk: Desk) -> None:
    later = plan(summary="Later", start=START + timedelta(days=2), end=START + timedelta(days=2, hours=1))
    desk.occasions = [desk.occasion(later), desk.occasion(plan())]
    desk.at(START - HOUR)
    assert "<h1>Plan</h1>" in text(desk.joining.show(desk.visit()))
    desk.at(START)
    assert desk.guest().status == 303
    desk.at(START + timedelta(days=1))
    assert "<h1>Later</h1>" in text(desk.joining.show(desk.visit()))
    assert desk.guest().status == 200


@pytest.mark.parametrize("user", [ADA, CAROL])
def test_a_host_enters_before_the_time_and_lets_the_guests_in(desk: Desk, user: User) -> None:
    desk.at(START - 9 * HOUR)
    assert "Join as host" in text(desk.joining.show(desk.visit(user)))
    assert desk.host(user).headers["Location"] == URL
    [entered] = desk.entered
    assert (entered.name, entered.host, entered.summary, entered.until) == ("Ada", True, "Plan", START + HOUR)
    assert desk.opened == [START + HOUR + LATE]
    desk.occasions = [desk.occasion(plan(), opened=desk.opened[0])]
    assert desk.guest().status == 303
    desk.at(desk.opened[0])
    desk.occasions = [
        desk.occasion(plan(start=START + timedelta(days=2), end=START + timedelta(days=3)), opened=desk.opened[0])
    ]
    assert desk.guest().status == 200


def test_a_host_who_comes_in_time_opens_nothing_more(desk: Desk) -> None:
    desk.at(START)
    assert desk.host().status == 303
    assert desk.opened == []


def test_the_same_host_has_the_same_id_and_two_hosts_have_two(desk: Desk) -> None:
    desk.at(START)
    for user in (ADA, ADA, CAROL):
        desk.host(user)
    first, again, other = (one.id for one in desk.entered)
    assert first == again != other
    assert not {ADA.sub, ADA.email, TOKEN} & {first}
    desk.guest()
    assert desk.entered[-1].id == "random-0"


@pytest.mark.parametrize(
    ("user", "is_host"),
    [
        (User("1003", "carol@example.com", "example.com"), True),
        (User("1005", "carol@example.com", ""), False),
        (User("1006", "dora@gmail.com", ""), True),
        (User("1007", "dora@gmail.com.example", ""), False),
    ],
)
def test_a_co_host_s_address_counts_where_google_gives_it_out(desk: Desk, user: User, is_host: bool) -> None:
    desk.at(START)
    assert (desk.host(user).status == 303) is is_host
    assert [one.host for one in desk.entered] == [True] * is_host


def test_the_keeper_of_the_calendar_is_a_host(desk: Desk) -> None:
    desk.at(START)
    desk.kept_by = BOB.sub
    assert desk.host(BOB).status == 303


@pytest.mark.parametrize("user", [BOB, User("1004", "Carol@Example.com.evil.example", "evil.example")])
def test_nobody_else_is_a_host_whatever_they_send(desk: Desk, user: User) -> None:
    desk.at(START)
    page = text(desk.joining.show(desk.visit(user)))
    assert "Join as host" not in page
    assert "no host of this meeting" in page
    assert "not signed in as a host any more" in text(desk.host(user))
    assert desk.entered == []


@pytest.mark.parametrize("form", ["", "of another site", "another person's"])
def test_the_host_s_form_is_ours_and_of_that_host(desk: Desk, form: str) -> None:
    desk.at(START)
    sealed = desk.sessions.form(BOB) if form == "another person's" else form
    assert "not signed in as a host any more" in text(desk.host(ADA, sealed))
    assert desk.entered == []


def test_a_host_who_is_signed_out_meanwhile_is_no_guest_by_mistake(desk: Desk) -> None:
    desk.at(START)
    sent = desk.joining.enter(desk.visit(None, {"name": "Ada", "as": "host", "form": desk.sessions.form(ADA)}))
    assert (sent.status, desk.entered) == (200, [])
    assert 'value="Ada"' in text(sent)


def test_i_am_the_host_leads_to_google_and_with_another_account_to_choose_one(desk: Desk) -> None:
    assert desk.joining.show(desk.visit(query={"host": "1"})).status == 303
    assert desk.joining.show(desk.visit(query={"host": "1", "switch": "1"})).status == 303
    assert desk.chosen == [False, True]


def test_a_link_that_leads_nowhere_leads_to_google_neither(desk: Desk) -> None:
    for sent in (
        desk.joining.show(desk.visit(token="b" * 26, query={"host": "1"})),
        desk.guest(token="b" * 26),
    ):
        assert (sent.status, sent.level) == (NotFound.status, logging.WARNING)
        assert "leads to no meeting" in text(sent)
        assert sent.outcome == "refused"
    assert (desk.chosen, desk.entered) == ([], [])
    assert TOKEN not in desk.asked


def test_a_conference_of_a_solution_that_is_gone_is_nowhere(desk: Desk) -> None:
    desk.occasions = [desk.occasion(plan(), solution="gone")]
    visit = desk.visit(form={"name": "Gus", "as": "guest"})
    assert desk.joining.enter(visit).status == 404
    assert visit.note == {"reason": "no-such-meeting"}


def test_a_crowd_of_guests_is_let_in_at_its_pace_and_keeps_no_host_out(desk: Desk) -> None:
    desk.at(START)
    visit = desk.visit(form={"name": "Gus", "as": "guest"})
    assert [desk.joining.enter(visit).status for _ in range(301)] == [303] * 300 + [429]
    assert visit.note["reason"] == "join-budget"
    host = desk.visit(ADA, {"name": "Ada", "as": "host", "form": desk.sessions.form(ADA)})
    assert desk.joining.enter(host).status == 303
    assert host.note == {"solution": "rooms", "role": "host"}
    desk.clock.advance(1.0)
    assert [desk.joining.enter(visit).status for _ in range(11)] == [303] * 10 + [429]


def test_a_form_without_a_name_is_shown_again_and_the_page_begins_without_one(desk: Desk) -> None:
    desk.at(START)
    assert "Type your name first." in text(desk.joining.enter(desk.visit(form={"as": "guest"})))
    assert 'name="name" value="" ' in text(desk.joining.show(desk.visit()))


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Gus", "Gus"),
        ("  Gus\r\n the\tGuest ", "Gus the Guest"),
        ("Zoë 王 \U0001f469\u200d\U0001f680", "Zoë 王 \U0001f469\u200d\U0001f680"),
        ("a\u202eb\u0000c\u2028d", "abc d"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("x" * 101, "x" * 99 + "…"),
        ("x" * 100, "x" * LONGEST_NAME),
        ("\U0001f600" * 3000, "\U0001f600" * 49 + "…"),
    ],
)
def test_a_name_is_one_line_of_what_can_be_seen(desk: Desk, typed: str, name: str) -> None:
    desk.at(START)
    desk.guest(typed)
    assert [one.name for one in desk.entered] == [name]


@pytest.mark.parametrize("typed", ["", " ", "\u200b", "\n", "\u200d"])
def test_who_types_no_name_is_asked_for_one(desk: Desk, typed: str) -> None:
    desk.at(START)
    page = text(desk.guest(typed))
    assert "Type your name first." in page
    assert 'aria-invalid="true"' in page
    assert desk.entered == []


@pytest.mark.parametrize(
    ("failure", "status", "level", "said"),
    [
        (TooManyRequests("join-budget", 1.0), 429, logging.WARNING, "Many people are entering just now"),
        (Temporary("demo-503"), 503, logging.WARNING, "does not answer at the moment"),
        (StoreUnavailable("store-unavailable"), 503, logging.WARNING, "does not answer at the moment"),
        (Permanent("demo-401"), 500, logging.ERROR, "only its administrator can mend it"),
    ],
)
def test_why_a_system_lets_nobody_in_is_said_and_the_name_is_kept(
    desk: Desk, failure: ConferenceFailure | TooManyRequests, status: int, level: int, said: str
) -> None:
    desk.at(START)
    desk.failure = failure
    visit = desk.visit(form={"name": "Gus", "as": "guest"})
    sent = desk.joining.enter(visit)
    assert (sent.status, sent.level, sent.outcome) == (status, level, "refused")
    assert said in text(sent)
    assert 'value="Gus"' in text(sent)
    assert visit.note == {"solution": "rooms", "role": "guest", "reason": failure.reason, "detail": failure.detail}


def test_a_host_of_a_meeting_of_no_known_end_lets_guests_in_for_half_a_day(desk: Desk) -> None:
    desk.occasions = [desk.occasion(plan(start=None, end=None))]
    desk.at(START)
    desk.host()
    assert desk.entered[0].until is None
    assert (HOSTED, desk.opened) == (timedelta(hours=12), [])


def test_many_long_series_are_not_gone_through_for_longer_than_a_request_may_take(desk: Desk) -> None:
    desk.at(START)
    desk.occasions = [desk.occasion(plan()) for _ in range(50)]
    late = desk.visit(form={"name": "Gus", "as": "guest"})
    late.deadline = Deadline(desk.clock, 0.0)
    with pytest.raises(Temporary):
        desk.joining.enter(late)
