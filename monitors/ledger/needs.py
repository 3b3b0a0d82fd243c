"""Whether what a person gave for a transition is what its way asks for: nothing missing, foreign or of another kind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from monitors.ledger import checks
from monitors.ledger.faults import Fault, fault
from monitors.ledger.model import LEADERS, Conclusion
from monitors.ledger.ways import DUTY, Need, Way

# What the record may have already and need not be told again.
_STANDING = frozenset(
    {need.field for need in DUTY}
    | {"verified_workers", "verified_migrants", "verified_fen", "verified_migrant_fen", "leader", "leader_unit"}
)
_CODES = {need.field: "E03" for need in DUTY} | {"feedback_on": "E09", "feedback_how": "E09"}
_NAME_WIDTH = 60


def checked(way: Way, given: Mapping[str, Any], held: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """The given values, tidied, and what is wrong with them. ``held``: the record's present columns."""
    known = {need.field: need for need in way.needs}
    found = [Fault(name, f"变更为“{way.to}”时不填写此项") for name in given if name not in known]
    values: dict[str, Any] = {}
    for name, need in known.items():
        value = given.get(name)
        value = value.strip() if isinstance(value, str) else value
        if value is None or value == "":
            there = name in _STANDING and held.get(name) not in (None, "")
            found += [] if there or not need.required else [_missing(need)]
            continue
        if wrong := _wrong(need, value):
            found += wrong
        else:
            values[name] = value
    return values, found


def _missing(need: Need) -> Fault:
    code = _CODES.get(need.field)
    return fault(code, need.field) if code else Fault(need.field, f"请填写{need.words}")


def _wrong(need: Need, value: object) -> list[Fault]:
    name, words = need.field, need.words
    match need.type, value:
        case (("count" | "fen" | "case"), bool()):
            found = [_misshapen(need)]
        case ("date", datetime()):
            found = [_misshapen(need)]
        case ("text", str()):
            found = checks.text(name, value, words)
        case ("name", str()):
            found = checks.text(name, value, words, _NAME_WIDTH)
        case ("count", int()):
            found = checks.count(name, value, words)
        case ("fen", int()):
            found = checks.fen(name, value, words)
        case ("conclusion", str()):
            found = checks.choice(name, value, Conclusion, words)
        case ("leader_unit", str()):
            found = checks.choice(name, value, LEADERS, words)
        case ("date", date()) | ("flag", bool()) | ("case", int()):
            found = []
        case _:
            found = [_misshapen(need)]
    return found


def _misshapen(need: Need) -> Fault:
    return Fault(need.field, f"{need.words}的格式不正确")
