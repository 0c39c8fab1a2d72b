"""Galène's administrative API and its door, as strict as the real ones; a field that it would drop is refused."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from tests.contracts.providers.wire import Answer, Asked

PREFIX = "/galene-api/v0/.groups/"
ADMINISTRATOR, PASSWORD, TOKEN = "root", "canary-galene-password", "canary-galene-token"
PERMISSIONS = {
    "op": {"op", "present", "message", "token"},
    "present": {"present", "message"},
    "message": {"message"},
    "observe": set[str](),
}
FIELDS: Mapping[str, type] = {
    **dict.fromkeys(("displayName", "description", "contact", "comment", "redirect", "not-before", "expires"), str),
    **dict.fromkeys(("authServer", "authPortal"), str),
    **dict.fromkeys(("public", "allow-recording", "unrestricted-tokens", "auto-subgroups"), bool),
    **dict.fromkeys(("autolock", "autokick"), bool),
    **dict.fromkeys(("max-clients", "max-history-age"), int),
    "codecs": list,
}
PASSWORDS = {
    "wildcard": {"type"},
    "plain": {"type", "key"},
    "pbkdf2": {"type", "hash", "key", "salt", "iterations"},
}

WRONG = Answer(401, b"Haha!\n", {"Content-Type": "text/plain", "WWW-Authenticate": 'basic realm="/galene-api/"'})
NOT_WRITABLE = Answer(401, b"not authorised\n", {"Content-Type": "text/plain; charset=utf-8"})
NOT_FOUND = Answer(404, b"<p>Not found</p>\n", {"Content-Type": "text/html; charset=utf-8"})
NO_METHOD = Answer(405, b"method not allowed\n", {"Content-Type": "text/plain; charset=utf-8"})
NO_TYPE = Answer(415, b"unsupported content type\n", {"Accept": "application/json"})
DEFECT = Answer(500, b"Internal server error\n", {"Content-Type": "text/plain; charset=utf-8"})
STALE = Answer(412)


class Turned(Exception):
    """Somebody is not let in; the message is what Galène shows them."""


@dataclass
class User:
    """Somebody with a name, or everybody else. Without a password nobody is them."""

    permissions: str
    password: dict[str, Any] | None = None

    def matches(self, password: str) -> bool:
        """Whether Galène takes it."""
        match self.password:
            case {"type": "wildcard"}:
                return True
            case {"type": "plain", "key": key}:
                return bool(key == password)
            case {"type": "pbkdf2", "key": key, "salt": salt, "iterations": rounds}:
                made = hashlib.pbkdf2_hmac("sha256", password.encode(), bytes.fromhex(salt), rounds)
                return bool(made.hex() == key)
        return False


@dataclass
class Group:
    """A file in Galène's folder of groups, and how often it was written."""

    description: dict[str, Any]
    written: int
    users: dict[str, User] = field(default_factory=dict)
    wildcard: User | None = None

    @property
    def tag(self) -> str:
        """The entity tag: the file's size and time."""
        return f'"{len(json.dumps(self.description))}-{self.written}"'

    def enter(self, name: str, password: str, at: datetime, operators: bool = False) -> set[str]:
        """What that visitor may do, `operators` saying whether there is one already. Raises Turned."""
        user = self.users.get(name) or self.wildcard
        if user is None or not user.matches(password):
            raise Turned("not authorised")
        permissions = PERMISSIONS[user.permissions]
        if "op" in permissions:
            return permissions
        if self.description.get("autolock") and not operators:
            raise Turned("this group is locked")
        if (opens := self.description.get("not-before")) and at < datetime.fromisoformat(opens):
            raise Turned("this group is not open yet")
        if (closes := self.description.get("expires")) and at > datetime.fromisoformat(closes):
            raise Turned("this group is closed")
        return permissions


