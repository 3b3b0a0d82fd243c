"""Where did it happen? The place resolver: from a title and a text to one division code, with the words that say so.

One pass of an automaton finds every surface (longest from the left), then each is read in its context, and the readings vote from
province down to county. A level at which two places are equally supported stays open: 云南(未定位) rather than a guess.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import ahocorasick_rs

from monitors.regions import contexts, divisions
from monitors.regions.names import Form, Reading, Trust, readings

PlaceScope = Literal["本省", "外省", "未定位"]
Field = Literal["title", "text"]

# How much more a place in the title says than one in the body, and one in the lead than one far down.
_TITLE = 3.0
_LEAD = ((60, 1.6), (160, 1.25))
# A level is settled when the first is this much stronger than the second; below that they are "equally supported".
_CLEAR = 1.25
# A Yunnan reading is kept at province level unless another province is this much stronger: a miss costs more than a look.
_HOME_BIAS = 1.2
_FORM_WEIGHT: dict[Form, float] = {"full": 1.0, "bare": 0.9, "alias": 0.8, "town": 0.8, "cue": 0.5, "lookalike": 0.0}
_GAPS_DOWN = frozenset(("", " ", "·", "的", "—", "-", "（", "(", ":", "：", ",", "，", "省", "市", "州", "县"))
_GAPS_LIST = frozenset(("、", "和", "与", "及", "至", "到", "/", " ", "，", ",", "-", "—", "以及", "同"))
_LOCAL_COUNTY = ("我县", "本县", "全县", "我区", "全区", "县人社局", "区人社局")
_LOCAL_PREFECTURE = ("我市", "本市", "全市", "我州", "全州", "本州", "市人社局", "州人社局")
_LOCAL_PROVINCE = ("我省", "全省", "省人社厅")


@dataclass(frozen=True, slots=True)
class PlaceHit:
    """One mention: ``document[field][start:end] == text``. ``why`` is Chinese and fit for a screen."""

    start: int
    end: int
    text: str
    code: str
    why: str
    field: Field = "text"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a report is about.

    ``code``: county 530102, prefecture 530100, 530000 for 云南(未定位), another province's own codes, ``""`` for no place at all.
    ``hits`` speak for the code; ``rejected`` were read and set aside, each with its reason.
    """

    code: str
    name: str
    scope: PlaceScope
    hits: tuple[PlaceHit, ...] = ()
    rejected: tuple[PlaceHit, ...] = ()


NOWHERE = Place("", "", "未定位")


@dataclass(slots=True)
class _Mention:
    field: Field
    start: int
    end: int
    text: str
    readings: tuple[Reading, ...]
    joined: bool
    chosen: Reading | None = None
    weight: float = 0.0
    demoted: bool = False
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


