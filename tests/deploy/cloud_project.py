"""A Google Cloud project as gcloud shows it: what is there is listed, made once, changed only when it is there.

Resources have the shape of the APIs. Each command needs its API to be on, and roles need their account to exist.
Sources: the reference of each command (`gcloud help`), whose lines test_gcloud_lines.py puts through the real parser.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.deploy.projection import printed

NUMBER = "123456789012"
ALWAYS_ON = ("serviceusage.googleapis.com", "storage.googleapis.com", "logging.googleapis.com")
API = {
    "iam": "iam.googleapis.com",
    "firestore": "firestore.googleapis.com",
    "secrets": "secretmanager.googleapis.com",
    "tasks": "cloudtasks.googleapis.com",
    "scheduler": "cloudscheduler.googleapis.com",
    "logging": "logging.googleapis.com",
    "monitoring": "monitoring.googleapis.com",
    "run": "run.googleapis.com",
    "functions": "cloudfunctions.googleapis.com",
}
KINDS = (
    *("services", "accounts", "databases", "fields", "ttls", "secrets", "queues", "jobs", "metrics", "alerts"),
    *("channels", "runs", "functions"),
)
LOCATED = frozenset({"queues", "jobs", "runs", "functions"})
"""What is in a region: it is kept by region and name, and of another region it is neither listed nor changed."""
CHANGES = frozenset(
    {"enable", "create", "update", "delete", "add", "add-iam-policy-binding", "remove-iam-policy-binding"}
)


class Refused(Exception):
    """gcloud's exit code is 1, and this is on its stderr."""


class Call(NamedTuple):
    """A command's words but for its own, its flags, and what it is given to read."""

    names: Sequence[str]
    flags: Mapping[str, str]
    data: str


Act = Callable[[Call], list[dict[str, Any]] | None]


def region(flags: Mapping[str, str]) -> str:
    """The region that a command is for; "" for all of them, as `gcloud run services list` without one is."""
    return next((flags[name] for name in ("location", "region", "regions") if name in flags), "")


def labels(flag: str) -> dict[str, str]:
    """What a flag says: `KEY=VALUE,...`."""
    return dict(pair.split("=", 1) for pair in flag.split(","))


