"""From names found to places meant: each mention is read by its neighbour, then by what the whole report speaks of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from monitors.regions import contexts, divisions
from monitors.regions.names import Reading

Field = Literal["title", "text"]

_GAPS_DOWN = frozenset(("", " ", "·", "的", "—", "-", "（", "(", ":", "：", ",", "，", "省", "市", "州", "县"))
_GAPS_LIST = frozenset(("、", "和", "与", "及", "至", "到", "/", " ", "，", ",", "-", "—", "以及", "同"))


@dataclass(slots=True)
class Mention:
    """A surface at ``start:end`` of one field and what it can mean; ``chosen`` is filled by ``choose``.

    ``joined``: another name ends right where this begins. ``doubtful``: perhaps the end of a name (赖清|德钦).
    """

    field: Field
    start: int
    end: int
    text: str
    readings: tuple[Reading, ...]
    joined: bool
    doubtful: bool = False
    chosen: Reading | None = None
    why: str = ""


@dataclass(slots=True)
class _Context:
    """Divisions the report certainly speaks of, with everything that holds them."""

    codes: set[str] = field(default_factory=set)

    def add(self, code: str) -> None:
        self.codes.update(divisions.lineage(code))

    def closeness(self, code: str) -> int:
        """3 when the division itself is spoken of, 2 its prefecture, 1 its province, 0 neither."""
        if code in self.codes:
            return 3
        if divisions.prefecture_of(code) in self.codes:
            return 2
        return 1 if divisions.province_of(code) in self.codes else 0


def choose(
    mentions: Sequence[Mention], plain: Mapping[Field, str], home: str, lookalikes: Collection[str] = ()
) -> None:
    """Give each mention its reading, or none.

    ``home``: where the outlet sits; it settles bare names. ``lookalikes``: words of the report that hold a name and
    are not the place; a report of 普洱茶 means the tea when it says 普洱.
    """
    context = _Context()
    doubtful = _certain(mentions, plain, lookalikes, context)
    _vouch_down(mentions, context)
    if not context.codes:
        _vouch_across(mentions, context)
    foreign = any(c.endswith("0000") and c != divisions.YUNNAN for c in context.codes)
    if home and (divisions.YUNNAN in context.codes or not foreign):
        context.add(home)
    settled: Mention | None = None
    last: Mention | None = None
    for mention in mentions:
        if id(mention) in doubtful and divisions.YUNNAN not in context.codes:
            mention.why = "同形词，报道另有所指"
            continue
        text = plain[mention.field]
        if not (mention.joined and last and _named_after(mention, last, text)):
            mention.chosen = _beside(mention, settled, text) or _in_context(mention, context, text)
        if mention.chosen:
            context.add(mention.chosen.code)
            mention.why = mention.chosen.why
            settled = mention
        last = mention


def depth(code: str) -> int:
    """0 province, 1 prefecture, 2 county."""
    return 0 if code.endswith("0000") else 1 if code.endswith("00") else 2


def in_row(last: Mention, mention: Mention, plain: Mapping[Field, str]) -> bool:
    """Whether only 、 or 和 stands between two mentions."""
    return last.field == mention.field and plain[last.field][last.end : mention.start] in _GAPS_LIST


def _certain(
    mentions: Sequence[Mention], plain: Mapping[Field, str], lookalikes: Collection[str], context: _Context
) -> set[int]:
    """Let the names that need no help make the context; return the ids of those the report makes doubtful."""
    doubtful: set[int] = set()
    for mention in mentions:
        certain = _only(mention.readings)
        if certain and certain.trust == "firm":
            elsewise = certain.unless and any(word in text for word in certain.unless for text in plain.values())
            shadowed = certain.form == "bare" and any(mention.text in word for word in lookalikes)
            if mention.doubtful or elsewise or shadowed:
                doubtful.add(id(mention))
            else:
                context.add(certain.code)
    return doubtful


def _only(found: Sequence[Reading]) -> Reading | None:
    """The one reading, or the widest where each lies in the next (大理 is a prefecture before it is a city).

    A province or a firm name is not made doubtful by a namesake that needs its own context (河南, a county in 青海).
    """
    if len(found) < 2:
        return found[0] if found else None
    widest = min(found, key=lambda r: (depth(r.code), r.trust != "firm", r.code))
    if all(divisions.holds(widest.code, r.code) for r in found):
        return widest
    certain = [r for r in found if r.trust == "firm"]
    if not certain or len(certain) == len(found):
        return widest if depth(widest.code) == 0 else None
    return _only(certain)


def _beside(mention: Mention, previous: Mention | None, text: str) -> Reading | None:
    """Read by the place just before: 昭通 + 大关 goes down, 大关、永善 goes on."""
    if (
        previous is None
        or previous.chosen is None
        or previous.field != mention.field
        or mention.start - previous.end > 2
    ):
        return None
    gap, above = text[previous.end : mention.start], previous.chosen.code
    if gap in _GAPS_DOWN:
        below = [r for r in mention.readings if r.code != above and divisions.holds(above, r.code)]
        if below:
            return _only(below)
    if gap in _GAPS_LIST:
        holder = divisions.prefecture_of(above) if depth(above) == 2 else divisions.province_of(above)
        beside = [r for r in mention.readings if r.code != above and divisions.holds(holder, r.code)]
        return _only(beside)
    return None


def _in_context(mention: Mention, context: _Context, text: str) -> Reading | None:
    certain = _only(mention.readings)
    if certain and certain.trust == "firm":
        return certain
    best = max(context.closeness(r.code) for r in mention.readings)
    if best == 0:
        return None
    close = [r for r in mention.readings if context.closeness(r.code) == best]
    chosen = _only(close)
    if chosen and chosen.trust == "strict":
        # Counties elsewhere are full of everyday words (合作, 和平, 公安): their province does not vouch for them.
        close_enough = best > 1 or chosen.code.startswith("53")
        if not (mention.joined or (close_enough and contexts.stands_alone(text, mention.start))):
            return None
    return chosen


def _named_after(mention: Mention, last: Mention, text: str) -> bool:
    """温岭保山公园: a bare name right behind a county of another province is the name of something there."""
    if any(depth(r.code) < 2 for r in last.readings) or not (last.chosen or contexts.stands_alone(text, last.start)):
        return False
    provinces = {divisions.province_of(r.code) for r in last.readings}
    return all(
        r.form == "bare" and depth(r.code) and divisions.province_of(r.code) not in provinces for r in mention.readings
    )


def _vouch_down(mentions: Sequence[Mention], context: _Context) -> None:
    """Two names that are doubtful alone vouch for each other where one lies in the other: 红河个旧."""
    for last, mention in pairwise(mentions):
        if mention.joined:
            for above in last.readings:
                if any(r.code != above.code and divisions.holds(above.code, r.code) for r in mention.readings):
                    context.add(above.code)


def _vouch_across(mentions: Sequence[Mention], context: _Context) -> None:
    """Two different names of one prefecture of Yunnan vouch for each other where nothing else does: 泸水 and 兰坪."""
    names: dict[str, set[str]] = defaultdict(set)
    for mention in mentions:
        for reading in mention.readings:
            if reading.code.startswith("53") and reading.trust == "weak":
                names[divisions.prefecture_of(reading.code)].add(mention.text)
    for prefecture, found in names.items():
        if prefecture and len(found) > 1:
            context.add(prefecture)
