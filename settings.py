"""Every knob, read once from the environment and anyroom.toml, checked, in one frozen value.

A mistake raises InvalidSetting: one line that names the setting and says what to do. The table of variables stands in
README.md.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec

from conference import menu, providers
from conference.clock import SystemClock
from conference.duration import RULE, read_duration
from conference.errors import InvalidSetting
from conference.identity import CLIENT_ID, Accepted, SignInClient
from conference.secrets import open_secrets, secret_name
from conference.solution import Solution

DEFAULT_CONFIG = "anyroom.toml"
GOOGLE_API = "https://www.googleapis.com"
IAM = "https://iamcredentials.googleapis.com"
OAUTH2 = "https://oauth2.googleapis.com"
CLOUD_TASKS = "https://cloudtasks.googleapis.com"
ACCOUNTS = "https://accounts.google.com"

_DEMONSTRATION_LOGO = "https://www.gstatic.com/images/icons/material/system/2x/videocam_black_48dp.png"
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9-]{4,62}@[a-z0-9.-]{1,200}\.gserviceaccount\.com")
_QUEUE = re.compile(r"[a-z][a-z0-9:.-]{4,60}/[a-z0-9-]{1,40}/[A-Za-z0-9-]{1,100}")
_LONGEST_GRACE = timedelta(days=30)
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1"})


T = TypeVar("T")


class Settings(msgspec.Struct, frozen=True):
    """What the whole function is told. `key_file` is only set for local identity, on a developer's machine.

    `credential` is the service account that impersonates keepers, "" where changes are relayed. `queue` is a Cloud
    Tasks queue as PROJECT/LOCATION/QUEUE, "" for one in memory. `grace` is how long a cancelled event keeps its
    conference. `keys` names the secret with the keys that seal, "" where nothing is sealed; `sign_in` is our client for
    "Sign in with Google".
    """

    solutions: Mapping[str, Solution]
    accepted: Accepted
    key_file: str
    store: str
    secrets: str
    public_url: str
    google_api: str
    reply: Literal["bare", "wrapped"]
    project: str
    credential: str
    queue: str
    grace: timedelta
    keys: str
    sign_in: SignInClient | None
    in_cloud: bool

    @property
    def policy(self) -> Mapping[str, Any]:
        """Who may use what, for the log of a start: the solutions, and a digest that is another one after each change
        of them, of their domains, of who may call, of the credential and of the grace.
        """
        solutions = [(one.id, one.provider, sorted(one.domains)) for one in self.solutions.values()]
        accepted = [sorted(self.accepted.script), *msgspec.structs.astuple(self.accepted)[1:]]
        told = json.dumps([solutions, accepted, self.credential, self.grace.total_seconds()])
        return {"solutions": list(self.solutions), "digest": sha256(told.encode()).hexdigest()[:16]}

    @property
    def iam(self) -> str:
        """The base URL of IAM's Credentials API; the simulator stands for all of Google's services at once."""
        return self._service(IAM)

    @property
    def oauth2(self) -> str:
        """The base URL of Google's OAuth server."""
        return self._service(OAUTH2)

    @property
    def cloud_tasks(self) -> str:
        """The base URL of Cloud Tasks."""
        return self._service(CLOUD_TASKS)

    @property
    def accounts(self) -> str:
        """The base URL of Google's sign-in."""
        return self._service(ACCOUNTS)

    def _service(self, url: str) -> str:
        return url if self.google_api == GOOGLE_API else self.google_api


def load(environment: Mapping[str, str]) -> Settings:
    """Read and check everything. Raises InvalidSetting."""
    settings, mistakes = examine(environment)
    if mistakes:
        raise mistakes[0]
    return settings


