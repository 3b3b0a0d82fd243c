"""Where did it happen? The place resolver: from a title and a text to one division code, with the words that say so.

One pass of an automaton finds every surface (longest from the left), then each is read in its context, and the readings vote from
province down to county. A level at which two places are equally supported stays open: 云南(未定位) rather than a guess.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import ahocorasick_rs

from monitors.regions import contexts, divisions
from monitors.regions.names import Form, Reading, readings
from monitors.regions.voting import Vote, decide

PlaceScope = Literal["本省", "外省", "未定位"]
Field = Literal["title", "text"]

# How much more a place in the title says than one in the body, and one in the lead than one far down.
_TITLE = 3.0
_LEAD = ((60, 1.6), (160, 1.25))
# A full address (云南昭通镇雄县) is named on purpose; a lone name may stand in passing.
_ADDRESS = 1.3
_SITE = 1.4
_NEAR_WAGES = 1.3
_NEAR = 40
_LISTED = 4
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
    why: str = ""
    doubtful: bool = False


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
        self._prefectures = frozenset(d.code for d in divisions.everywhere() if d.level == "prefecture")
        self._plain = {ord(row["traditional"]): row["simplified"] for row in divisions.rows("traditional.csv")}
        self._traditional = re.compile("[" + "".join(map(chr, self._plain)) + "]")

    def resolve(self, title: str, text: str, *, source_region: str = "") -> Place:
        """The place of one report. ``source_region`` is the home of the outlet: it settles ties and bare names, it is never the answer
        unless the text speaks of "我县", "全市" and names no place."""
        mentions: list[_Mention] = []
        rejected: list[PlaceHit] = []
        plain = {"title": self._simplified(title), "text": self._simplified(text)}
        self._find("title", plain["title"], title, mentions, rejected)
        self._find("text", plain["text"], text, mentions, rejected)
        home = divisions.current_code(source_region)
        if mentions:
            self._read(mentions, plain, home)
        settled = [m for m in mentions if m.chosen]
        if not settled:
            return _local(plain, home, rejected)
        code = decide(_votes(settled, plain), self._prefectures)
        for mention in mentions:
            if mention.chosen is None:
                if any(r.code.startswith("53") for r in mention.readings):
                    rejected.append(_hit(mention, "", mention.why or "同名或常用词，报道未提到所在州市"))
            elif not _kin(mention.chosen.code, code):
                rejected.append(_hit(mention, mention.chosen.code, mention.why))
        supporting = tuple(_hit(m, m.chosen.code, m.why) for m in settled if m.chosen and (_kin(m.chosen.code, code)))
        return Place(code, _label(code), _scope(code), supporting, tuple(rejected))

    def _simplified(self, text: str) -> str:
        """Traditional characters of place names made simplified, one for one, so that offsets stay."""
        return text.translate(self._plain) if self._traditional.search(text) else text

    def _find(
        self, where: Field, plain: str, original: str, mentions: list[_Mention], rejected: list[PlaceHit]
    ) -> None:
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
                doubtful = not joined and contexts.inside_name(plain, start)
            else:
                doubtful = False
            last_end = end
            mentions.append(_Mention(where, start, end, original[start:end], found, joined, doubtful=doubtful))

    def _read(self, mentions: list[_Mention], plain: dict[str, str], home: str) -> None:
        """Choose one reading for each mention, or none."""
        context = _Context()
        doubtful: list[_Mention] = []
        for mention in mentions:
            certain = _only(mention.readings)
            if certain and certain.trust == "firm":
                if mention.doubtful or (
                    certain.unless and any(word in text for word in certain.unless for text in plain.values())
                ):
                    doubtful.append(mention)
                else:
                    context.add(certain.code)
        if doubtful and divisions.YUNNAN not in context.codes:
            for mention in doubtful:
                mention.readings, mention.why = mention.readings[:0], "同形词，报道另有所指"
            mentions[:] = [m for m in mentions if m.readings]
        if not context.codes:
            _mutual_support(mentions, context)
        foreign = any(c.endswith("0000") and c != divisions.YUNNAN for c in context.codes)
        if home and (divisions.YUNNAN in context.codes or not foreign):
            context.add(home)
        settled: _Mention | None = None
        last: _Mention | None = None
        for mention in mentions:
            text = plain[mention.field]
            if not (mention.joined and last and _named_after(mention, last, text)):
                mention.chosen = _beside(mention, settled, text) or _in_context(mention, context, text)
            if mention.chosen:
                context.add(mention.chosen.code)
                mention.why = mention.chosen.why
                settled = mention
            last = mention


def _only(found: Sequence[Reading]) -> Reading | None:
    """The one reading, or the widest where each lies in the next (大理 is the prefecture before it is the city).

    A province or a firm name is not made doubtful by a namesake that needs its own context (河南 is not the county in 青海).
    """
    if not found:
        return None
    widest = min(found, key=lambda r: (_depth(r.code), r.trust != "firm", r.code))
    if all(divisions.holds(widest.code, r.code) for r in found):
        return widest
    certain = [r for r in found if r.trust == "firm"]
    if not certain or len(certain) == len(found):
        return widest if _depth(widest.code) == 0 else None
    return _only(certain)


def _depth(code: str) -> int:
    return 0 if code.endswith("0000") else 1 if code.endswith("00") else 2


def _beside(mention: _Mention, previous: _Mention | None, text: str) -> Reading | None:
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
        holder = divisions.prefecture_of(above) if _depth(above) == 2 else divisions.province_of(above)
        beside = [r for r in mention.readings if r.code != above and divisions.holds(holder, r.code)]
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


def _named_after(mention: _Mention, last: _Mention, text: str) -> bool:
    """温岭保山公园: a bare name right behind a county of another province is a name of that county's, not a place of its own."""
    if any(_depth(r.code) < 2 for r in last.readings) or not (last.chosen or contexts.stands_alone(text, last.start)):
        return False
    provinces = {divisions.province_of(r.code) for r in last.readings}
    return all(
        r.form == "bare" and _depth(r.code) and divisions.province_of(r.code) not in provinces for r in mention.readings
    )


