"""One event over a whole county or prefecture holds back the milder news of its parts (抑制).

A story counts as such only where its own title says so (全县, 多个工地 …): a prefecture as a place alone often means
that nothing finer is known, and a single building site must not hide all others of its prefecture.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, or_, select

from monitors.notify import texts
from monitors.notify.notices import PENDING
from monitors.notify.texts import OVER, Facts
from monitors.regions import divisions
from monitors.store import tables as t

# What a title says of an event that is everywhere in its division.
WIDE = (
    *("全州", "全市", "全县", "全区", "县域", "州域", "市域", "多县", "各县", "多地", "多个县", "多个区", "多个乡镇"),
    *("各乡镇", "多个工地", "多处工地", "多个项目", "多处项目", "多家企业", "多家用工单位"),
)


def says_wide(title: str) -> bool:
    """Whether a title tells of an event that is everywhere in its division."""
    return any(word in title for word in WIDE)


def wide(connection: Connection) -> tuple[Facts, ...]:
    """The open alerts about a whole county or prefecture that are told, or about to be."""
    alert, story, notice = t.alert.c, t.story.c, t.notice.c
    heard = select(notice.id).where(notice.alert_id == alert.id, notice.state.in_(("已编发", PENDING))).exists()
    query = (
        select(alert.id)
        .join(t.story, story.id == alert.story_id)
        .where(
            alert.state.not_in(OVER), alert.demo.is_(False), heard, story.region.not_in(("", divisions.YUNNAN)),
            or_(*(story.title.contains(word, autoescape=True) for word in WIDE)),
        )
    )  # fmt: skip
    return tuple(texts.load(connection, list(connection.scalars(query))).values())


def inhibitor(facts: Facts, large: Iterable[Facts]) -> Facts | None:
    """The event this one is a part of, at least as grave; None where it stands for itself."""
    found = [one for one in large if _part(facts, one) and one.rank <= facts.rank]
    return min(found, key=lambda one: (one.rank, one.id), default=None)


def _part(facts: Facts, large: Facts) -> bool:
    if facts.id == large.id or not divisions.within(facts.region, large.region):
        return False
    # Two wide events of one division are two events, not parts of each other.
    here = divisions.current_code(facts.region) == divisions.current_code(large.region)
    return not (here and says_wide(facts.title))