def examine(environment: Mapping[str, str]) -> tuple[Settings, list[InvalidSetting]]:
    """What can be read, with the default in place of what cannot, and every mistake.

    What the settings need of each other is looked at when each of them is right by itself.
    """
    mistakes: list[InvalidSetting] = []

    def tried(read: Callable[[Mapping[str, str]], T], default: T) -> T:
        try:
            return read(environment)
        except InvalidSetting as mistake:
            mistakes.append(mistake)
            return default

    public_url = tried(_public_url, "")
    accepted, key_file = tried(_identity, (Accepted(), ""))
    known, wrong = menu.examine(tried(_tables, {}))
    mistakes += wrong
    settings = Settings(
        solutions={solution.id: solution for solution in known},
        accepted=accepted,
        key_file=key_file,
        store=environment.get("ANYROOM_STORE", "sqlite:anyroom.db"),
        secrets=environment.get("ANYROOM_SECRETS", "env:"),
        public_url=public_url,
        google_api=environment.get("ANYROOM_GOOGLE_API", GOOGLE_API).rstrip("/"),
        reply=tried(_reply, "bare"),
        project=environment.get("GOOGLE_CLOUD_PROJECT", ""),
        credential=tried(_credential, ""),
        queue=tried(_queue, ""),
        grace=tried(_grace, timedelta(hours=1)),
        keys=tried(_keys, ""),
        sign_in=tried(_sign_in, None),
        in_cloud="K_SERVICE" in environment,
    )
    checks: list[Callable[[], object]] = [lambda: open_secrets(settings.secrets, SystemClock())]
    if not mistakes:
        together = (_check_following, _check_connecting)
        checks = [
            lambda: _refuse_development_values(settings, environment),
            *(partial(one, settings) for one in together),
            *checks,
        ]
    for check in checks:
        try:
            check()
        except InvalidSetting as mistake:
            mistakes.append(mistake)
    return settings, mistakes


def load_solutions(path: str) -> tuple[Solution, ...]:
    """The solutions of an anyroom.toml. Raises InvalidSetting."""
    return menu.solutions(menu.tables(path))


def solutions(environment: Mapping[str, str]) -> tuple[Solution, ...]:
    """The solutions of the anyroom.toml that the environment names, or the demonstration set. Raises InvalidSetting."""
    return menu.solutions(_tables(environment))


def _tables(environment: Mapping[str, str]) -> Mapping[str, Any]:
    path = environment.get("ANYROOM_CONFIG", "")
    if path or Path(DEFAULT_CONFIG).exists():
        return menu.tables(path or DEFAULT_CONFIG)
    if "K_SERVICE" in environment:
        raise InvalidSetting(
            "ANYROOM_CONFIG", f"{DEFAULT_CONFIG} is missing; write one and deploy it with the function"
        )
    return _demonstration(environment)


def _demonstration(environment: Mapping[str, str]) -> Mapping[str, Any]:
    """The solutions of a start without anyroom.toml: Jitsi's public server, and what lives in the simulator.

    Its Zoom, and its rooms with a host, are there where users can sign in.
    """
    simulator = environment.get("ANYROOM_GOOGLE_API", "http://127.0.0.1:8090")
    demo = {"provider": "demo", "logo": _DEMONSTRATION_LOGO, "url": simulator}
    host = {**demo, "name": "Demo rooms (with a host)", "join_page": True}
    zoom = {
        "provider": "zoom",
        "name": "Zoom (simulated)",
        "logo": _DEMONSTRATION_LOGO,
        "client_id": "secret:demo-zoom-client",
        "client_secret": "secret:demo-zoom-secret",
        "api_url": f"{simulator}/zoom/v2",
        "oauth_url": f"{simulator}/zoom/oauth",
    }
    return {
        "jitsi": {"provider": "jitsi", "name": "Jitsi Meet", "logo": _DEMONSTRATION_LOGO},
        "demo": {**demo, "name": "Demo rooms"},
        "demo-signin": {**demo, "name": "Demo rooms (sign-in)", "sign_in": True},
        **({"demo-host": host, "zoom": zoom} if environment.get("ANYROOM_SIGNIN") else {}),
    }


def _identity(environment: Mapping[str, str]) -> tuple[Accepted, str]:
    """`script=CLIENT_ID,...;addon=SERVICE_ACCOUNT,CLIENT_ID;tasks=SERVICE_ACCOUNT` or `local:KEYFILE`."""
    value = environment.get("ANYROOM_IDENTITY", "")
    if not value:
        raise InvalidSetting("ANYROOM_IDENTITY", "is not set: say whose calls are accepted, e.g. script=CLIENT_ID")
    if value.startswith("local:"):
        return _local_identity(value.removeprefix("local:"))
    parts: dict[str, list[str]] = {}
    for part in filter(None, value.split(";")):
        kind, _, names = part.partition("=")
        parts[kind.strip()] = [name.strip() for name in names.split(",") if name.strip()]
    return _accepted(parts), ""


