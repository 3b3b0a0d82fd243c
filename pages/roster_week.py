"""One week of a desk's shifts, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from monitors.clock import SHANGHAI, local
from monitors.notify.roster import Shift
from pages.markup import Html, tag

_DAYS = "一二三四五六日"
_DAY = timedelta(days=1)


def midnight(day: date) -> datetime:
    """When the day begins on the office's clock."""
    return datetime.combine(day, time(0), SHANGHAI)


def week(monday: date, shifts: Sequence[Shift], now: datetime, *, editing: bool) -> Html:
    """Seven days; a shift stands on the day it begins, one that began the week before on the Monday."""
    days = []
    for number, name in enumerate(_DAYS):
        day = monday + timedelta(days=number)
        own = [one for one in shifts if max(local(one.starts_at).date(), monday) == day]
        today = " today" if local(now).date() == day else ""
        drawn = [_shift(one, day, now) for one in own] or [tag("span", "未排班", class_="none")]
        days.append(tag("div", tag("b", f"{day:%m-%d} 周{name}"), *drawn, class_=f"day{today}"))
    note = tag(
        "p", "红色为未排值班员的班次，绿框为当前班次。" + ("点“修改班次”可换人。" if editing else ""), class_="muted"
    )
    return tag("div", tag("div", *days, class_="week"), tag("div", note, class_="desk-part"))


def _shift(one: Shift, day: date, now: datetime) -> Html:
    start, end = local(one.starts_at), local(one.ends_at)
    before = f"{start:%m-%d} " if start.date() < day else ""
    over = "" if end.date() in (start.date(), day) else "次日 " if end.date() - day == _DAY else f"{end:%m-%d} "
    kind = " over" if one.ends_at <= now else " now" if one.starts_at <= now else ""
    kind += "" if one.named or one.ends_at <= now else " bad"
    officer = one.officer or "未排值班员"
    stopped = "（账号已停用）" if one.stopped and one.ends_at > now else ""
    leader = tag("i", f"带班 {one.leader}") if one.leader else ""
    note = tag("i", one.note) if one.note else ""
    hours = tag("i", f"{before}{start:%H:%M}—{over}{end:%H:%M}")
    return tag("span", hours, f"{officer}{stopped}", leader, note, class_=f"shift{kind}")
