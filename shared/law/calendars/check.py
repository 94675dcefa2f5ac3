"""Compares the calendars with the PyPI package `holidays`, which others keep: python3 check.py

Every date of 2025 to 2028 must be a business day in both or in neither. A difference must stand in the calendar's own
file, in `differs`, with its reason, and what stands there must be one. A doubtful day explains itself.
"""

import sys
import tomllib
from datetime import date, timedelta
from pathlib import Path

import holidays

FIRST, LAST = date(2025, 1, 1), date(2028, 12, 31)
YEARS = range(FIRST.year, LAST.year + 1)
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
EUROPEAN_UNION = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()
# What a calendar takes from the package besides public holidays.
CATEGORIES = {
    "cr-national": ("public", "optional"),  # holidays without compulsory pay
    "eg-national": ("public", "government"),  # the outer days of the feasts
    "jp-national": ("public", "bank"),  # the turn of the year
}


def theirs(name):
    """Whether the package takes a date for a business day."""
    country, part = name.upper().split("-")
    if name == "eu-common":
        members = [holidays.country_holidays(member, years=YEARS) for member in EUROPEAN_UNION]
        return lambda day: day.weekday() < 5 and any(day not in member for member in members)
    subdivision = None if part in ("FEDERAL", "NATIONAL") else part
    categories = CATEGORIES.get(name, ("public",))
    return holidays.country_holidays(country, subdivision, years=YEARS, categories=categories).is_working_day


def ours(calendar):
    """Whether a calendar file takes a date for a business day."""
    listed = set(calendar["holidays"])
    worked = set(calendar.get("working-days", []))

    def is_business_day(day):
        free = WEEKDAYS[day.weekday()] in calendar["weekend"] or str(day) in listed
        return not free or str(day) in worked

    return is_business_day


def problems(calendar, days):
    explained = {day for difference in calendar.get("differs", []) for day in difference["days"]}
    doubtful = set(calendar.get("doubtful", []))
    our, their = ours(calendar), theirs(calendar["name"])
    words = {True: "a business day", False: "none"}
    for day in days:
        mine, other = our(day), their(day)
        if mine == other and str(day) in explained:
            yield f"{day} is said to differ, and does not"
        if mine != other and str(day) not in explained | doubtful:
            yield f"{day} is {words[mine]} here, and {words[other]} in the package"


def main():
    days = [FIRST + timedelta(n) for n in range((LAST - FIRST).days + 1)]
    files = sorted(Path(__file__).parent.glob("*.toml"))
    found = []
    for file in files:
        calendar = tomllib.loads(file.read_text())
        found += [f"{file.name}: {problem}" for problem in problems(calendar, days)]
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{len(files) * len(days)} dates of {len(files)} calendars compared, {len(found)} problems")
    sys.exit(1 if found or not files else 0)


main()
