"""The history of a record as people read it: what became of which field, in Chinese, money in 元. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitors.clock import stamp
from monitors.ledger.events import Event
from monitors.ledger.field_names import NAMES, yuan
from monitors.regions import divisions

Names = Mapping[tuple[str, int], str]  # (column, id) → name, of employers and projects; of cases their number
_UNSAID = frozenset({"by", "id"})
# What the history of a case counts by number, under the name of what the number stands for.
_CALLED = {"employer_id": "用人单位", "project_id": "工程项目", "case_id": "案件"}
_OTHER = {"rule": "依据"}  # of a proposal of the law
_CASE: Mapping[str, str] = {}
_SHOWN = 160  # characters of one value
_NOTHING = "（空）"


def lines(event: Event, names: Names, called: Mapping[str, str] = _CASE) -> tuple[str, ...]:
    """One line per field: ``诉求金额：100.00元 → 200.00元``, or ``查实人数：12`` where there was nothing before.

    ``called``: what this kind of record calls its columns, where that is not what a case calls them.
    """
    keys = [key for key in (*event.before, *(k for k in event.after if k not in event.before)) if key not in _UNSAID]
    found = []
    for key in keys:
        was, now = _worded(key, event.before.get(key), names), _worded(key, event.after.get(key), names)
        name = _CALLED.get(key) or called.get(key) or NAMES.get(key) or _OTHER.get(key, key)
        if key in event.before and key in event.after:
            if was != now:
                found.append(f"{name}：{was or _NOTHING} → {now or _NOTHING}")
        elif key in event.before:
            found.append(f"{name}：原为 {was}" if was else "")
        else:
            found.append(f"{name}：{now}" if now else "")
    return tuple(line for line in found if line)


def _worded(key: str, value: Any, names: Names) -> str:
    if value in (None, "", []):
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if key.endswith("_fen") and isinstance(value, int):
        return yuan(value)
    if key in _CALLED:
        return names.get((key, value), f"编号 {value}") if isinstance(value, int) else str(value)
    if key == "region":
        return divisions.full_name(str(value)) or str(value)
    words = "、".join(map(str, value)) if isinstance(value, list) else str(value)
    if key.endswith("_at"):
        words = stamp(datetime.fromisoformat(words))
    return words if len(words) <= _SHOWN else f"{words[:_SHOWN]}…"