class PlaceResolver:
    """Holds the automaton; build once, share between threads (it is never written to after the start)."""

    def __init__(self) -> None:
        table = readings()
        self._readings = list(table.values())
        self._automaton = ahocorasick_rs.AhoCorasick(list(table), matchkind=ahocorasick_rs.MatchKind.LeftmostLongest)
        self._plain = {ord(row["traditional"]): row["simplified"] for row in divisions.rows("traditional.csv")}

    def resolve(self, title: str, text: str, *, source_region: str = "") -> Place:
        """The place of one report. ``source_region`` is the home of the outlet: it settles ties and bare names, it is never the answer
        unless the text speaks of "我县", "全市" and names no place."""
        mentions: list[_Mention] = []
        rejected: list[PlaceHit] = []
        plain = {"title": title.translate(self._plain) if title else "", "text": text.translate(self._plain) if text else ""}
        self._find("title", plain["title"], title, mentions, rejected)
        self._find("text", plain["text"], text, mentions, rejected)
        home = divisions.current_code(source_region)
        if mentions:
            self._read(mentions, plain, home)
        settled = [m for m in mentions if m.chosen]
        if not settled:
            return _local(plain, home, rejected)
        _weigh(settled, plain)
        code = _decide(settled)
        for mention in mentions:
            if mention.chosen is None:
                rejected.append(_hit(mention, "", "同名或常用词，报道未提到所在州市"))
            elif not divisions.within(mention.chosen.code, code) and not divisions.within(code, mention.chosen.code):
                rejected.append(_hit(mention, mention.chosen.code, mention.why))
        supporting = tuple(
            _hit(m, m.chosen.code, m.why)
            for m in settled
            if m.chosen and (divisions.within(m.chosen.code, code) or divisions.within(code, m.chosen.code))
        )
        return Place(code, _label(code), _scope(code), supporting, tuple(rejected))

    def _find(self, where: Field, plain: str, original: str, mentions: list[_Mention], rejected: list[PlaceHit]) -> None:
        """Every surface in one field that is not refused by the characters around it."""
        last_end = -1
        for index, start, end in self._automaton.find_matches_as_indexes(plain):
            found = self._readings[index]
            joined = start == last_end
            if not found:
                last_end = end
                continue
            surface = plain[start:end]
            if found[0].form == "lookalike":
                rejected.append(PlaceHit(start, end, original[start:end], "", f"形似词：{found[0].why}", where))
                continue
            if all(r.form == "bare" for r in found):
                firm = any(r.trust == "firm" for r in found)
                reason = contexts.refusal(plain, start, end, surface=surface, firm=firm, joined=joined)
                if reason:
                    if any(r.code.startswith("53") for r in found):
                        rejected.append(PlaceHit(start, end, original[start:end], "", reason, where))
                    continue
            last_end = end
            mentions.append(_Mention(where, start, end, original[start:end], found, joined))

    def _read(self, mentions: list[_Mention], plain: dict[str, str], home: str) -> None:
        """Choose one reading for each mention, or none."""
        context = _Context()
        for mention in mentions:
            certain = _only([r for r in mention.readings if r.trust == "firm"])
            if certain and len(mention.readings) == len([r for r in mention.readings if _nested(r, certain)]):
                context.add(certain.code)
        if not context.codes:
            _mutual_support(mentions, context)
        foreign = any(len(c) == 6 and c.endswith("0000") and c != divisions.YUNNAN for c in context.codes)
        if home and (divisions.YUNNAN in context.codes or not foreign):
            context.add(home)
        previous: _Mention | None = None
        for mention in mentions:
            text = plain[mention.field]
            mention.chosen = _beside(mention, previous, text) or _in_context(mention, context, text)
            if mention.chosen:
                context.add(mention.chosen.code)
                mention.why = mention.chosen.why
                previous = mention


def _only(found: Sequence[Reading]) -> Reading | None:
    """The one reading, or the widest where each lies in the next (大理 is the prefecture before it is the city)."""
    if not found:
        return None
    widest = min(found, key=lambda r: (_depth(r.code), r.code))
    return widest if all(_nested(r, widest) for r in found) else None


def _nested(inner: Reading, outer: Reading) -> bool:
    return divisions.within(inner.code, outer.code)


def _depth(code: str) -> int:
    return 0 if code.endswith("0000") else 1 if code.endswith("00") else 2


def _beside(mention: _Mention, previous: _Mention | None, text: str) -> Reading | None:
    """Read by the place just before: 昭通 + 大关 goes down, 大关、永善 goes on."""
    if previous is None or previous.chosen is None or previous.field != mention.field or mention.start - previous.end > 2:
        return None
    gap, above = text[previous.end : mention.start], previous.chosen.code
    if gap in _GAPS_DOWN:
        below = [r for r in mention.readings if r.code != above and divisions.within(r.code, above)]
        if below:
            return _only(below)
    if gap in _GAPS_LIST:
        holder = divisions.prefecture_of(above) if _depth(above) == 2 else divisions.province_of(above)
        beside = [r for r in mention.readings if r.code != above and divisions.within(r.code, holder)]
        return _only(beside)
    return None


def _in_context(mention: _Mention, context: _Context, text: str) -> Reading | None:
    certain = _only(mention.readings)
    if certain and certain.trust == "firm":
        return certain
    best = max(context.closeness(r.code) for r in mention.readings)
    if best == 0:
        return None
    close = [r for r in mention.readings if context.closeness(r.code) == best]
    chosen = _only(close)
    if chosen and chosen.trust == "strict" and not (mention.joined or contexts.stands_alone(text, mention.start)):
        return None
    return chosen


def _mutual_support(mentions: Iterable[_Mention], context: _Context) -> None:
    """Two different names of one prefecture of Yunnan vouch for each other where nothing else does."""
    names: dict[str, set[str]] = defaultdict(set)
    for mention in mentions:
        for reading in mention.readings:
            if reading.code.startswith("53") and reading.trust == "weak":
                names[divisions.prefecture_of(reading.code)].add(mention.text)
    for prefecture, found in names.items():
        if prefecture and len(found) > 1:
            context.add(prefecture)


