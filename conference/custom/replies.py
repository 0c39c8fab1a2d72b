"""How a system's reply becomes a conference: its id, the ways in, what guests read, who hosts it."""

import html
from collections.abc import Iterator
from typing import Any

import msgspec

from conference.custom import templates
from conference.custom.addresses import Address, quoted
from conference.custom.expressions import Expression
from conference.custom.fields import ID, Facts, Scope
from conference.custom.mistakes import Mistake
from conference.custom.tables import Table
from conference.custom.templates import Template
from conference.entry_point import EntryPoint, Given
from conference.errors import InvalidConferenceData, OutcomeUnknown
from conference.limits import CODES, MOST_ENTRY_POINTS, EntryPointType, Feature
from conference.providers.base import Conference, Reply
from conference.uris import dial

MOST_ID = 512
"""Characters of an id."""
_MOST_ADDRESS = 320

_MOST_NUMBER = 10**MOST_ID
_FEATURES: dict[str, tuple[Feature, ...]] = {"toll": ("TOLL",), "tollfree": ("TOLL_FREE",)}


class Part(msgspec.Struct, frozen=True):
    """One value that is read: an expression over the reply, or a template, or a link's, over what is known besides.

    `whole` says that the expression is over the whole reply where the others are over an item of a list.
    """

    source: Expression | Template | Address
    link: bool = False
    whole: bool = False

    def of(self, document: Any, facts: Facts) -> Given:
        """The value: text, a whole number, or None. Raises OutcomeUnknown where a template lacks a value."""
        if isinstance(self.source, Address):
            return self.source.url(facts, {})
        if isinstance(self.source, Template):
            return self.source.text(facts, quoted if self.link else str)
        found = self.source.of(document)
        if isinstance(found, str):
            return found
        return found if type(found) is int and abs(found) < _MOST_NUMBER else None


class Point(msgspec.Struct, frozen=True):
    """A link, a SIP address or a page of more: where it is, and its codes."""

    type: EntryPointType
    uri: Part
    more: dict[str, Part]

    def entry_point(self, document: Any, facts: Facts) -> EntryPoint | None:
        """The entry point, None where the reply has no address. Raises InvalidConferenceData."""
        uri = self.uri.of(document, facts)
        if not uri:
            return None
        if self.type == "SIP" and not str(uri).lower().startswith(("sip:", "sips:")):
            uri = f"sip:{uri}"
        codes: dict[str, Any] = {name: one.of(document, facts) for name, one in self.more.items()}
        return EntryPoint.fitted(self.type, str(uri), **codes)

    def entry_point_or_note(self, document: Any, facts: Facts) -> EntryPoint | None:
        """The same; what cannot be used does not cost the conference, it is noted."""
        try:
            return self.entry_point(document, facts)
        except InvalidConferenceData:
            facts.call.note(f"custom-{self.type.lower()}-unusable")
            return None


class Phones(msgspec.Struct, frozen=True):
    """The telephone numbers: `each` finds the list, the other parts what stands in each of its items. `dial` are the
    codes that are dialled after the number, in turn, each with a #."""

    each: Expression
    number: Part
    more: dict[str, Part]
    toll: Part | None
    dial: tuple[str, ...]

    def entry_points(self, document: Any, facts: Facts) -> Iterator[EntryPoint]:
        """Each number that can be dialled, once; the others are noted."""
        found = self.each.of(document)
        seen: set[object] = set()
        # Once, not for each number: a large reply would take longer to search than anybody waits.
        shared = {name: part.of(document, facts) for name, part in self.more.items() if part.whole}
        own = {name: part for name, part in self.more.items() if not part.whole}
        for item in found[:MOST_ENTRY_POINTS] if isinstance(found, list) else ():
            number = self.number.of(item, facts)
            kind = str(self.toll.of(item, facts) or "") if self.toll else ""
            features = _FEATURES.get(kind.lower().replace("-", "").replace("_", ""), ())
            if number is None or (number, features) in seen:
                continue
            seen.add((number, features))
            values: dict[str, Any] = shared | {name: part.of(item, facts) for name, part in own.items()}
            steps = [f"{values[code]}#" for code in self.dial if values.get(code)]
            try:
                yield EntryPoint.fitted("PHONE", dial(str(number), *steps), features=features, **values)
            except InvalidConferenceData:
                facts.call.note("custom-number-unusable")