def _mutual_support(mentions: Sequence[_Mention], context: _Context) -> None:
    """Names that are doubtful alone vouch for each other: 红河个旧 goes down, 泸水 and 兰坪 share a prefecture of Yunnan."""
    for last, mention in pairwise(mentions):
        if mention.joined:
            for above in last.readings:
                for reading in mention.readings:
                    if reading.code != above.code and divisions.holds(above.code, reading.code):
                        context.add(above.code)
    names: dict[str, set[str]] = defaultdict(set)
    for mention in mentions:
        for reading in mention.readings:
            if reading.code.startswith("53") and reading.trust == "weak":
                names[divisions.prefecture_of(reading.code)].add(mention.text)
    for prefecture, found in names.items():
        if prefecture and len(found) > 1:
            context.add(prefecture)


def _votes(mentions: Sequence[_Mention], plain: dict[str, str]) -> list[Vote]:
    """Vote of each mention: where it stands, how it is written, what the words around make of it."""
    seen: dict[tuple[str, str], int] = defaultdict(int)
    votes: list[Vote] = []
    chains = _chains(mentions)
    listed = _enumerated(chains, plain)
    address = False
    for number, chain in enumerate(chains):
        where, start, end = chain[0].field, chain[0].start, chain[-1].end
        text = plain[where]
        factor, standing, reason = contexts.demotion(text, start, end)
        if number in listed:
            factor, standing, reason = 0.1, "listed", "各地并列，不指一处"
        site = not reason and contexts.site(text, start, end)
        # 昭通市镇雄县、彝良县: what stands in a row with a full address is as fully addressed.
        address = len(chain) > 1 or (address and _in_row(chains[number - 1][-1], chain[0], plain))
        boost = factor * (_SITE if site else 1.0) * (_ADDRESS if address else 1.0)
        if contexts.WAGE_WORDS.search(text, max(0, start - _NEAR), end + _NEAR):
            boost *= _NEAR_WAGES
        boost *= _TITLE if where == "title" else next((gain for limit, gain in _LEAD if start < limit), 1.0)
        for mention in chain:
            assert mention.chosen
            code = mention.chosen.code
            if not reason:
                seen[where, code] += 1
            # The tenth naming of a place says less than the first: 1, 1/2, 1/3 …
            weight = _FORM_WEIGHT[mention.chosen.form] * boost / max(1, seen[where, code])
            votes.append(Vote(code, weight, standing, mention is chain[-1], site))
            if reason:
                mention.why = f"{mention.why}（{reason}）"
    return votes


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
            and divisions.holds(last.chosen.code, mention.chosen.code)
        ):
            chains[-1].append(mention)
        else:
            chains.append([mention])
    return chains


def _enumerated(chains: Sequence[Sequence[_Mention]], plain: dict[str, str]) -> set[int]:
    """Numbers of the chains that stand in one row with places of three other provinces or more."""
    listed: set[int] = set()
    row: list[int] = []
    for number, chain in enumerate(chains):
        if row and not _in_row(chains[number - 1][-1], chain[0], plain):
            row = []
        row.append(number)
        if len({c.chosen.code[:2] for n in row for c in chains[n][:1] if c.chosen}) >= _LISTED:
            listed.update(row)
    return listed


def _in_row(last: _Mention, mention: _Mention, plain: dict[str, str]) -> bool:
    """Whether only 、 or 和 stands between two mentions."""
    return last.field == mention.field and plain[last.field][last.end : mention.start] in _GAPS_LIST


def _local(plain: dict[str, str], home: str, rejected: list[PlaceHit]) -> Place:
    """A local outlet that speaks of "我县" and names nothing means its own county."""
    if home.startswith("53"):
        levels = (
            (_LOCAL_COUNTY, home if _depth(home) == 2 else ""),
            (_LOCAL_PREFECTURE, divisions.prefecture_of(home)),
            (_LOCAL_PROVINCE, divisions.YUNNAN),
        )
        for words, code in levels:
            for where in ("title", "text"):
                for word in words:
                    at = plain[where].find(word)
                    if code and at >= 0:
                        hit = PlaceHit(
                            at, at + len(word), word, code, "本地媒体自称", "title" if where == "title" else "text"
                        )
                        return Place(code, _label(code), "本省", (hit,), tuple(rejected))
    return Place("", "", "未定位", (), tuple(rejected)) if rejected else NOWHERE


def _kin(code: str, other: str) -> bool:
    """Whether one lies in the other."""
    return bool(other) and (divisions.holds(other, code) or divisions.holds(code, other))


def _hit(mention: _Mention, code: str, why: str) -> PlaceHit:
    return PlaceHit(mention.start, mention.end, mention.text, code, why, mention.field)


def _label(code: str) -> str:
    return "云南(未定位)" if code == divisions.YUNNAN else divisions.full_name(code)


def _scope(code: str) -> PlaceScope:
    if not code:
        return "未定位"
    return "本省" if code.startswith("53") else "外省"
