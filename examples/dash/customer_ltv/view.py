"""What the address asks for: theme, range, zone and filter, as Loggia's frame hands them on. What is wrong becomes a notice."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

KINDS = {"all": "All customers", "once": "Those who ordered once", "again": "Those who came back"}
THEMES = ("system", "light", "dark")
STEP = re.compile(r"([+ -])(\d{0,6})([smhdwMQy])|/([smhdwMQy])")
CLOCK = {"s": 1, "m": 60, "h": 3600}
MONTHS = {"M": 1, "Q": 3, "y": 12}


@dataclass(frozen=True)
class View:
    """Days (UTC) from `first` up to, and without, `end`; None where the address sets no bound."""

    theme: str = "system"
    zone: ZoneInfo = ZoneInfo("UTC")
    first: date | None = None
    end: date | None = None
    kind: str = "all"
    notices: tuple[str, ...] = ()


def read(search: str | None, now: datetime) -> View:
    """Reads `?from=now-6M&to=now&tz=…&theme=dark&var-customers=again`."""
    asked = {name: values[0] for name, values in parse_qs((search or "").lstrip("?")).items()}
    notices: list[str] = []

    def one_of(name: str, words: tuple[str, ...]) -> str:
        word = asked.get(name, words[0])
        if word in words:
            return word
        notices.append(f"“{word[:80]}” is not one of {', '.join(words)}; {words[0]} is shown")
        return words[0]

    zone = _zone(asked.get("tz"), notices)
    first, end = _range(asked.get("from"), asked.get("to"), now.astimezone(zone), notices)
    return View(one_of("theme", THEMES), zone, first, end, one_of("var-customers", tuple(KINDS)), tuple(notices))


def _zone(name: str | None, notices: list[str]) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        notices.append(f"“{name[:80]}” is not a time zone; UTC is shown")
        return ZoneInfo("UTC")


def _range(start: str | None, stop: str | None, now: datetime, notices: list[str]) -> tuple[date | None, date | None]:
    try:
        first = _midnight_from(moment(start, now, up=False)) if start else None
        end = _midnight_from(moment(stop, now, up=True)) if stop else None
    except (ValueError, OverflowError):
        notices.append(f"“{(start or '')[:40]}” to “{(stop or '')[:40]}” is not a range; all purchases are shown")
        return None, None
    if first and end and first > end:
        notices.append("the range must begin before it ends; all purchases are shown")
        return None, None
    return first, end


def _midnight_from(at: datetime) -> date:
    """The day of the first midnight at or after a moment: a purchase counts from its day's midnight, which is told in UTC."""
    at = at.astimezone(UTC)
    return at.date() if at.time() == time.min else at.date() + timedelta(days=1)


def moment(text: str, now: datetime, up: bool) -> datetime:
    """One end of a range: `now-24h`, `now/d`, `now-1M/M`, RFC 3339, a date in the shown zone, or epoch milliseconds."""
    text = text.strip()
    if len(text) > 64:
        raise ValueError(text)
    if text.startswith("now"):
        return _relative(text[3:], now, up)
    if re.fullmatch(r"-?\d+", text):
        if len(text.lstrip("-")) in (4, 8):  # a year, or a date without hyphens
            raise ValueError(text)
        return datetime.fromtimestamp(int(text) / 1000, UTC).astimezone(now.tzinfo)
    at = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    return at.replace(tzinfo=now.tzinfo) if at.tzinfo is None else at.astimezone(now.tzinfo)


def _relative(steps: str, at: datetime, up: bool) -> datetime:
    read_to = 0
    for found in STEP.finditer(steps):
        if found.start() != read_to:
            break
        read_to = found.end()
        sign, count, unit, rounded = found.groups()
        at = _round(at, rounded, up) if rounded else _shift(at, int(count or 1) * (-1 if sign == "-" else 1), unit)
    if read_to != len(steps):
        raise ValueError(steps)
    return at


def _shift(at: datetime, count: int, unit: str) -> datetime:
    if unit in CLOCK:
        return (at.astimezone(UTC) + timedelta(seconds=count * CLOCK[unit])).astimezone(at.tzinfo)
    if unit in MONTHS:
        year, month = divmod(at.year * 12 + at.month - 1 + count * MONTHS[unit], 12)
        return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))
    return at + timedelta(days=count * (7 if unit == "w" else 1))


def _round(at: datetime, unit: str, up: bool) -> datetime:
    if unit in CLOCK:
        start = at.replace(microsecond=0, **{"m": {"second": 0}, "h": {"minute": 0, "second": 0}}.get(unit, {}))
    else:
        start = at.replace(hour=0, minute=0, second=0, microsecond=0)
        start -= timedelta(days=start.weekday() if unit == "w" else 0)
        if unit in MONTHS:
            start = start.replace(day=1, month=(start.month - 1) // MONTHS[unit] * MONTHS[unit] + 1)
    return _shift(start, 1, unit) if up else start