class CloudProject:
    """One project: `run` is one command of gcloud. `resources` is all that is there, by kind and name."""

    def __init__(self, project: str, account: str = "admin@example.com") -> None:
        self.project = project
        self.account = account
        self.resources: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
        self.resources["services"] = {name: {"config": {"name": name}} for name in ALWAYS_ON}
        self.policies: dict[str, set[tuple[str, str]]] = {}
        self.unheard_of = 0
        """How often what depends on something else is refused, because Google has not heard of that yet."""
        self.slow = 0
        """How often an API that was just turned on refuses to be used yet."""
        self._not_on_yet: dict[str, int] = {}
        self.failing = ""
        """The command that is refused, as `run services list`."""

        self._acts: dict[str, Act] = {
            "auth list": self._accounts,
            "services list": self._list("services"),
            "services enable": self._enable,
            "projects describe": self._describe,
            "projects get-iam-policy": self._policy,
            "projects add-iam-policy-binding": self._bind("project"),
            "projects remove-iam-policy-binding": self._unbind,
            "iam service-accounts list": self._list("accounts"),
            "iam service-accounts create": self._service_account,
            "iam service-accounts delete": self._delete("accounts"),
            "iam service-accounts add-iam-policy-binding": self._bind("accounts"),
            "firestore databases list": self._list("databases"),
            "firestore databases create": self._database,
            "firestore databases update": self._unprotected,
            "firestore databases delete": self._no_database,
            "firestore indexes fields list": self._fields,
            "firestore indexes fields update": self._field,
            "firestore fields ttls list": self._ttls,
            "firestore fields ttls update": self._ttl,
            "secrets list": self._secrets,
            "secrets create": self._secret,
            "secrets delete": self._delete("secrets"),
            "secrets add-iam-policy-binding": self._bind("secrets"),
            "secrets versions list": self._versions,
            "secrets versions add": self._version,
            "tasks queues list": self._list("queues"),
            "tasks queues create": self._queue,
            "tasks queues update": self._changed("queues"),
            "tasks queues delete": self._delete("queues"),
            "tasks queues add-iam-policy-binding": self._bind("queues"),
            "scheduler jobs list": self._list("jobs"),
            "scheduler jobs create http": self._job,
            "scheduler jobs update http": self._changed("jobs"),
            "scheduler jobs delete": self._delete("jobs"),
            "logging metrics list": self._list("metrics"),
            "logging metrics create": self._metric(new=True),
            "logging metrics update": self._metric(new=False),
            "logging metrics delete": self._delete("metrics"),
            "monitoring policies list": self._list("alerts"),
            "monitoring policies create": self._alert,
            "monitoring policies update": self._alert_again,
            "monitoring policies delete": self._delete("alerts"),
            "monitoring channels list": self._list("channels"),
            "monitoring channels create": self._channel,
            "run services list": self._list("runs"),
            "run services delete": self._delete("runs"),
            "functions list": self._list("functions"),
            "functions delete": self._delete("functions"),
        }

    def deploy(self, region: str = "europe-west1", name: str = "anyroom") -> None:
        """A service of Cloud Run, which says where it is by a label (gcloud's own code: k8s_object.REGION_LABEL)."""
        labelled = {"name": name, "labels": {"cloud.googleapis.com/location": region}}
        self.resources["runs"][f"{region}/{name}"] = {"metadata": labelled}

    def state(self) -> Any:
        """All that is there, to compare."""
        return deepcopy((self.resources, self.policies))

    def run(self, words: Sequence[str], data: str = "") -> str:
        """What gcloud prints. Raises Refused."""
        names = [word for word in words if not word.startswith("--")]
        flags = dict(word.removeprefix("--").partition("=")[::2] for word in words if word.startswith("--"))
        if names[:1] in (["alpha"], ["beta"]):
            names = names[1:]
        if flags.get("project", self.project) != self.project:
            raise Refused("ERROR: permission denied")
        self._check_api(names[0])
        for length in (4, 3, 2):
            act = self._acts.get(" ".join(names[:length]))
            if act:
                if self.failing == " ".join(names[:length]):
                    raise Refused("ERROR: UNAVAILABLE: The service is currently unavailable.")
                found = act(Call(names[length:], flags, data))
                return "" if found is None else printed(found, flags["format"], flags.get("flatten", ""))
        raise Refused(f"ERROR: (gcloud) Invalid choice: {' '.join(names)}")

    def _check_api(self, group: str) -> None:
        api = API.get(group)
        left = self._not_on_yet.get(api or "", 0)
        self._not_on_yet[api or ""] = max(left - 1, 0)
        if api and (left or api not in self.resources["services"]):
            raise Refused(f"ERROR: {api} has not been used in project {NUMBER} before or it is disabled.")

    def _enable(self, call: Call) -> None:
        for name in call.names:
            self.resources["services"][name] = {"config": {"name": name}}
            self._not_on_yet[name] = self.slow

    def _describe(self, call: Call) -> list[dict[str, Any]]:
        if list(call.names) != [self.project]:
            raise Refused(
                "ERROR: (gcloud.projects.describe) you do not have permission to access it, or it may not exist"
            )
        return [{"projectId": self.project, "projectNumber": NUMBER}]

    def _accounts(self, call: Call) -> list[dict[str, Any]]:
        return [{"account": self.account, "status": "ACTIVE"}] if self.account else []

    def _put(self, kind: str, name: str, value: Any, *, new: bool) -> None:
        if new and name in self.resources[kind]:
            raise Refused(f"ERROR: ALREADY_EXISTS: {kind} {name}")
        if not new:
            self._require(kind, name)
        self.resources[kind][name] = value

    def _require(self, kind: str, name: str) -> Any:
        if name not in self.resources[kind]:
            raise Refused(f"ERROR: NOT_FOUND: {kind} {name}")
        return self.resources[kind][name]

    def _service_account(self, call: Call) -> None:
        email = f"{call.names[0]}@{self.project}.iam.gserviceaccount.com"
        self._put("accounts", email, {"email": email, "displayName": call.flags["display-name"]}, new=True)

    def _database(self, call: Call) -> None:
        name = call.flags["database"]
        value = {
            "name": f"projects/{self.project}/databases/{name}",
            "locationId": call.flags["location"],
            "type": {"firestore-native": "FIRESTORE_NATIVE"}[call.flags["type"]],
            "deleteProtectionState": "ENABLED" if "delete-protection" in call.flags else "DISABLED",
        }
        self._put("databases", name, value, new=True)

    def _unprotected(self, call: Call) -> None:
        assert "no-delete-protection" in call.flags
        self._require("databases", call.flags["database"])["deleteProtectionState"] = "DISABLED"

    def _no_database(self, call: Call) -> None:
        if self._require("databases", call.flags["database"])["deleteProtectionState"] == "ENABLED":
            raise Refused("ERROR: FAILED_PRECONDITION: delete protection is on")
        self.resources["databases"] = self._without("databases", call.flags["database"])
        start = f"projects/{self.project}/databases/{call.flags['database']}/"
        for kind in ("fields", "ttls"):
            kept = {name: value for name, value in self.resources[kind].items() if not name.startswith(start)}
            self.resources[kind] = kept

    def _without(self, kind: str, name: str) -> dict[str, Any]:
        self._require(kind, name)
        return {other: value for other, value in self.resources[kind].items() if other != name}

    def _field(self, call: Call) -> None:
        name = self._field_name(call)
        orders = [] if "disable-indexes" in call.flags else [call.flags["index"].removeprefix("order=").upper()]
        indexes = [
            {"queryScope": "COLLECTION", "fields": [{"fieldPath": call.names[0], "order": order}]} for order in orders
        ]
        self.resources["fields"][name] = {"name": name, "indexConfig": {"indexes": indexes} if indexes else {}}

    def _ttl(self, call: Call) -> None:
        assert "enable-ttl" in call.flags
        name = self._field_name(call)
        others = [one for one in self.resources["ttls"] if one != name and one.split("/")[:6] == name.split("/")[:6]]
        if others:
            raise Refused("ERROR: only one field can be the TTL field of a collection group")
        self.resources["ttls"][name] = {"name": name, "ttlConfig": {"state": "ACTIVE"}}

    def _ttls(self, call: Call) -> list[dict[str, Any]]:
        database = self._require("databases", call.flags["database"])["name"]
        return [one for name, one in self.resources["ttls"].items() if name.startswith(f"{database}/")]

    def _field_name(self, call: Call) -> str:
        database = self._require("databases", call.flags["database"])["name"]
        return f"{database}/collectionGroups/{call.flags['collection-group']}/fields/{call.names[0]}"

    def _fields(self, call: Call) -> list[dict[str, Any]]:
        """The database's defaults are listed too ("includes the field describing the database-wide default")."""
        database = self._require("databases", call.flags["database"])["name"]
        orders = [{"fields": [{"fieldPath": "*", "order": order}]} for order in ("ASCENDING", "DESCENDING")]
        default = {"name": f"{database}/collectionGroups/__default__/fields/*", "indexConfig": {"indexes": orders}}
        return [default, *(one for name, one in self.resources["fields"].items() if name.startswith(f"{database}/"))]

    def _secret(self, call: Call) -> None:
        name = f"projects/{NUMBER}/secrets/{call.names[0]}"
        self._put(
            "secrets",
            call.names[0],
            {
                "name": name,
                "versions": [],
                "replication": call.flags["replication-policy"],
                "labels": labels(call.flags["labels"]),
            },
            new=True,
        )

    def _secrets(self, call: Call) -> list[dict[str, Any]]:
        """All of them, or those with the label of a filter (gcloud topic filters: `labels.KEY=VALUE`)."""
        wanted = call.flags.get("filter", "")
        if not wanted:
            return list(self.resources["secrets"].values())
        key, value = wanted.removeprefix("labels.").split("=")
        return [one for one in self.resources["secrets"].values() if one.get("labels", {}).get(key) == value]

    def _version(self, call: Call) -> None:
        secret = self._require("secrets", call.names[0])
        if not call.data:
            raise Refused("ERROR: the secret's data is empty")
        secret["versions"].append(
            {"name": f"{secret['name']}/versions/{len(secret['versions']) + 1}", "data": call.data}
        )

    def _versions(self, call: Call) -> list[dict[str, Any]]:
        return list(self._require("secrets", call.names[0])["versions"])

    def _queue(self, call: Call) -> None:
        self._put("queues", _key("queues", call), self._configured("queues", call), new=True)

    def _job(self, call: Call) -> None:
        self._check_account(call.flags["oidc-service-account-email"])
        self._put("jobs", _key("jobs", call), self._configured("jobs", call), new=True)

    def _configured(self, kind: str, call: Call) -> dict[str, Any]:
        path = f"projects/{self.project}/locations/{call.flags['location']}/{kind}/{call.names[0]}"
        return {"name": path, **{flag: value for flag, value in call.flags.items() if flag != "project"}}

    def _changed(self, kind: str) -> Act:
        def change(call: Call) -> None:
            self._put(kind, _key(kind, call), self._configured(kind, call), new=False)

        return change

    def _check_account(self, email: str) -> None:
        if email not in self.resources["accounts"]:
            raise Refused(f"ERROR: INVALID_ARGUMENT: Service account {email} does not exist.")
        if self.unheard_of:
            self.unheard_of -= 1
            raise Refused(f"ERROR: INVALID_ARGUMENT: Service account {email} does not exist.")

    def _bind(self, kind: str) -> Act:
        def bind(call: Call) -> None:
            if kind != "project":
                self._require(kind, _key(kind, call))
            self._check_account(call.flags["member"].removeprefix("serviceAccount:"))
            self.policies.setdefault(f"{kind} {call.names[0]}", set()).add((call.flags["role"], call.flags["member"]))

        return bind

    def _policy(self, call: Call) -> list[dict[str, Any]]:
        bound = sorted(self.policies.get(f"project {call.names[0]}", set()))
        return [{"bindings": [{"role": role, "members": [member]} for role, member in bound]}]

    def _unbind(self, call: Call) -> None:
        bound = self.policies.get(f"project {call.names[0]}", set())
        if (call.flags["role"], call.flags["member"]) not in bound:
            raise Refused("ERROR: Policy binding with the specified principal, role, and condition not found!")
        bound.remove((call.flags["role"], call.flags["member"]))

    def _metric(self, *, new: bool) -> Act:
        def put(call: Call) -> None:
            value = yaml.safe_load(Path(call.flags["config-from-file"]).read_text("utf-8"))
            self._put("metrics", call.names[0], {**value, "name": call.names[0]}, new=new)

        return put

    def _alert(self, call: Call) -> None:
        """A display name may be there twice: that is what makes a second run's `create` a mistake."""
        name = f"projects/{self.project}/alertPolicies/{len(self.resources['alerts']) + 1}"
        channels = call.flags.get("notification-channels", "")
        value = self._defined(name, call.flags, channels)
        self._put("alerts", name, {**value, "userLabels": labels(call.flags["user-labels"])}, new=True)

    def _alert_again(self, call: Call) -> None:
        channels = call.flags.get("set-notification-channels", "")
        value = self._defined(call.names[0], call.flags, channels)
        kept = value.get("userLabels", {}) | labels(call.flags["update-user-labels"])
        self._put("alerts", call.names[0], {**value, "userLabels": kept}, new=False)

    def _defined(self, name: str, flags: Mapping[str, str], channels: str) -> dict[str, Any]:
        """The file is all of the policy but for what the call.flags say."""
        value = yaml.safe_load(Path(flags["policy-from-file"]).read_text("utf-8"))
        if self.unheard_of:
            self.unheard_of -= 1
            raise Refused("ERROR: NOT_FOUND: Cannot find metric that matches type = logging.googleapis.com/user/x")
        for channel in filter(None, channels.split(",")):
            self._require("channels", channel)
        return {**value, "name": name, "notificationChannels": [*filter(None, channels.split(","))]}

    def _channel(self, call: Call) -> None:
        name = f"projects/{self.project}/notificationChannels/{len(self.resources['channels']) + 1}"
        value = {"name": name, "type": call.flags["type"], "labels": labels(call.flags["channel-labels"])}
        self._put("channels", name, value, new=True)

    def _list(self, kind: str) -> Act:
        def there(call: Call) -> list[dict[str, Any]]:
            place = region(call.flags) if kind in LOCATED else ""
            return [one for key, one in self.resources[kind].items() if not place or key.startswith(f"{place}/")]

        return there

    def _delete(self, kind: str) -> Act:
        def delete(call: Call) -> None:
            self.resources[kind] = self._without(kind, _key(kind, call))

        return delete


def _key(kind: str, call: Call) -> str:
    """By what a resource is kept here."""
    return f"{region(call.flags)}/{call.names[0]}" if kind in LOCATED else call.names[0]
