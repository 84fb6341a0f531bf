"""A cron expression as Logic Apps says when something runs."""

from typing import Any

import pulumi

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NAMES = {name[:3].upper(): number for number, name in enumerate(_DAYS[:7])}


def recurrence(cron: str) -> dict[str, Any]:
    """A cron expression of five fields, UTC, as a Recurrence trigger: by day, by week, or by month, at hours and minutes.

    RunError for what that trigger cannot say: a month, or a day of the month and a weekday at once. Source: Azure Logic Apps
    documentation, "Schedule and run recurring workflows with the Recurrence trigger".
    """
    minute, hour, day, month, weekday = cron.split()
    if month != "*" or (day != "*" and weekday != "*"):
        raise pulumi.RunError(
            f'schedule "{cron}": on Azure a transfer runs by day, weekday or day of the month; leave the month "*", and name a '
            "day of the month or a weekday, not both"
        )
    times = {"minutes": _values(minute, 0, 59), "hours": _values(hour, 0, 23)}
    if weekday != "*":
        days = list(dict.fromkeys(_DAYS[number] for number in _values(weekday, 0, 7)))
        return {"frequency": "Week", "interval": 1, "timeZone": "UTC", "schedule": {**times, "weekDays": days}}
    if day != "*":
        dates = _values(day, 1, 31)
        return {"frequency": "Month", "interval": 1, "timeZone": "UTC", "schedule": {**times, "monthDays": dates}}
    return {"frequency": "Day", "interval": 1, "timeZone": "UTC", "schedule": times}


def _values(field: str, least: int, most: int) -> list[int]:
    """Every number that a field stands for: "*", "*/15", "1-5", "1,3", "0-30/10", and weekdays by name."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        low = least if first == "*" else _number(first)
        high = most if first == "*" or (step and not dash) else _number(last) if dash else low
        found.update(range(low, high + 1, int(step or 1)))
    return sorted(found)


def _number(text: str) -> int:
    return _NAMES[text.upper()] if text.upper() in _NAMES else int(text)
