"""What the systems tell is acted on once, after its proof, and the secret of the proof may change meanwhile."""

import json
import logging
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from conference.errors import BadRequest, NotFound, StoreUnavailable, Unauthenticated
from conference.providers import of, read_options
from conference.secrets.cache import Secrets
from conference.secrets.local import Environment
from conference.secrets.source import Payload
from conference.solution import Solution
from conference.webhooks import Webhooks
from tests.conference.providers.test_zoom_webhook import HAPPENED, NOW, signed, told
from tests.heard import Heard as Log
from tests.world import MovedClock

OLD, NEW = "canary-old-secret", "canary-new-secret"
REMOVED = told("app_deauthorized", {"user_id": "zoom-user-7"})
DELETED = told("meeting.deleted", {"object": {"id": 42}})


class Clock(MovedClock):
    """The time of the calls, moved ahead."""

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return self.ahead


class Acts:
    """What was done, and what is spent until when; `failures` are raised by the next acts and spendings."""

    def __init__(self) -> None:
        self.done: list[tuple[Any, ...]] = []
        self.spent: dict[str, datetime] = {}
        self.failures: dict[str, Exception] = {}

    def is_spent(self, value: str) -> bool:
        self._fail("is_spent")
        return value in self.spent

    def spend(self, value: str, until: datetime) -> bool:
        self._fail("spend")
        return self.spent.setdefault(value, until) is until

    def deauthorised(self, solution: str, account: str, since: datetime | None) -> int:
        self._fail("act")
        self.done.append(("deauthorised", solution, account, since))
        return 1

    def deleted(self, solution: str, conference: str) -> int:
        self._fail("act")
        self.done.append(("deleted", solution, conference))
        return 2

    def _fail(self, at: str) -> None:
        if at in self.failures:
            raise self.failures.pop(at)


class Source(Environment):
    """The environment, whose readings are counted."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__(environ)
        self.readings = 0

    def fetch(self, name: str) -> Payload:
        self.readings += 1
        return super().fetch(name)


class Desk:
    """The webhooks of two Zooms, of one without a secret, and of a system that has none."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.acts = Acts()
        self.environ = {"HOOK": OLD}
        self.source = Source(self.environ)
        self.secrets = Secrets(self.source, self.clock)
        hooked = {"client_id": "c", "client_secret": "s", "webhook_secret": "secret:hook"}
        bare = {"client_id": "c", "client_secret": "s"}
        tables = {"zoom": hooked, "other": hooked, "bare": bare, "plain": {**bare, "webhook_secret": OLD}}
        solutions = {name: Solution(name, name, "", "zoom", read_options("zoom", of)) for name, of in tables.items()}
        solutions["demo"] = Solution("demo", "Demo", "", "demo", read_options("demo", {}))
        self.webhooks = Webhooks(solutions, of, self._secret, self._renew, self.acts, self.clock)

    def take(self, body: bytes, solution: str = "zoom", key: str = OLD) -> Mapping[str, Any]:
        """The answer to a call that is signed now."""
        return self.webhooks.take(solution, signed(body, int(self.clock.now().timestamp()), key), body)

    def _secret(self, text: str) -> str:
        name = text.removeprefix("secret:")
        return text if name == text else self.secrets.read(name)

    def _renew(self, names: frozenset[str]) -> bool:
        return any(self.secrets.renew(name) for name in names)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def log() -> Iterator[Log]:
    with Log() as heard:
        yield heard


def test_f72_a_user_who_removes_us_is_purged_with_the_time_of_it(desk: Desk) -> None:
    assert desk.take(REMOVED) == {}
    assert desk.acts.done == [("deauthorised", "zoom", "zoom-user-7", HAPPENED)]


def test_a_conference_that_is_deleted_there_is_told(desk: Desk) -> None:
    assert desk.take(DELETED) == {}
    assert desk.acts.done == [("deleted", "zoom", "42")]


def test_f72_a_call_that_comes_again_is_acted_on_once(desk: Desk) -> None:
    headers = signed(REMOVED, key=OLD)
    for _ in range(3):
        desk.webhooks.take("zoom", headers, REMOVED)
    assert len(desk.acts.done) == 1


def test_f72_a_call_that_is_signed_anew_is_still_the_same_one(desk: Desk) -> None:
    desk.take(REMOVED)
    desk.clock.advance(1)
    desk.take(REMOVED)
    assert len(desk.acts.done) == 1


def test_f72_a_call_is_remembered_for_as_long_as_it_can_be_fresh(desk: Desk) -> None:
    """Signed five minutes ahead of our clock, it is fresh for ten."""
    headers = signed(REMOVED, int(NOW.timestamp()) + 300, OLD)
    desk.webhooks.take("zoom", headers, REMOVED)
    [until] = desk.acts.spent.values()
    desk.clock.advance(600)
    desk.webhooks.take("zoom", headers, REMOVED)
    assert len(desk.acts.done) == 1
    assert until == desk.clock.now()
    desk.clock.advance(1)
    with pytest.raises(Unauthenticated, match="not-fresh"):
        desk.webhooks.take("zoom", headers, REMOVED)


