"""Whose credential syncs a calendar: the first creator who sees all of it, until their credential fails them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from sync.records import CalendarRecord, Keeper, Lease

SILENT = timedelta(days=2)
"""How long a keeper may be silent: the add-on's daily trigger speaks for them every day."""


def is_replaceable(calendar: CalendarRecord, now: datetime) -> bool:
    """Whether the next one with the right role takes over: there is no keeper, or the credential fails or is silent."""
    return calendar.keeper is None or calendar.refused or (calendar.heard is not None and now - calendar.heard > SILENT)


def kept_by(keeper: Keeper | None, calendar: CalendarRecord, now: datetime) -> Mapping[str, Any]:
    """The fields of a calendar's record that change with its keeper: what the earlier one listed counts no more.

    A run that is at work for the earlier one loses its lease.
    """
    lease = calendar.lease and Lease("", now, calendar.lease.fence + 1)
    return {
        "lease": msgspec.to_builtins(lease, builtin_types=(datetime,)),
        "unsure": calendar.unsure or bool(calendar.lease and calendar.lease.by),
        "keeper": msgspec.to_builtins(keeper),
        "kept_by": keeper.sub if keeper else "",
        "cursor": "",
        "page": None,
        "heard": now,
        "refused": False,
        "reason": "",
        "failures": 0,
        "due": now,
    }


def new_calendar(calendar: str, keeper: Keeper | None, now: datetime) -> CalendarRecord:
    """The record of a calendar with a first conference: it is listed at once."""
    kept_by = keeper.sub if keeper else ""
    return CalendarRecord(calendar=calendar, keeper=keeper, kept_by=kept_by, heard=now, due=now)
