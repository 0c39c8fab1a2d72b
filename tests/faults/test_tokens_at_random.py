"""I6, in whatever order things fail: the newest token is stored, or one reconnect asked for, and never without need."""

import os
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from conference.custody import LEASE
from conference.errors import (
    AnyroomError,
    CredentialsRefused,
    NotConnected,
    OutcomeUnknown,
    StoreUnavailable,
    Temporary,
)
from conference.providers.base import Reply, Request
from sync.store.sqlite import SqliteStore
from tests.custodian import ADA, ROOMS, Instance, granted
from tests.outside import Died
from tests.thorough import RUNS
from tests.token_endpoint import TokenEndpoint
from tests.world import MovedClock

HOUR = 3600.0
SERVER = st.sampled_from(["answers", "answers", "answers", "loses the reply", "is not reached", "is down"])
TROUBLE = st.sampled_from(["", "", "the store is down", "the process dies"])


class Line:
    """The way to the server, without sockets: `mood` is what it does to the next request; `lost` that tokens were."""

    def __init__(self, endpoint: TokenEndpoint) -> None:
        self._endpoint = endpoint
        self.mood = "answers"
        self.lost = False

    def exchange(self, request: Request, seconds: float, origins: frozenset[str], repeatable: bool) -> Reply:
        mood, self.mood = self.mood, "answers"
        if mood == "is not reached":
            raise Temporary("unreachable")
        if mood == "is down":
            return Reply(500, {}, b"")
        path, authorization = urlsplit(request.url).path, request.headers["Authorization"]
        status, body = self._endpoint.handle(path, authorization, dict(request.form or {}))
        if mood == "loses the reply":
            self.lost = self.lost or status == 200
            raise OutcomeUnknown("timeout")
        return Reply(status, {}, body.encode())


class Custodians(RuleBasedStateMachine):
    """Three instances share one connection; the server, the store and the instances themselves fail now and then."""

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        self.endpoint, self.clock = TokenEndpoint(), MovedClock()
        self.store = SqliteStore(f"{self.folder.name}/anyroom.db")
        self.line = Line(self.endpoint)
        self.instances = [self.instance() for _ in range(3)]
        self.connect()

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    def instance(self) -> Instance:
        return Instance(self.store, "http://server.example", self.clock, client=self.line)

    def connect(self) -> None:
        self.grant, issued = self.endpoint.grant()
        self.instances[0].tokens.connect(ADA, ROOMS, granted(issued))
        self.line.lost = False

    def use(self, instance: Instance, forced: bool = False) -> None:
        """Use a token as a call does, which has one that the system refuses replaced once. Raises what comes of it."""
        token = instance.token()
        if forced or not self.endpoint.good(token):
            token = instance.renewed(token)
        if not self.endpoint.good(token):
            raise instance.bearer().refusal(token, CredentialsRefused("refused"), instance.deadline())

    @rule(seconds=st.sampled_from([1.0, LEASE.total_seconds() + 1, HOUR - 200, HOUR]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(
        who=st.integers(0, 2),
        forced=st.booleans(),
        mood=SERVER,
        trouble=TROUBLE,
        when=st.sampled_from(["before", "after"]),
        nth=st.integers(0, 6),
    )
    def somebody_wants_a_token(self, who: int, forced: bool, mood: str, trouble: str, when: str, nth: int) -> None:
        instance = self.instances[who]
        before, met, asked = self.endpoint.refreshes, list[str](), False
        self.line.mood = mood
        calls = len(instance.outside.calls)

        def script(at: str, call: str) -> None:
            if (
                trouble
                and at == when
                and len(instance.outside.calls) == calls + nth + 1
                and not call.startswith("POST")
            ):
                met.append(trouble)
                raise StoreUnavailable("down") if trouble == "the store is down" else Died(call)

        instance.outside.script = script
        try:
            self.use(instance, forced)
        except Died:
            self.instances[who] = self.instance()
        except NotConnected:
            asked = True
        except AnyroomError:
            pass
        finally:
            instance.outside.script = lambda at, call: None
            self.line.mood = "answers"
        self.line.lost = self.line.lost or (met != [] and self.endpoint.refreshes > before)
        if asked:
            assert self.line.lost, "asked to connect again without need"
            self.connect()

    @rule()
    def all_is_well_in_the_end(self) -> None:
        """After the longest lease a new instance gets a good token, or the user is asked, and the server left alone."""
        self.clock.advance(LEASE.total_seconds() + 1)
        try:
            self.use(self.instance())
            assert self.instances[0].kept_refresh_token() == self.grant.newest or self.line.lost
        except NotConnected:
            assert self.line.lost, "asked to connect again without need"
            asked = len(self.endpoint.asked)
            with pytest.raises(NotConnected):
                self.instance().token()
            assert len(self.endpoint.asked) == asked
            self.connect()


def test_i6_a_connection_is_never_stranded() -> None:
    run_state_machine_as_test(
        Custodians,
        settings=settings(
            max_examples=RUNS * 3,
            stateful_step_count=30,
            derandomize="ANYROOM_FUZZ" not in os.environ,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
