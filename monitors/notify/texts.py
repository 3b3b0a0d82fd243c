"""What a message says (通知文字): the facts of alerts as they stand in the tables, in words for a telephone's screen.

No sentence claims more than the tables hold; names of private people are masked in the titles already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from monitors.clock import local
from monitors.regions import divisions
from monitors.store import tables as t

MAX_TITLE = 60
GRAVEST = ("I", "II", "III", "IV", "关注")  # gravest first
URGENT = ("I", "II")
OVER = ("已办结", "误报", "并案")  # states in which nobody has to act any more
UNSIGNED = "新警情"
_COLOURS = {"I": "红", "II": "橙", "III": "黄", "IV": "蓝"}
_AT_ONCE = 500  # ids in one query
_NAMED = 10  # alerts a digest names


@dataclass(frozen=True, slots=True)
class Facts:
    """One alert with what its story says; fields are named as the columns of ``alert`` and ``story``."""

    id: int
    number: str
    level: str
    score: int
    state: str
    opened_at: datetime
    raised_at: datetime
    sign_due_at: datetime
    public_due_at: datetime
    signed_by: str | None
    demo: bool
    story_id: int
    title: str
    region: str
    employer: str | None
    workers: int | None
    amount_fen: int | None
    matched: tuple[str, ...]
    first_outlet: str
    first_published_at: datetime

    @property
    def rank(self) -> int:
        """0 is the gravest level."""
        return rank(self.level)

    @property
    def over(self) -> bool:
        return self.state in OVER

    @property
    def place(self) -> str:
        return divisions.full_name(self.region) or "云南（未定位）"


@dataclass(frozen=True, slots=True)
class Words:
    """A message's title (at most 60 characters) and body."""

    title: str
    body: str


def rank(level: str) -> int:
    """0 for I … 3 for IV; whatever else is the mildest."""
    return GRAVEST.index(level) if level in GRAVEST else len(GRAVEST)


def gravest(facts: Iterable[Facts]) -> str:
    """The gravest level among them; ``""`` where there is none."""
    return min((one.level for one in facts), key=rank, default="")


def load(connection: Connection, alert_ids: Collection[int]) -> dict[int, Facts]:
    """The alerts of these ids; one that is gone is left out."""
    wanted = sorted(set(alert_ids))
    found: dict[int, Facts] = {}
    alert, story = t.alert.c, t.story.c
    columns = (
        *(alert.id, alert.number, alert.level, alert.score, alert.state, alert.opened_at, alert.raised_at),
        *(alert.sign_due_at, alert.public_due_at, alert.signed_by, alert.demo, alert.story_id),
        *(story.title, story.region, story.employer, story.workers, story.amount_fen, story.matched),
        *(story.first_outlet, story.first_published_at),
    )
    for start in range(0, len(wanted), _AT_ONCE):
        query = select(*columns).join(t.story, story.id == alert.story_id)
        for row in connection.execute(query.where(alert.id.in_(wanted[start : start + _AT_ONCE]))):
            found[row.id] = _facts(dict(row._mapping))  # noqa: SLF001 - SQLAlchemy's public name for it
    return found


def _facts(values: dict[str, Any]) -> Facts:
    return Facts(**values | {"matched": tuple(str(word) for word in values["matched"] or ())})


def level_name(level: str) -> str:
    """``I级（红）``."""
    return f"{level}级（{_COLOURS[level]}）" if level in _COLOURS else level


def money(fen: int | None) -> str:
    """``126 万元``, ``3500 元``, ``金额不详``."""
    if fen is None:
        return "金额不详"
    yuan = fen / 100
    return f"{yuan / 10_000:,.2f}".rstrip("0").rstrip(".") + " 万元" if yuan >= 10_000 else f"{yuan:.0f} 元"