def _local_identity(path: str) -> tuple[Accepted, str]:
    try:
        content = json.loads(Path(path).read_text("utf-8"))
        parts = {"script": [content["script"]], "addon": list(content["addon"]), "tasks": [content["tasks"]]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidSetting("ANYROOM_IDENTITY", f"{path} is no key file of the simulator") from error
    return _accepted(parts), path


def _accepted(parts: Mapping[str, list[str]]) -> Accepted:
    if set(parts) - {"script", "addon", "tasks"}:
        # It may be an address, or a secret pasted in the wrong place.
        raise InvalidSetting("ANYROOM_IDENTITY", "has a kind that is unknown; the kinds are script, addon and tasks")
    addon, tasks = parts.get("addon", []), parts.get("tasks", [])
    if addon and len(addon) != 2:
        raise InvalidSetting("ANYROOM_IDENTITY", "addon= takes the add-on's service account and its client id")
    if len(tasks) > 1:
        raise InvalidSetting("ANYROOM_IDENTITY", "tasks= takes one service account")
    if not parts.get("script") and not addon:
        raise InvalidSetting(
            "ANYROOM_IDENTITY", "accepts nobody: give script=CLIENT_ID or addon=SERVICE_ACCOUNT,CLIENT_ID"
        )
    account, client = addon or ("", "")
    return Accepted(frozenset(parts.get("script", [])), account.lower(), client, tasks[0].lower() if tasks else "")


def _public_url(environment: Mapping[str, str]) -> str:
    value = environment.get("ANYROOM_PUBLIC_URL", "").rstrip("/")
    if not value:
        return ""
    parts = urlsplit(value)
    local = parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS
    if not (parts.scheme == "https" or local) or not parts.hostname or parts.query or parts.fragment or "@" in value:
        raise InvalidSetting("ANYROOM_PUBLIC_URL", "must be the function's https address, without a query")
    return value


def _reply(environment: Mapping[str, str]) -> Literal["bare", "wrapped"]:
    value = environment.get("ANYROOM_REPLY", "bare")
    if value == "bare":
        return "bare"
    if value == "wrapped":
        return "wrapped"
    raise InvalidSetting("ANYROOM_REPLY", "must be bare or wrapped")


def _credential(environment: Mapping[str, str]) -> str:
    value = environment.get("ANYROOM_CREDENTIAL", "relay")
    if value == "relay":
        return ""
    kind, _, account = value.partition(":")
    if kind != "delegation" or not _ACCOUNT.fullmatch(account):
        raise InvalidSetting("ANYROOM_CREDENTIAL", "must be relay or delegation:SERVICE_ACCOUNT, its e-mail address")
    return account


def _queue(environment: Mapping[str, str]) -> str:
    value = environment.get("ANYROOM_QUEUE", "inline:")
    if value == "inline:":
        return ""
    kind, _, queue = value.partition(":")
    if kind != "cloudtasks" or not _QUEUE.fullmatch(queue):
        raise InvalidSetting("ANYROOM_QUEUE", "must be inline: or cloudtasks:PROJECT/LOCATION/QUEUE")
    return queue


def _grace(environment: Mapping[str, str]) -> timedelta:
    grace = read_duration(environment.get("ANYROOM_GRACE", "1h"))
    if grace is None:
        raise InvalidSetting("ANYROOM_GRACE", RULE)
    if grace > _LONGEST_GRACE:
        raise InvalidSetting("ANYROOM_GRACE", "must be at most 30d")
    return grace


def _keys(environment: Mapping[str, str]) -> str:
    value = environment.get("ANYROOM_KEYS", "")
    if value and _secret_name("ANYROOM_KEYS", value) is None:
        raise InvalidSetting("ANYROOM_KEYS", "must be secret:NAME, a secret with a key a line: openssl rand -base64 32")
    return value


def _sign_in(environment: Mapping[str, str]) -> SignInClient | None:
    value = environment.get("ANYROOM_SIGNIN", "")
    if not value:
        return None
    client_id, _, secret = value.partition(",")
    if not CLIENT_ID.fullmatch(client_id) or _secret_name("ANYROOM_SIGNIN", secret) is None:
        raise InvalidSetting(
            "ANYROOM_SIGNIN", "must be CLIENT_ID,secret:NAME, of an OAuth client for a web application"
        )
    return SignInClient(client_id, secret)


def _secret_name(setting: str, value: str) -> str | None:
    try:
        return secret_name(value)
    except InvalidSetting as error:
        raise InvalidSetting(setting, error.detail) from error


def _check_connecting(settings: Settings) -> None:
    """What solutions with OAuth need. Raises InvalidSetting."""
    sealed = [one for one in settings.solutions.values() if providers.of(one).declared.oauth]
    if sealed and not settings.keys:
        raise InvalidSetting("ANYROOM_KEYS", f"is needed by the solution {sealed[0].id}: its tokens are sealed")
    connects = [one for one in sealed if providers.connects_users(one)]
    if connects and settings.sign_in is None:
        raise InvalidSetting("ANYROOM_SIGNIN", f"is needed by the solution {connects[0].id}, which users connect")
    if connects and not settings.public_url:
        raise InvalidSetting("ANYROOM_PUBLIC_URL", f"is needed by the solution {connects[0].id}: users come back to it")
    for one in settings.solutions.values():
        if providers.of(one).declared.joins:
            _check_joining(one.id, settings)
    if settings.sign_in and not settings.keys:
        raise InvalidSetting("ANYROOM_KEYS", "is needed with ANYROOM_SIGNIN: what a browser keeps is sealed")


def _check_joining(solution: str, settings: Settings) -> None:
    """What a solution needs whose conferences are entered by our page. Raises InvalidSetting."""
    needed = f"is needed by the solution {solution}"
    if not settings.public_url:
        raise InvalidSetting("ANYROOM_PUBLIC_URL", f"{needed}: guests enter by our page")
    if not settings.keys:
        raise InvalidSetting("ANYROOM_KEYS", f"{needed}: the links to our page are sealed")
    if settings.sign_in is None:
        raise InvalidSetting("ANYROOM_SIGNIN", f"{needed}: hosts sign in on our page")


def _check_following(settings: Settings) -> None:
    """What a credential and a queue need of each other and of the other settings. Raises InvalidSetting."""
    if settings.queue and not settings.credential:
        raise InvalidSetting("ANYROOM_QUEUE", "cloudtasks: needs ANYROOM_CREDENTIAL=delegation:SERVICE_ACCOUNT")
    if settings.credential and not settings.public_url:
        raise InvalidSetting("ANYROOM_PUBLIC_URL", "is needed with delegation: Calendar's notifications go there")
    if settings.queue and not settings.accepted.tasks_account:
        raise InvalidSetting("ANYROOM_IDENTITY", "needs tasks=SERVICE_ACCOUNT with cloudtasks:, which signs its calls")
    if settings.in_cloud and settings.credential and not settings.queue:
        raise InvalidSetting("ANYROOM_QUEUE", "inline: does not outlive a Cloud Run instance; use cloudtasks:")


def _refuse_development_values(settings: Settings, environment: Mapping[str, str]) -> None:
    """Values that would let a stranger in, unless nobody but this machine can reach the function."""
    in_cloud = settings.in_cloud
    local = not in_cloud and urlsplit(settings.public_url).scheme == "http" and environment.get("HOST") in _LOCAL_HOSTS
    if settings.key_file and not local:
        raise InvalidSetting(
            "ANYROOM_IDENTITY", "local: is for a function on 127.0.0.1 with an http://localhost public URL"
        )
    if settings.google_api != GOOGLE_API and not local:
        raise InvalidSetting("ANYROOM_GOOGLE_API", "is for a function on 127.0.0.1 with an http://localhost public URL")
    if in_cloud and settings.store.startswith("sqlite:"):
        raise InvalidSetting("ANYROOM_STORE", "SQLite does not outlive a Cloud Run instance; use firestore:")
    if in_cloud and any(solution.provider == "demo" for solution in settings.solutions.values()):
        raise InvalidSetting("ANYROOM_CONFIG", "the demo provider lives in the simulator and is not deployed")
    if settings.accepted.addon_account and not settings.public_url:
        raise InvalidSetting(
            "ANYROOM_PUBLIC_URL", "is needed with addon=: the add-on's tokens are made for that address"
        )
