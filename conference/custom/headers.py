"""Which headers a definition may send, and what can stand in one."""

import re

from conference.custom.mistakes import Mistake, Path, quoted
from conference.custom.templates import Template

_NAME = re.compile("[A-Za-z0-9-]{1,64}")
_NEVER = frozenset({"authorization", "content-length", "content-type", "host", "transfer-encoding", "connection"})
_NEVER |= {"accept-encoding", "expect", "keep-alive", "te", "trailer", "upgrade"}
"""Headers that say how a request or its reply is framed, or who sends it, which other keys of a definition are for."""
_VALUE = re.compile("[ -~]*")
_LINES = re.compile(r"\{[^{}]*\|\s*lines\s*[|?}]")
# RFC 6838, section 4.2, and RFC 6839, section 3.1.
_JSON_TYPE = re.compile(
    r"application/(?:json|[a-z0-9][a-z0-9!#$&^_.-]{0,100}\+json)(?:; ?[a-z0-9_-]+=[A-Za-z0-9._-]+)*"
)


def check_name(path: Path, name: str) -> None:
    """Raise Mistake unless a definition may set the header of that name."""
    if not _NAME.fullmatch(name):
        raise Mistake(path, f"{quoted(name)!r} is no header's name; expected letters, digits and hyphens")
    if name.lower() == "authorization":
        raise Mistake(path, "is set by Anyroom; expected [authentication] to say who we are")
    if name.lower() in _NEVER:
        raise Mistake(path, "is set by Anyroom; expected json or form to say what is sent")


def check_value(path: Path, written: str, template: Template) -> None:
    """Raise Mistake for what no header takes: what people write, several lines, and else than printable ASCII."""
    if not _VALUE.fullmatch(written):
        raise Mistake(path, "cannot be sent in a header; expected printable ASCII")
    if any(placeholder.field.written for placeholder in template.placeholders):
        raise Mistake(path, "has a text that people write, and a header takes ASCII only; expected it in a body")
    if _LINES.search(written):
        raise Mistake(path, "has several lines, and a header is one; expected the format commas")


def check_type(path: Path, written: str) -> None:
    """Raise Mistake unless that is a media type of JSON, which a system may insist on for what JSON it takes."""
    if not _JSON_TYPE.fullmatch(written):
        raise Mistake(path, "is set by Anyroom; expected a type of JSON, such as application/vnd.api+json, or nothing")