def test_the_same_call_to_another_solution_is_another_one(desk: Desk) -> None:
    desk.take(REMOVED)
    desk.take(REMOVED, "other")
    assert [done[1] for done in desk.acts.done] == ["zoom", "other"]


def test_another_call_is_acted_on(desk: Desk) -> None:
    desk.take(REMOVED)
    desk.take(DELETED)
    assert len(desk.acts.done) == 2


def test_what_is_nothing_to_us_leaves_nothing_behind(desk: Desk) -> None:
    desk.acts.failures = {"is_spent": StoreUnavailable("down"), "spend": StoreUnavailable("down")}
    assert desk.take(told("meeting.started", {"object": {"id": 1}})) == {}
    assert (desk.acts.done, desk.acts.spent) == ([], {})


def test_the_address_is_validated_without_the_store(desk: Desk) -> None:
    desk.acts.failures = {"is_spent": StoreUnavailable("down")}
    reply = desk.take(told("endpoint.url_validation", {"plainToken": "plain"}))
    assert set(reply) == {"plainToken", "encryptedToken"}


@pytest.mark.parametrize("at", ["is_spent", "act", "spend"])
def test_f72_while_the_store_is_down_nothing_is_lost(desk: Desk, at: str) -> None:
    desk.acts.failures = {at: StoreUnavailable("down")}
    with pytest.raises(StoreUnavailable):
        desk.take(REMOVED)
    assert desk.acts.spent == {}
    desk.take(REMOVED)
    assert desk.acts.done
    assert len(desk.acts.spent) == 1


@pytest.mark.parametrize("solution", ["unknown", "demo", "bare"])
def test_a_solution_without_webhooks_is_not_found(desk: Desk, solution: str) -> None:
    with pytest.raises(NotFound, match="no-webhook"):
        desk.take(REMOVED, solution)
    assert desk.source.readings == 0


def test_f70_a_secret_that_was_replaced_is_read_again_at_once(desk: Desk) -> None:
    desk.take(DELETED)
    desk.environ["HOOK"] = NEW
    desk.take(REMOVED, key=NEW)
    assert len(desk.acts.done) == 2
    assert desk.source.readings == 2


def test_f70_the_replaced_secret_proves_nothing_any_more(desk: Desk) -> None:
    desk.environ["HOOK"] = NEW
    desk.take(DELETED, key=NEW)
    with pytest.raises(Unauthenticated, match="bad-signature"):
        desk.take(REMOVED, key=OLD)
    assert len(desk.acts.done) == 1


def test_f70_forged_calls_do_not_have_the_secret_read_each_time(desk: Desk) -> None:
    desk.take(DELETED)
    for _ in range(50):
        with pytest.raises(Unauthenticated):
            desk.take(REMOVED, key="forged")
    assert desk.source.readings == 2


def test_f70_a_call_without_a_signature_has_nothing_read(desk: Desk) -> None:
    with pytest.raises(Unauthenticated):
        desk.webhooks.take("zoom", {}, REMOVED)
    assert desk.source.readings == 0


def test_a_secret_that_is_written_out_is_not_read_again(desk: Desk) -> None:
    with pytest.raises(Unauthenticated):
        desk.take(REMOVED, "plain", key=NEW)
    desk.take(REMOVED, "plain")
    assert len(desk.acts.done) == 1


def test_a_body_that_makes_no_sense_is_not_acted_on(desk: Desk) -> None:
    with pytest.raises(BadRequest):
        desk.take(b"{")
    assert (desk.acts.done, desk.acts.spent) == ([], {})


def test_the_log_counts_and_names_nobody(desk: Desk, log: Log) -> None:
    desk.take(REMOVED)
    desk.take(DELETED)
    assert log.lines == ["disconnect: zoom", "told by zoom: deauthorised of 1", "told by zoom: deleted of 2"]


def test_who_removes_us_is_an_audit_line_that_counts(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "anyroom"):
        desk.take(REMOVED)
    [fields] = [line.__dict__["fields"] for line in caplog.records if hasattr(line, "fields")]
    assert {name: fields[name] for name in ("kind", "action", "subject", "object", "solution", "count")} == {
        "kind": "audit",
        "action": "disconnect",
        "subject": "system",
        "object": "connection",
        "solution": "zoom",
        "count": 1,
    }


def test_what_is_kept_of_a_call_tells_nothing_of_it(desk: Desk) -> None:
    desk.take(REMOVED)
    assert "zoom-user-7" not in json.dumps(list(desk.acts.spent))
