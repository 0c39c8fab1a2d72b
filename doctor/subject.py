"""What is examined: a configuration, and how it reaches the world, as the function itself would."""

from collections.abc import Callable, Mapping

import settings as knobs
from conference.clock import Clock, Deadline
from conference.errors import InvalidSetting
from conference.exchange import HttpClient
from conference.providers import LoadedProvider, of
from conference.providers.base import Reply, Request, origin
from conference.secrets import Secrets, open_secrets, open_source, secret_name
from conference.secrets.source import Source
from conference.solution import Solution
from sync.own_token import OwnToken

USER = "ANYROOM_DOCTOR_USER"
"""Names a user of the domain, whose token is then asked for."""


class Subject:
    """One configuration. `mistakes` are what is wrong with it by itself; what could be read of it is examined still."""

    def __init__(
        self,
        environment: Mapping[str, str],
        clock: Clock,
        *,
        provider: Callable[[Solution], LoadedProvider] = of,
    ) -> None:
        self.environment = environment
        self.clock = clock
        self.client = HttpClient()
        self.provider = provider
        self.own_token: Callable[[Deadline], str] = OwnToken()
        self.settings, self.mistakes = knobs.examine(environment)
        self.source: Source | None = None
        self._secrets: Secrets | None = None
        try:
            self.source = open_source(self.settings.secrets, clock, environ=environment)
            self._secrets = open_secrets(self.settings.secrets, clock, environ=environment)
        except InvalidSetting:
            pass  # it is one of the mistakes

    def read_secret(self, name: str) -> str:
        """The value of a secret. Raises SecretUnavailable, Temporary, InvalidSetting."""
        if self._secrets is None:
            raise InvalidSetting("ANYROOM_SECRETS", "names no place that secrets can be read from")
        return self._secrets.read(name)

    def secret(self, text: str) -> str:
        """The value behind a text written `secret:NAME`, or the text itself. Raises as `read_secret`."""
        name = secret_name(text)
        return text if name is None else self.read_secret(name)

    def trusts_google(self) -> bool:
        """Whether what is set as Google's address may be told our own access token."""
        return self.settings.google_api == knobs.GOOGLE_API or not self.mistakes

    def send(self, request: Request, deadline: Deadline) -> Reply:
        """One bounded exchange with Google. Raises as HttpClient.exchange."""
        known = self.settings
        services = frozenset(map(origin, (known.google_api, known.iam, known.oauth2, known.cloud_tasks)))
        return self.client.exchange(request, deadline.left(), services, repeatable=True)
