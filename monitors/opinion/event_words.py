"""An event of an alert's history in a sentence (处置记录), for pages, packs and exports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from monitors.clock import stamp
from monitors.opinion.model import LEVEL_NAMES

Said = Mapping[str, Any]
_COLOURS = {"红": "红色", "橙": "橙色", "黄": "黄色", "蓝": "蓝色"}

# What was given for an act, in the order it is told; without a name it stands by itself.
_GIVEN = {
    "reason": "", "why": "", "unit": "核查单位", "person": "核查人", "check_due_at": "核查时限", "evidence": "依据",
    "verified": "查实情况", "verified_workers": "查实人数", "verified_fen": "查实金额", "no_case": "未关联案件",
    "result": "办结结果", "feedback": "反馈", "no_response": "无需回应", "leader": "带班领导", "words": "意见",
    "proposed_by": "提请人",
}  # fmt: skip


def event_words(kind: str, actor: str, before: Said, after: Said) -> str:
    """One event of an alert in a sentence; what we do not know is shown by its kind rather than hidden."""
    known = _WORDS.get(kind)
    return known(actor, before, after) if known else f"{actor}：{kind}{_why(after)}"


def level_words(level: str) -> str:
    """A level within a sentence: ``II级（橙色）``; what is unknown is said as it is."""
    name, _, colour = LEVEL_NAMES.get(level, level).partition(" ")
    return f"{name}（{_COLOURS[colour]}）" if colour in _COLOURS else name


def _opened(actor: str, _: Said, after: Said) -> str:
    return f"{actor}发出{_level(after)}警情"


def _raised(actor: str, before: Said, after: Said) -> str:
    said = _why(after) if after.get("reason") else ""  # a rise by itself says nothing more
    floors = f"（突破级别下限：{after['floors']}）" if after.get("floors") else ""
    return f"{actor}将级别由{_level(before) or '未知'}改为{_level(after)}{said}{floors}"


def _moved(actor: str, before: Said, after: Said) -> str:
    return f"{actor}：{before.get('state', '？')} → {after.get('state', '？')}{_given(after)}"


def _told_leader(actor: str, _: Said, after: Said) -> str:
    said = f"，{after['words']}" if after.get("words") else ""
    return f"{actor}报告带班领导 {after.get('leader', '')}{said}"


_WORDS: dict[str, Callable[[str, Said, Said], str]] = {
    "opened": _opened,
    "level": _raised,
    "state": _moved,
    "report": lambda _actor, _, after: f"新增报道{_why(after)}",
    "edit": lambda actor, _, after: f"{actor}{_why(after)}",
    "label": lambda actor, _, after: f"{actor}更正研判{_why(after)}",
    "proposal": lambda actor, _, after: f"{actor}{after.get('act') or '提请审批'}{_given(after)}",
    "update": lambda actor, _, after: f"{actor}登记处置进展：{after.get('words', '')}",
    "leader": _told_leader,
    "assign": lambda actor, _, after: f"{actor}将警情转给 {after.get('holder', '')}",
    "plan": lambda actor, _, after: f"{actor}{after.get('act') or '执行应急预案'}{_noted(after)}",
    "link": lambda actor, _, after: f"{actor}{after.get('act') or '关联台账记录'}{_noted(after)}",
    "response": lambda actor, _, after: f"{actor}{after.get('act') or '办理对外回应'}{_noted(after)}",
}


def _level(said: Said) -> str:
    level = str(said.get("level", ""))
    return f" {level_words(level)}" if level in LEVEL_NAMES else ""  # letters stand off from the words before them


def _why(after: Said) -> str:
    why = str(after.get("why") or after.get("reason") or "")
    return f"：{why}" if why else ""


def _noted(after: Said) -> str:
    """What a plan, a link or a response says of itself: the record's number, the item's words, a reason."""
    # Why a record was tied (only then a confidence is told) tells of the record, which the reader may not see.
    keys = ("number", "words", "note", "why", "reason") if "confidence" not in after else ("number", "words", "note")
    there = [after[key] for key in keys if after.get(key)]
    parts = ["、".join(one) if isinstance(one, list) else str(one) for one in there]
    return f"：{'，'.join(parts)}" if parts else ""


def _given(after: Said) -> str:
    """What was said and given, as the end of a sentence: “：核查单位 某局，核查人 某某”."""
    there = {key: name for key, name in _GIVEN.items() if after.get(key) not in (None, "")}
    parts = [f"{name} {_value(key, after[key])}".strip() for key, name in there.items()]
    return f"：{'，'.join(parts)}" if parts else ""


def _value(key: str, value: Any) -> str:
    match key:
        case "verified_fen":
            return f"{value / 100:,.2f} 元".replace(".00 元", " 元")
        case "verified_workers":
            return f"{value} 人"
        case "check_due_at":
            return stamp(datetime.fromisoformat(value))
        case _:
            return str(value)