class Galene:
    """A server and its groups. Its `writable` is the setting writableGroups, `authorization` what its administrator
    sends."""

    def __init__(self, authorization: str | None = None) -> None:
        pair = base64.b64encode(f"{ADMINISTRATOR}:{PASSWORD}".encode()).decode()
        self.authorization = authorization or f"Basic {pair}"
        self.writable = True
        self.groups: dict[str, Group] = {}
        self._written = 0

    def __call__(self, asked: Asked) -> Answer:
        """The answer to a request."""
        headers = {name.lower(): text for name, text in asked.headers.items()}
        path = unquote(asked.path)
        if not path.startswith(PREFIX) or asked.query:
            return NOT_FOUND
        if headers.get("authorization") != self.authorization:
            return WRONG
        name, dot, rest = path.removeprefix(PREFIX).partition("/.")
        if not name:
            return self._listed(asked) if not dot else NOT_FOUND
        if asked.method == "GET" or not dot:
            return self._group(asked, name, headers) if not dot else self._shown(name, rest)
        return self._user(asked, name, rest, headers)

    def _listed(self, asked: Asked) -> Answer:
        return Answer.json(200, list(self.groups) or None) if asked.method == "GET" else NO_METHOD

    def _group(self, asked: Asked, name: str, headers: Mapping[str, str]) -> Answer:
        group = self.groups.get(name)
        if asked.method == "GET":
            return Answer.json(200, group.description, ETag=group.tag) if group else NOT_FOUND
        if asked.method == "DELETE":
            if group is None:
                return NOT_FOUND
            del self.groups[name]
            return Answer(204)
        if asked.method != "PUT":
            return NO_METHOD
        if not _meets(headers, group.tag if group else ""):
            return STALE
        return self._write(asked, headers, _is_description, lambda body: self._describe(name, body))

    def _describe(self, name: str, body: dict[str, Any]) -> Answer:
        group = self.groups.get(name)
        if group is None:
            self.groups[name] = Group(body, self._written)
            return Answer(201)
        group.description, group.written = body, self._written
        return Answer(204)

    def _shown(self, name: str, rest: str) -> Answer:
        group = self.groups.get(name)
        user = group and (group.wildcard if rest == "wildcard-user" else group.users.get(rest.removeprefix("users/")))
        return Answer.json(200, {"permissions": user.permissions}, ETag=group.tag) if group and user else NOT_FOUND

    def _user(self, asked: Asked, name: str, rest: str, headers: Mapping[str, str]) -> Answer:
        group = self.groups.get(name)
        user, password, _ = rest.partition("/.password")
        named = user.removeprefix("users/")
        if user != "wildcard-user" and (not user.startswith("users/") or not named or "/" in named):
            return NOT_FOUND
        if asked.method != "PUT":
            return NO_METHOD
        if group is None:
            return NOT_FOUND
        old = group.wildcard if user == "wildcard-user" else group.users.get(named)
        if password:
            if old is None or not group.users:
                return NOT_FOUND
            return self._write(asked, headers, _is_password, lambda body: self._set(group, old, body))
        return self._write(asked, headers, _is_user, lambda body: self._add(group, user, named, old, body))

    def _add(self, group: Group, user: str, named: str, old: User | None, body: dict[str, Any]) -> Answer:
        made = User(body["permissions"], old.password if old else None)
        if user == "wildcard-user":
            group.wildcard = made
        else:
            group.users[named] = made
        group.written = self._written
        return Answer(204 if old else 201)

    def _set(self, group: Group, user: User, body: dict[str, Any]) -> Answer:
        user.password, group.written = body, self._written
        return Answer(204)

    def _write(
        self,
        asked: Asked,
        headers: Mapping[str, str],
        fits: Callable[[Any], bool],
        act: Callable[[dict[str, Any]], Answer],
    ) -> Answer:
        if headers.get("content-type") != "application/json":
            return NO_TYPE
        try:
            body = asked.json()
        except ValueError:
            return DEFECT
        if not fits(body):
            return DEFECT
        if not self.writable:
            return NOT_WRITABLE
        self._written += 1
        return act(body)


def _meets(headers: Mapping[str, str], tag: str) -> bool:
    """Whether If-Match and If-None-Match let the request through, where they are there and not empty; `tag` is "" where
    there is nothing."""
    match, none_match = headers.get("if-match"), headers.get("if-none-match")
    if match and match not in ("*", tag):
        return False
    return not none_match or not (none_match == tag or (none_match == "*" and bool(tag)))


def _is_description(body: Any) -> bool:
    """A description without users, passwords and keys, which are set elsewhere."""
    if not isinstance(body, dict) or not all(type(value) is FIELDS.get(name) for name, value in body.items()):
        return False
    try:
        times = [datetime.fromisoformat(body[name]) for name in ("not-before", "expires") if name in body]
    except ValueError:
        return False
    return all(time.tzinfo for time in times)


def _is_user(body: Any) -> bool:
    return isinstance(body, dict) and body.keys() == {"permissions"} and body["permissions"] in PERMISSIONS


def _is_password(body: Any) -> bool:
    if not isinstance(body, dict) or body.keys() != PASSWORDS.get(str(body.get("type"))):
        return False
    return body["type"] != "pbkdf2" or (body["hash"] == "sha-256" and type(body["iterations"]) is int)