class ReplyMap(msgspec.Struct, frozen=True):
    """All that is read of the reply that shows a conference."""

    id: Part
    points: tuple[Point, ...]
    phones: Phones | None
    notes: Part | None
    host: Part | None

    def conference(self, reply: Reply | None, facts: Facts) -> Conference:
        """The conference that a reply shows. Raises OutcomeUnknown, InvalidConferenceData."""
        return self.of(reply.json() if reply else None, facts)

    def of(self, document: Any, facts: Facts) -> Conference:
        """The conference that a document shows. Raises OutcomeUnknown, InvalidConferenceData."""
        facts.id = _id(self.id.of(document, facts))
        link = self.points[0].entry_point(document, facts)
        if link is None:
            raise OutcomeUnknown("malformed-reply", "no link in the reply")
        others = [point.entry_point_or_note(document, facts) for point in self.points[1:]]
        phones = tuple(self.phones.entry_points(document, facts)) if self.phones else ()
        notes = self.notes.of(document, facts) if self.notes else None
        host = self.host.of(document, facts) if self.host else None
        return Conference(
            facts.id,
            (link, *phones, *filter(None, others)),
            notes=_html(str(notes or "")),
            host=_address(host, facts),
        )


def read(table: Table, scope: Scope) -> ReplyMap:
    """The table [reply]. Raises Mistake."""
    id, inner = part(table, "id", scope), scope.also(ID)
    points = [_point(table.needed_table("video", "the url of the link"), "VIDEO", "url", inner)]
    sip, more, phones = table.table("sip"), table.table("more"), table.table("phones")
    if sip:
        points.append(_point(sip, "SIP", "address", inner))
    if more:
        points.append(_point(more, "MORE", "url", inner))
    notes = part(table, "notes", inner) if table.has("notes") else None
    host = part(table, "host", inner) if table.has("host") else None
    reply = ReplyMap(id, tuple(points), _phones(phones, inner) if phones else None, notes, host)
    table.close()
    return reply


def _point(table: Table, type: EntryPointType, key: str, scope: Scope) -> Point:
    uri = part(table, key, scope, link=type)
    point = Point(type, uri, _parts(table, scope, (*CODES, *(("label",) if type != "MORE" else ()))))
    table.close()
    return point


def _phones(table: Table, scope: Scope) -> Phones:
    each, number = Expression(table.text("each"), table.at("each")), part(table, "number", scope)
    more = _parts(table, scope, (*CODES, "label"), item=True)
    if table.has("region"):
        more["region_code"] = part(table, "region", scope, item=True)
    toll = part(table, "toll", scope) if table.has("toll") else None
    steps = table.texts("dial") if table.has("dial") else [code for code in ("access_code", "pin") if code in more]
    for index, code in enumerate(steps):
        if code not in more:
            raise Mistake((*table.at("dial"), index), "is not read here; expected the key of a code beside it")
    table.close()
    return Phones(each, number, more, toll, tuple(steps))


def _parts(table: Table, scope: Scope, names: tuple[str, ...], item: bool = False) -> dict[str, Part]:
    return {name: part(table, name, scope, item=item) for name in names if table.has(name)}


def part(table: Table, key: str, scope: Scope, link: EntryPointType | None = None, item: bool = False) -> Part:
    """A JMESPath expression as text, or a template as { template = "..." }. Raises Mistake.

    `link` says that guests are led there, `item` that expressions are over an item of a list: then one over the whole
    reply is { reply = "..." }.
    """
    if not isinstance(table.get(key), dict):
        return Part(Expression(table.text(key), table.at(key)))
    inner = table.needed_table(key, "a template")
    if item and inner.has("reply"):
        expression = Expression(inner.text("reply"), inner.at("reply"))
        inner.close()
        return Part(expression, whole=True)
    text, path = inner.text("template"), inner.at("template")
    inner.close()
    if link in ("VIDEO", "MORE"):
        return Part(Address(text, scope, path, link=True))
    template = templates.read(text, scope, path, private=link is None)
    if any(placeholder.field.secret for placeholder in template.placeholders):
        raise Mistake(path, "has a secret, which guests would read; expected a value of the reply, or plain text")
    last = template.parts[-1] if template.parts else ""
    if link and not (isinstance(last, str) and "@" in last):
        raise Mistake(path, "ends in no fixed host; expected sip:NAME@HOST")
    return Part(template, link is not None)


def _id(found: Given) -> str:
    """An id that can stand in a URL again. Raises OutcomeUnknown."""
    text = str(found) if found is not None else ""
    dots = {".", ".."} & set(text.replace("\\", "/").split("/"))
    if not 0 < len(text) <= MOST_ID or dots or not text.isprintable() or " " in text:
        raise OutcomeUnknown("malformed-reply", f"an id that is none, {len(text)} long")
    return text


def _address(found: Given, facts: Facts) -> str:
    """The address that a reply names, who asked where that is none."""
    is_one = isinstance(found, str) and "@" in found and found.isprintable() and len(found) <= _MOST_ADDRESS
    return str(found) if is_one else facts.call.host


def _html(notes: str) -> str:
    """Plain text as HTML, line by line."""
    return "<br>".join(html.escape(line.strip(), quote=False) for line in notes.strip().splitlines())