def cut(words: str, limit: int) -> str:
    """``words`` on one line in at most ``limit`` characters."""
    line = " ".join(words.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def single(facts: Facts, kind: str, *, site_url: str, now: datetime) -> Words:
    """The message about one alert. ``kind`` is that of its notice: opened, raised, reopened or repeat."""
    heads = {"raised": "警情升级", "reopened": "警情重启", "repeat": "仍未签收"}
    title = cut(f"【{level_name(facts.level)}】{heads.get(kind, '新警情')}：{facts.title}", MAX_TITLE)
    return Words(title, _body(facts, site_url=site_url, now=now))


def several(found: Sequence[Facts], *, site_url: str, now: datetime) -> Words:
    """One message about a few alerts that came together."""
    shown = sorted(found, key=_order)
    title = cut(f"【{level_name(gravest(found))}】{len(found)} 起警情：{shown[0].title}", MAX_TITLE)
    lines = [_line(one, now) for one in shown[:_NAMED]]
    more = f"……另有 {len(shown) - _NAMED} 起" if len(shown) > _NAMED else ""
    return Words(title, _join([*lines, more, _link(site_url, "")]))


def digest(found: Sequence[Facts], *, site_url: str, now: datetime) -> Words:
    """One message about many: counts by level and by prefecture, and the ten gravest."""
    levels, places = Counter(one.level for one in found), Counter(_prefecture(one.region) for one in found)
    counted = "，".join(f"{level_name(level)} {levels[level]} 起" for level in GRAVEST if levels[level])
    title = cut(f"【警情汇总】共 {len(found)} 起：{counted}", MAX_TITLE)
    by_place = "，".join(f"{name} {count}" for name, count in places.most_common())
    shown = sorted(found, key=_order)[:_NAMED]
    lines = [_line(one, now) for one in shown]
    head = "其中最严重的：" if len(found) > len(shown) else "逐起如下："
    return Words(title, _join([f"按级别：{counted}", f"按州市：{by_place}", head, *lines, _link(site_url, "")]))


def pressing(found: Sequence[Facts], step: int, duty: str, *, site_url: str, now: datetime) -> Words:
    """The message to the next people on the list. ``step`` 0: the time to sign has passed (III, IV)."""
    first = min(found, key=_order)
    what = f"第 {step} 次催办" if step else "签收超时"
    many = f"{len(found)} 起警情" if len(found) > 1 else first.title
    title = cut(f"【{level_name(first.level)}】{what}，至今无人签收：{many}", MAX_TITLE)
    if len(found) == 1:
        return Words(title, _join([duty, _body(first, site_url=site_url, now=now)]))
    lines = [_line(one, now) for one in sorted(found, key=_order)[:_NAMED]]
    more = f"……另有 {len(found) - _NAMED} 起" if len(found) > _NAMED else ""
    return Words(title, _join([duty, *lines, more, _link(site_url, "")]))


def undelivered(channel: str, count: int, last_error: str, *, site_url: str) -> Words:
    """Told by another channel: this one does not deliver."""
    title = cut(f"【通知故障】渠道“{channel}”有 {count} 条消息未能送达", MAX_TITLE)
    said = f"最后一次出错：{cut(last_error, 120)}" if last_error else ""
    link = f"{site_url.rstrip('/')}/notify" if site_url else ""
    return Words(title, _join([said, "请到“通知渠道”核对该渠道的设置，恢复后可重发未送达的消息。", link]))


def _body(facts: Facts, *, site_url: str, now: datetime) -> str:
    people = f"{facts.workers} 人" if facts.workers is not None else "人数不详"
    signed = f"状态：{facts.state}" + (f"（{facts.signed_by} 签收）" if facts.signed_by else "")
    sign = "" if facts.signed_by else f"签收期限：{_moment(facts.sign_due_at, now)}"
    return _join(
        [
            f"编号：{facts.number}，{level_name(facts.level)}，{facts.score} 分",
            f"地点：{facts.place}",
            f"标题：{cut(facts.title, 200)}",
            f"涉及：{people}，{money(facts.amount_fen)}" + (f"，{facts.employer}" if facts.employer else ""),
            f"命中：{'、'.join(facts.matched[:8])}" if facts.matched else "",
            f"首发：{facts.first_outlet}，{_moment(facts.first_published_at, now)}",
            signed,
            sign,
            f"公开回应期限：{_moment(facts.public_due_at, now)}",
            _link(site_url, facts.number),
        ]
    )


def _line(facts: Facts, now: datetime) -> str:
    due = "已签收" if facts.signed_by else f"{_moment(facts.sign_due_at, now)}前签收"
    return f"· {facts.number} {level_name(facts.level)} {facts.place} {cut(facts.title, 40)}（{due}）"


def _prefecture(region: str) -> str:
    code = divisions.prefecture_of(region)
    return divisions.short_name(code) if code else "未定位"


def _order(facts: Facts) -> tuple[int, int, int]:
    return facts.rank, -facts.score, facts.id


def _moment(moment: datetime, now: datetime) -> str:
    same = local(moment).year == local(now).year
    return f"{local(moment):%m-%d %H:%M}" if same else f"{local(moment):%Y-%m-%d %H:%M}"


def _link(site_url: str, number: str) -> str:
    if not site_url:
        return ""
    return f"{site_url.rstrip('/')}/alerts" + (f"?alert={number}" if number else "")


def _join(lines: Iterable[str]) -> str:
    return "\n".join(line for line in lines if line)
