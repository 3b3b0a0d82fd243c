"""From names found to places meant: each mention is read by its neighbour, then by what the whole report speaks of."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Literal

from monitors.regions import contexts, divisions, evidence
from monitors.regions.names import Reading

Field = Literal["title", "text"]

_GAPS_DOWN = frozenset(("", " ", "·", "的", "—", "-", "（", "(", ":", "：", ",", "，", "省", "市", "州", "县"))
_COUNTED_PAIR = re.compile(r"[两二三四](?:地|县|市|区|州)")
_PREFECTURE, _COUNTY = 2, 2  # closeness to a prefecture spoken of; depth of a county
_GAPS_LIST = frozenset(("、", "和", "与", "及", "至", "到", "/", " ", "，", ",", "-", "—", "以及", "同"))


@dataclass(slots=True)
class Mention:
    """A surface at ``start:end`` of one field and what it can mean; ``chosen`` is filled by ``choose``.

    ``joined``: another name ends right where this begins. ``doubtful``: perhaps the end of a name (赖清|德钦).
    ``namesake``: perhaps only what a thing is called after (元谋水库).
    ``paired``: a neighbour's name follows (大姚姚安).
    """

    field: Field
    start: int
    end: int
    text: str
    readings: tuple[Reading, ...]
    joined: bool
    doubtful: bool = False
    namesake: bool = False
    paired: bool = False
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
    _vouch_down(mentions, plain, context)
    _vouch_itself(mentions, plain, context)
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
        if not (last and mention.joined and (_named_after(mention, last, text) or _part_of(mention, last, text))):
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
    if best == 0 or (mention.namesake and best < _PREFECTURE):
        return None
    close = [r for r in mention.readings if context.closeness(r.code) == best]
    chosen = _only(close)
    if chosen and chosen.trust == "strict":
        # Counties elsewhere are full of everyday words (合作, 和平, 公安): their province does not vouch for them.
        close_enough = best > 1 or chosen.code.startswith("53")
        if not (mention.joined or mention.paired or (close_enough and contexts.stands_alone(text, mention.start))):
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


def _part_of(mention: Mention, last: Mention, text: str) -> bool:
    """巍山县|古城: an everyday name right behind a place that does not hold it is a word, not a second place.

    大姚|姚安, neighbours without a suffix, and whatever 两县 or 两地 counts stay places.
    """
    above = last.chosen
    if above is None or any(r.form != "bare" or r.trust == "firm" for r in mention.readings):
        return False
    if any(divisions.holds(above.code, r.code) for r in mention.readings) or _COUNTED_PAIR.match(text, mention.end):
        return False
    return above.form != "bare" or not _siblings(last, mention)


def _siblings(last: Mention, mention: Mention) -> bool:
    """Whether two names can be two counties of one prefecture of Yunnan."""
    return any(
        a.code != b.code
        and depth(a.code) == depth(b.code) == _COUNTY
        and a.code.startswith("53")
        and a.code[:4] == b.code[:4]
        for a in last.readings
        for b in mention.readings
    )


def _vouch_down(mentions: Sequence[Mention], plain: Mapping[Field, str], context: _Context) -> None:
    """Two names that are doubtful alone vouch for each other: neighbours, or one in the other (红河个旧)."""
    for last, mention in pairwise(mentions):
        if last.field != mention.field or plain[last.field][last.end : mention.start] not in _GAPS_DOWN:
            continue
        for above in last.readings:
            if any(r.code != above.code and divisions.holds(above.code, r.code) for r in mention.readings):
                context.add(above.code)
        if mention.joined and _siblings(last, mention):
            last.paired = True
            context.add(divisions.prefecture_of(mention.readings[0].code))


def _vouch_itself(mentions: Sequence[Mention], plain: Mapping[Field, str], context: _Context) -> None:
    """Names that are not firm and yet speak for themselves, unless the report is about another province."""
    labour = elsewhere = None
    for mention in mentions:
        reading = _only(mention.readings)
        if (
            reading is None
            or reading.trust == "firm"
            or reading.form not in {"bare", "full"}
            or not reading.code.startswith("53")
            or reading.code in context.codes
            or mention.joined
            or mention.namesake
            or any(word in text for word in reading.unless for text in plain.values())
        ):
            continue
        if labour is None:
            labour = any(evidence.LABOUR.search(text) for text in plain.values())
            elsewhere = any(map(partial(_elsewhere, plain=plain), mentions))
        text = plain[mention.field]
        # 塔城 is far away, but not behind 维西.
        near = not elsewhere or evidence.with_town(text, mention.end, reading)
        if near and evidence.speaks_for_itself(text, mention.start, mention.end, reading, labour=labour):
            context.add(reading.code)


def _elsewhere(mention: Mention, plain: Mapping[Field, str]) -> bool:
    """Whether a mention certainly puts the matter into another province (贵州籍工人 does not)."""
    certain = _only(mention.readings)
    if certain is None or certain.trust != "firm" or certain.code.startswith("53"):
        return False
    return contexts.demotion(plain[mention.field], mention.start, mention.end)[1] == "plain"


def _vouch_across(mentions: Sequence[Mention], context: _Context) -> None:
    """Two different names of one prefecture of Yunnan vouch for each other where nothing else does: 泸水 and 兰坪."""
    names: dict[str, set[str]] = defaultdict(set)
    for mention in mentions:
        for reading in mention.readings:
            if reading.code.startswith("53") and reading.trust in {"weak", "lone"}:
                names[divisions.prefecture_of(reading.code)].add(mention.text)
    for prefecture, found in names.items():
        if prefecture and len(found) > 1:
            context.add(prefecture)
