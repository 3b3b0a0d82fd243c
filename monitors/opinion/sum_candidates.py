"""Every sum of a report that could be what is owed: those written, two joined by 和, a whole less what was paid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from monitors.opinion import other_money, sums
from monitors.opinion.candidates import MOST, Candidate, Fields, Found, beside_each_other, placed
from monitors.opinion.figures import Fact, Field
from monitors.opinion.numerals import numbers

_LEAST, _GREATEST = 50, 10_000_000_000  # 元
_ADDED = re.compile("(?:元|块)?(?:钱)?(?:、|，)?(?:和|及|以及|加上?|另加|还有|再)[^。！？；0-9]{0,14}")
_SIZE = re.compile("[万亿w]")
_STOP = re.compile("[。！？]")
_LESS_WITHIN = 24  # characters between a whole and what was paid of it


def of_sums(fields: Fields, pick: Fact | None, label: str) -> list[Candidate]:
    """Sums in 分, and last of all nothing; ``pick``: what the rules take."""
    found = [one for name, reading in fields for one in placed(_written(name, reading.view.text, label), reading)]
    return beside_each_other(found, fields, pick)


def _written(field: Field, text: str, label: str) -> Iterator[Found]:
    last: Fact | None = None
    for number in numbers(text)[:MOST]:
        told = sums.money(text, number)
        if told is None or not _LEAST <= told[0] <= _GREATEST:
            continue
        value, end = told
        shown = text[number.start : end]
        unit = "yuan" if end > number.end else "size" if _SIZE.search(shown) else "bare"
        fact = Fact(int(value * 100), field, number.start, end, label + shown, 0.0, "", number.open)
        refused = sums.refused(text, number, end)
        yield Found(fact, (f"unit.{unit}", *([f"refused.{refused}"] if refused else [])))
        if last and last.value != fact.value:
            yield from _made(last, fact, text, label)
        last = fact


def _made(first: Fact, second: Fact, text: str, label: str) -> Iterator[Found]:
    """10月份工资5100元和11月份的1360元: their sum. 六万九，只转了一万五: what is left."""
    between = text[first.end : second.start]
    one, other = text[first.start : first.end], text[second.start : second.end]
    whole = replace(second, start=first.start, open=False)
    if _ADDED.fullmatch(between) and not other_money.NOT_WAGES.search(between):
        told = replace(whole, value=first.value + second.value, why=f"{label}{one}＋{other}，两项相加")
        yield Found(told, ("joined",), made=True)
    elif first.value > second.value and len(between) <= _LESS_WITHIN and not _STOP.search(between):
        told = replace(whole, value=first.value - second.value, why=f"{label}{one}减去{other}")
        yield Found(told, ("less",), made=True)
