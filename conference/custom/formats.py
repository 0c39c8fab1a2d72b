"""The formats of a template, {field|format|format:argument}: what each takes, what it makes of it."""

import html
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from conference.custom.fields import Facts, Kind, Scope
from conference.custom.mistakes import Mistake, Path, meant, quoted
from conference.text import shorten

_WHOLE = re.compile(r"-?[0-9]{1,6}")
_OPTION = re.compile(r"options\.[a-z0-9_]{1,64}")

_FIRST, _LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)

Formatted = Callable[[Any, Facts], Any]


class Format(msgspec.Struct, frozen=True):
    """What a format takes and gives, and how many arguments stand behind it, each after a colon.

    `make` gets the value and the arguments; whole numbers may also be written `options.NAME`.
    """

    takes: Kind
    gives: Kind
    make: Callable[..., Any]
    whole: bool = False
    arguments: int = 0


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _later(unit: timedelta) -> Callable[[datetime, int], datetime]:
    def later(moment: datetime, count: int) -> datetime:
        """So much really later, in the same zone; the last or the first day that there is, where no year has it."""
        try:
            return (moment.astimezone(UTC) + count * unit).astimezone(moment.tzinfo)
        except OverflowError:
            return _LAST if count > 0 else _FIRST

    return later


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())


FORMATS: Mapping[str, Format] = {
    "utc": Format("time", "text", _utc),
    "offset": Format("time", "text", lambda moment: moment.isoformat(timespec="seconds")),
    "local": Format("time", "text", lambda moment: moment.replace(tzinfo=None).isoformat(timespec="seconds")),
    "date": Format("time", "text", lambda moment: moment.date().isoformat()),
    "epoch": Format("time", "whole", _epoch),
    "milliseconds": Format("time", "whole", lambda moment: _epoch(moment) * 1000),
    "plus_minutes": Format("time", "time", _later(timedelta(minutes=1)), whole=True, arguments=1),
    "plus_hours": Format("time", "time", _later(timedelta(hours=1)), whole=True, arguments=1),
    "plus_days": Format("time", "time", _later(timedelta(days=1)), whole=True, arguments=1),
    "lower": Format("text", "text", str.lower),
    "upper": Format("text", "text", str.upper),
    "html": Format("text", "text", lambda text: html.escape(text, quote=False)),
    "shorten": Format("text", "text", lambda text, most: shorten(text, max(most, 0)), whole=True, arguments=1),
    "first": Format("text", "text", lambda text, most: text[: max(most, 0)], whole=True, arguments=1),
    "choose": Format("flag", "text", lambda flag, yes, no: yes if flag else no, arguments=2),
    "text": Format("whole", "text", str),
    "lines": Format("texts", "text", "\n".join),
    "commas": Format("texts", "text", ",".join),
}
"""Every format, by its name."""


def read(written: str, given: Kind, scope: Scope, path: Path) -> tuple[Kind, Formatted]:
    """The format that is written, for a value of kind `given`: what it gives, and what does it. Raises Mistake."""
    name, *arguments = written.split(":")
    if name not in FORMATS:
        raise Mistake(path, f"{quoted(name)!r} is no format; {meant(name, FORMATS)}")
    form = FORMATS[name]
    if given not in (form.takes, "any"):
        fits = [other for other, one in FORMATS.items() if one.takes == given]
        raise Mistake(path, f"the format {name} takes {WORDS[form.takes]}, here is {WORDS[given]}; {meant('', fits)}")
    if len(arguments) != form.arguments:
        raise Mistake(path, f"the format {name} has {len(arguments)} arguments; expected {form.arguments}")
    if not form.whole:
        return form.gives, _guarded(form, [_constant(argument) for argument in arguments])
    return form.gives, _guarded(form, [_whole(argument, scope, path) for argument in arguments])


WORDS: Mapping[Kind, str] = {
    "text": "text",
    "whole": "a whole number",
    "flag": "true or false",
    "time": "a time",
    "texts": "a list",
    "any": "any value",
}
_TYPES: Mapping[Kind, type] = {"text": str, "whole": int, "flag": bool, "time": datetime, "texts": list, "any": object}


def _guarded(form: Format, arguments: list[Callable[[Facts], Any]]) -> Formatted:
    """The format, which leaves None as it is, and makes None of what a reply has of another type."""

    def format(value: Any, facts: Facts) -> Any:
        if value is None or not isinstance(value, _TYPES[form.takes]):
            return None
        return form.make(value, *(argument(facts) for argument in arguments))

    return format


def _constant(value: Any) -> Callable[[Facts], Any]:
    return lambda facts: value


def _whole(argument: str, scope: Scope, path: Path) -> Callable[[Facts], Any]:
    if _WHOLE.fullmatch(argument):
        return _constant(int(argument))
    field = scope.field(argument) if _OPTION.fullmatch(argument) else None
    if field is None or field.kind != "whole":
        raise Mistake(path, f"{quoted(argument)!r} is no whole number; expected one, or options.NAME of an integer")
    return field.read
