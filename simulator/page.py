"""The plain pages a person uses: Ada's events, to change and to choose conferencing for, and the rooms."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from flask import Flask, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WsgiResponse

from conference.clock import Clock
from simulator import demo_data
from simulator.calendar import WRITER_ROLES, Calendar
from simulator.calendars import Calendars
from simulator.errors import GoogleError
from simulator.host import Host, Outcome
from simulator.page_changes import CHANGES, change
from simulator.page_event import EventView, shown
from simulator.rooms import Rooms
from simulator.triggers import Triggers

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # A stricter policy would make browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
ZONES: Final = ("Europe/Zurich", "Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Kolkata", "UTC")
REMEMBERED: Final = 20


@dataclass(frozen=True, slots=True)
class Notice:
    """What the page says at its top after a form was sent."""

    text: str
    failed: bool = False
    link: str = ""
    link_text: str = ""
    hint: str = ""
    detail: str = ""


class Page:
    """The pages over the calendars and rooms; solutions are chosen through `host`."""

    def __init__(self, clock: Clock, calendars: Calendars, host: Host, rooms: Rooms, triggers: Triggers) -> None:
        self._clock = clock
        self._calendars = calendars
        self._host = host
        self._rooms = rooms
        self._triggers = triggers
        self._notices: OrderedDict[str, Notice] = OrderedDict()

    def register(self, app: Flask) -> None:
        """Add the routes and, to every HTML reply, the strict headers."""
        app.add_url_rule("/", "page", self.home)
        app.add_url_rule("/new-event", view_func=self.new_event, methods=["POST"])
        app.add_url_rule("/choose", view_func=self.choose, methods=["POST"])
        app.add_url_rule("/change", view_func=self.change, methods=["POST"])
        app.add_url_rule("/room/<room>", view_func=self.room)
        app.add_url_rule("/room-sign-in", view_func=self.sign_in, methods=["GET", "POST"])
        app.after_request(_with_headers)

    def home(self) -> str:
        """Events, a form for a new one, and the rooms."""
        with self._calendars.lock:
            calendars = [
                (calendar, self._events(calendar), self._events(calendar, deleted=True))
                for calendar in self._calendars.of(demo_data.ADA, *WRITER_ROLES)
            ]
        return render_template(
            "home.html",
            user=demo_data.ADA,
            calendars=calendars,
            solutions=self._host.solutions,
            function=self._host.function,
            rooms=self._rooms.having(None),
            zones=ZONES,
            start=(self._clock.now().astimezone(ZoneInfo(ZONES[0])) + timedelta(days=1)).strftime("%Y-%m-%dT%H:00"),
            notice=self._notices.get(request.args.get("notice", "")),
        )

    def new_event(self) -> WsgiResponse:
        """Save a new event; a chosen solution is asked before it is saved, as Calendar does."""
        form = request.form
        zone = form.get("zone", "UTC")
        try:
            start = datetime.fromisoformat(form.get("start", "")).replace(tzinfo=None)
            end = start + timedelta(minutes=int(form.get("minutes", "60")))
        except (ValueError, OverflowError):
            return self._back(Notice("The event was not saved: its start or length is not readable.", failed=True))
        calendar = self._calendar()
        event = self._calendars.reserve(calendar)
        solution = form.get("solution", "").strip()
        notice = self._chosen(calendar, event, solution) if solution else Notice("The event was saved.")
        try:
            self._calendars.save(
                calendar,
                event,
                summary=form.get("summary", "").strip() or "(No title)",
                start={"dateTime": start.isoformat(), "timeZone": zone},
                end={"dateTime": end.isoformat(), "timeZone": zone},
            )
        except GoogleError as error:
            notice = Notice(f"The event was not saved: {error}", failed=True)
        return self._back(notice)

    def choose(self) -> WsgiResponse:
        """Ask the function for a conference."""
        solution = request.form.get("solution", "").strip()
        if not solution:
            return self._back(Notice("No solution was chosen.", failed=True))
        return self._back(self._chosen(self._calendar(), self._event(), solution))

    def change(self) -> WsgiResponse:
        """Do to an event what a person does in Calendar; the add-on's triggers tell the function of it."""
        calendar, event = self._calendar(), self._event()
        if request.form.get("do") not in CHANGES:
            abort(400)
        try:
            return self._back(Notice(change(self._calendars, calendar, event, request.form), hint=self._hint(calendar)))
        except GoogleError as error:
            return self._back(Notice(f"Nothing was changed: {error}", failed=True))

    def room(self, room: str) -> tuple[str, int]:
        """The inside of a room, for whoever comes by its link, or by that of somebody who was named."""
        visitor = {name: request.args.get(name, "") for name in ("name", "role")}
        try:
            return render_template("room.html", room=self._rooms.get(room), visitor=visitor), 200
        except KeyError:
            return render_template("room.html", room=None, visitor=visitor), 404

    def sign_in(self) -> str:
        """The conferencing system's sign-in: the account is signed in once the button is pressed."""
        email = request.values.get("account", "")
        account = next((account for account in self._rooms.accounts.values() if account.email == email), None)
        if account is None:
            abort(404)
        if request.method == "POST":
            account.signed_in = True
        return render_template("sign_in.html", account=account)

    def _chosen(self, calendar: str, event: str, solution: str) -> Notice:
        if not self._host.function:
            return Notice("There is no function to ask: start the simulator with --function URL.", failed=True)
        return _notice(self._host.choose(calendar, event, solution, demo_data.ADA))

    def _hint(self, calendar: str) -> str:
        """What happens next, where the add-on follows the calendar."""
        follows = calendar in self._triggers.followed(demo_data.ADA)
        return "The add-on is being told. Reload the page to see its room follow." if follows else ""

    def _calendar(self) -> str:
        found = self._calendars.find(request.form.get("calendar", ""))
        if found is None or found.role(demo_data.ADA) not in WRITER_ROLES:
            abort(404)
        return found.id

    def _event(self) -> str:
        event = request.form.get("event", "")
        if event not in self._calendars.calendar(self._calendar()).events:
            abort(404)
        return event

    def _events(self, calendar: Calendar, *, deleted: bool = False) -> list[EventView]:
        """The events, or what is in the bin and can be restored, by their starts."""
        found = [
            shown(event.body, calendar.time_zone)
            for event in calendar.events.values()
            if (event.body["status"] == "cancelled") == deleted and "start" in event.body and not event.fell
        ]
        return sorted(found, key=lambda event: event.starts)

    def _back(self, notice: Notice) -> WsgiResponse:
        """To the page, which shows the notice; reloading it sends nothing again."""
        name = secrets.token_urlsafe(8)
        self._notices[name] = notice
        while len(self._notices) > REMEMBERED:
            self._notices.popitem(last=False)
        return redirect(url_for("page", notice=name, _anchor="notice"), 303)


def _notice(outcome: Outcome) -> Notice:
    if outcome.conference is not None:
        link = next((point for point in outcome.conference["entryPoints"] if point["entryPointType"] == "video"), None)
        return Notice(
            f"{outcome.conference['conferenceSolution']['name']} was added.",
            link=link["uri"] if link else "",
            link_text="Join the conference",
        )
    if outcome.refused:
        status = f"HTTP {outcome.status}. " if outcome.status else ""
        return Notice(
            "Failed to create conference: Google would not take the answer.",
            failed=True,
            detail=f"{status}{outcome.refused}",
        )
    return Notice(
        f"Failed to create conference: {outcome.error}",
        failed=True,
        link=outcome.authentication_url,
        link_text="Sign in to the conferencing system",
    )


def _with_headers(response: Response) -> Response:
    if response.mimetype == "text/html":
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
    return response
