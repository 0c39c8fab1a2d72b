"""Whatever a system answers, there is a safe conference or a failure of our tree: its own replies, a little changed."""

import copy
import json
from collections.abc import Callable, Collection, Iterator
from functools import partial, reduce
from random import Random
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec.structs import replace

from conference.exchange import HttpClient
from conference.providers.base import Changes, Conference, Known, Reply, Request
from conference.uris import check_web
from tests.conference.custom.hostile import IDS, LINKS, assert_safe, comes_to, places
from tests.contracts.providers.conftest import new_attempt
from tests.contracts.providers.events import CHANGED, EVENT
from tests.contracts.providers.harness import Bench, guest_of, host_of, known
from tests.thorough import THOROUGH

ODD: tuple[Any, ...] = (*LINKS, *IDS, None, True, 0, -1, 10**30, 1e999, "1" * 400, [], {}, [[]], {"id": 1})
SIGNS = ("/..", "?x", "#y", "\n", " ", "é", "\\", "%2e%2e", "@evil.example", "\0", "]]>")


class Liar:
    """Carries requests as they are, and changes a few values of every other reply."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self._random = Random(0)

    def begin(self, seed: int) -> None:
        """Lie as that seed has it from now on."""
        self._random = Random(seed)

    def exchange(self, request: Request, seconds: float, origins: Collection[str], repeatable: bool) -> Reply:
        """The system's reply, or what became of it."""
        reply = self._client.exchange(request, seconds, origins, repeatable)
        return replace(reply, body=self._changed(reply.body)) if self._random.random() < 0.5 else reply

    def _changed(self, body: bytes) -> bytes:
        try:
            return json.dumps(self._lied(json.loads(body))).encode()
        except ValueError:
            at = self._random.randint(0, len(body))
            return body[:at] + self._random.choice(SIGNS).encode() + body[at + self._random.randint(0, 9) :]

    def _lied(self, tree: Any) -> Any:
        tree, random = copy.deepcopy(tree), self._random
        for _ in range(random.randint(1, 3)):
            if not (found := [place for place in places(tree) if place]):
                return random.choice(ODD)
            [*way, last] = random.choice(found)
            holder = reduce(lambda value, part: value[part], way, tree)
            if str(holder[last]).startswith("http"):
                holder[last] = random.choice(LINKS)
            elif random.random() < 0.2:
                del holder[last]
            elif isinstance(holder[last], str) and random.random() < 0.5:
                holder[last] += random.choice(SIGNS)
            else:
                holder[last] = random.choice(ODD)
        return tree


def asked(bench: Bench, conference: Known, attempt: str) -> Iterator[Callable[[], object]]:
    """All that a provider may be asked of a conference that there is, or that it takes for one."""
    provider, call = bench.provider, partial(bench.call, attempt=attempt)
    if find := provider.find:
        yield lambda: find(attempt, call())
    if rooms := provider.rooms:
        yield lambda: rooms(call())
    if account := provider.account:
        yield lambda: account(call())
    if join := provider.join:
        yield from (
            partial(lambda who: check_web(join(conference, who, call())), one(EVENT)) for one in (guest_of, host_of)
        )
    if update := provider.update:
        yield lambda: update(conference, Changes(CHANGED, provider.declared.updates), call())
    if delete := provider.delete:
        yield lambda: delete(conference, call())


@hypothesis_settings(max_examples=40 if THOROUGH else 5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_a_hostile_reply_makes_a_safe_conference_or_a_failure(bench: Bench, seed: int) -> None:
    attempt, liar = new_attempt(), bench.client if isinstance(bench.client, Liar) else Liar(bench.client)
    liar.begin(seed)
    bench.client = liar  # type: ignore[assignment]  # it is what HttpCall needs of a client

    made = comes_to(lambda: bench.provider.create(EVENT, attempt, bench.call(attempt=attempt)))
    if isinstance(made, Conference):
        assert_safe(made)
    for ask in asked(bench, known(made, attempt) if isinstance(made, Conference) else Known("x", attempt), attempt):
        found = comes_to(ask)
        if isinstance(found, Conference):
            assert_safe(found)
