"""The time zone that a name means, in IANA's or in Windows' words."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def named_zone(name: str) -> ZoneInfo | None:
    """The zone of that name, None where nobody knows it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        from tzlocal.windows_tz import win_tz

        known = win_tz.get(name)
        return ZoneInfo(known) if known else None