def _weigh(mentions: Sequence[_Mention], plain: dict[str, str]) -> None:
    """Weight of each mention: where it stands, how it is written, what the words around make of it."""
    wage = {where: [m.start() for m in contexts.WAGE_WORDS.finditer(text)] for where, text in plain.items()}
    seen: dict[tuple[str, str], int] = defaultdict(int)
    for chain in _chains(mentions):
        where, start, end = chain[0].field, chain[0].start, chain[-1].end
        text = plain[where]
        factor, reason = contexts.demotion(text, start, end)
        boost = 1.4 if factor == 1.0 and contexts.site(text, start, end) else 1.0
        if any(start - 40 < position < end + 40 for position in wage[where]):
            boost *= 1.3
        for mention in chain:
            assert mention.chosen
            if where == "title":
                place = _TITLE
            else:
                place = next((gain for limit, gain in _LEAD if mention.start < limit), 1.0)
            key = (where, mention.chosen.code)
            seen[key] += factor == 1.0
            # The tenth naming of a place says less than the first: 1, 1/2, 1/3 …
            mention.weight = _FORM_WEIGHT[mention.chosen.form] * place * factor * boost / max(1, seen[key])
            mention.demoted = factor < 1.0
            if reason:
                mention.why = f"{mention.why}（{reason}）"


def _chains(mentions: Sequence[_Mention]) -> list[list[_Mention]]:
    """Mentions that follow each other without a gap and go down: 云南|昭通|镇雄县 is one address."""
    chains: list[list[_Mention]] = []
    for mention in mentions:
        last = chains[-1][-1] if chains else None
        if (
            last
            and last.field == mention.field
            and mention.start - last.end <= 1
            and last.chosen
            and mention.chosen
            and divisions.within(mention.chosen.code, last.chosen.code)
        ):
            chains[-1].append(mention)
        else:
            chains.append([mention])
    return chains


def _decide(mentions: Sequence[_Mention]) -> str:
    """Vote from the province down; a level without a clear winner ends the descent."""
    strong = [m for m in mentions if not m.demoted] or list(mentions)
    provinces = _votes(mentions, lambda c: divisions.province_of(c))
    other = max((weight for code, weight in provinces.items() if code != divisions.YUNNAN), default=0.0)
    if provinces.get(divisions.YUNNAN, 0.0) * _HOME_BIAS >= other:
        province = divisions.YUNNAN
    else:
        province = max(provinces, key=lambda c: (provinces[c], c))
    inside = [m for m in strong if m.chosen and divisions.within(m.chosen.code, province)]
    prefecture = _winner(_votes(inside, lambda c: divisions.prefecture_of(c) or (c if _depth(c) == 2 else "")))
    if not prefecture or _depth(prefecture) == 2:
        return prefecture or province
    inside = [m for m in inside if m.chosen and divisions.within(m.chosen.code, prefecture)]
    return _winner(_votes(inside, lambda c: c if _depth(c) == 2 else "")) or prefecture


def _votes(mentions: Iterable[_Mention], level: "callable") -> dict[str, float]:  # type: ignore[valid-type]
    totals: dict[str, float] = defaultdict(float)
    for mention in mentions:
        assert mention.chosen
        code = level(mention.chosen.code)  # type: ignore[misc]
        if code:
            totals[code] += mention.weight
    return totals


def _winner(totals: dict[str, float]) -> str:
    ranked = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    if not ranked or (len(ranked) > 1 and ranked[0][1] < _CLEAR * ranked[1][1]):
        return ""
    return ranked[0][0]


def _local(plain: dict[str, str], home: str, rejected: list[PlaceHit]) -> Place:
    """A local outlet that speaks of "我县" and names nothing means its own county."""
    if home.startswith("53"):
        levels = ((_LOCAL_COUNTY, home if _depth(home) == 2 else ""), (_LOCAL_PREFECTURE, divisions.prefecture_of(home)), (_LOCAL_PROVINCE, divisions.YUNNAN))
        for words, code in levels:
            for where in ("title", "text"):
                for word in words:
                    at = plain[where].find(word)
                    if code and at >= 0:
                        hit = PlaceHit(at, at + len(word), word, code, "本地媒体自称", "title" if where == "title" else "text")
                        return Place(code, _label(code), "本省", (hit,), tuple(rejected))
    return Place("", "", "未定位", (), tuple(rejected)) if rejected else NOWHERE


def _hit(mention: _Mention, code: str, why: str) -> PlaceHit:
    return PlaceHit(mention.start, mention.end, mention.text, code, why, mention.field)


def _label(code: str) -> str:
    return "云南(未定位)" if code == divisions.YUNNAN else divisions.full_name(code)


def _scope(code: str) -> PlaceScope:
    if not code:
        return "未定位"
    return "本省" if code.startswith("53") else "外省"
