"""One configuration as the function itself joins it: its store, its systems, its way to Calendar, for a command."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

import settings as knobs
from conference.clock import Clock, Deadline, SystemClock
from conference.errors import InvalidSetting
from conference.exchange import HttpClient
from conference.http import Client
from conference.providers import LoadedProvider, of
from conference.solution import Solution
from operations.console import Console, Mistake
from service import Service
from settings import Settings
from sync.store import Document, Store

PAGE = 200
"""Documents that are read at once."""


class Site:
    """The configuration's parts. `store`, `provider` and `own_token` replace what is found otherwise in tests."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        client: Client,
        *,
        store: Store | None = None,
        provider: Callable[[Solution], LoadedProvider] = of,
        own_token: Callable[[Deadline], str] | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self._service = Service(
            settings, clock, 1, client, _NoKeys(), store=store, provider=provider, own_token=own_token
        )
        self.parts = self._service.parts()
        self.store = self.parts.store

    def close(self) -> None:
        """Let go of the store."""
        self._service.close()

    def all(self, kind: str, console: Console) -> Iterator[Document]:
        """Every document of a kind, page by page. Raises StoreUnavailable, and Stopped between two pages."""
        console.check()
        page = self.store.page(kind, PAGE)
        while page:
            yield from page
            console.check()
            page = self.store.page(kind, PAGE, page[-1].key) if len(page) == PAGE else []


@contextmanager
def opened(environment: Mapping[str, str]) -> Iterator[Site]:
    """The configuration that the function would read here. Raises InvalidSetting, StoreUnavailable, Mistake."""
    settings = knobs.load(environment)
    path = sqlite_path(settings.store)
    if path and not path.exists():
        raise Mistake(f"There is no store at {path}: the function makes it at its first start; compare ANYROOM_STORE")
    site = Site(settings, SystemClock(), HttpClient())
    try:
        site.store.open()
        yield site
    finally:
        site.close()


def sqlite_path(setting: str) -> Path | None:
    """The file of a store in SQLite, None of any other. Raises InvalidSetting when no file is named."""
    adapter, _, place = setting.partition(":")
    if adapter != "sqlite":
        return None
    if not place or place == ":memory:":
        raise InvalidSetting("ANYROOM_STORE", "must name a file: sqlite:PATH")
    return Path(place)


class _NoKeys:
    """Nobody calls here, so nobody is proved."""

    def having(self, key_id: str) -> RSAPublicKey | None:
        return None
