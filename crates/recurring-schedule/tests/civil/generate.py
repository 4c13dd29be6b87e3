"""Writes periods.csv: what Python's own calendar and time zones say of billing cycles. No code of the crate is used.

    python3 generate.py > periods.csv

The zones are those of the system (zoneinfo). A time in a gap is read with the offset before it, and of a time that is shown
twice the first is taken: that is what `fold=0` means (PEP 495).
"""
import calendar
import random
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

ZONES = """Europe/Lisbon America/New_York Australia/Lord_Howe Pacific/Apia Africa/Cairo America/Sao_Paulo Europe/Dublin
Asia/Tehran America/St_Johns Pacific/Kiritimati Pacific/Chatham Antarctica/Troll Asia/Kathmandu Asia/Beirut America/Asuncion
UTC""".split()
TIMES = [time(0, 0), time(0, 30), time(1, 30), time(2, 15), time(2, 30), time(9, 0), time(23, 45)]
ANCHORS = [date(2011, 12, 1), date(2011, 10, 30), date(1994, 12, 3), date(2016, 2, 29), date(2018, 10, 21),
           date(2023, 1, 31), date(2024, 1, 30), date(2024, 2, 29), date(2021, 8, 31), date(2017, 12, 31)]
STEPS = [("1 day", 1, 0), ("1 week", 7, 0), ("2 weeks", 14, 0), ("10 days", 10, 0), ("1 month", 0, 1), ("2 months", 0, 2),
         ("1 quarter", 0, 3), ("1 year", 0, 12)]
LAST = date(2026, 6, 30)


def month(anchor, months, rule):
    year, index = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    length = calendar.monthrange(year, index + 1)[1]
    day = min(anchor.day, length)
    if rule == "last_day":
        day = length
    if rule == "twenty_eighth" and months:
        day = min(anchor.day, 28)
    return date(year, index + 1, day)


def moment(day, clock, zone):
    return datetime.combine(day, clock, zone).astimezone(timezone.utc)


def is_odd(day, clock, zone):
    """In a gap, shown twice, or on a day of 23 or 25 hours."""
    shown = moment(day, clock, zone).astimezone(zone)
    later = datetime.combine(day, clock, zone).replace(fold=1).astimezone(timezone.utc)
    return shown.date() != day or shown.time() != clock or later != moment(day, clock, zone)


def exists(day, clock, zone):
    shown = moment(day, clock, zone).astimezone(zone)
    return shown.date() == day and shown.time() == clock


def rows():
    for name in ZONES:
        zone = ZoneInfo(name)
        for anchor in ANCHORS:
            for clock in TIMES:
                if not exists(anchor, clock, zone):
                    continue
                for words, days, months in STEPS:
                    rules = ["same_day"]
                    if months:
                        rules.append("twenty_eighth")
                        if anchor.day == calendar.monthrange(anchor.year, anchor.month)[1]:
                            rules.append("last_day")
                    for rule in rules:
                        for index in range(1000):
                            day = anchor + timedelta(days * index) if days else month(anchor, months * index, rule)
                            if day > LAST:
                                break
                            text = f"{anchor}T{clock:%H:%M}[{name}]"
                            yield is_odd(day, clock, zone), (text, words, rule, index, day, moment(day, clock, zone))


def main():
    plain, odd = [], []
    for is_special, row in rows():
        (odd if is_special else plain).append(row)
    random.seed(2026)
    chosen = random.sample(odd, min(len(odd), 1200)) + random.sample(plain, 1200)
    chosen.sort()
    print("anchor,interval,month_end,index,date,moment")
    for text, words, rule, index, day, at in chosen:
        print(f"{text},{words},{rule},{index},{day},{at:%Y-%m-%dT%H:%M:%SZ}")


main()
