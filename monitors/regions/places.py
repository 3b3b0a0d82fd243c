"""Where did it happen? The place resolver: from a title and a text to one division code, with the words that say so.

One pass of an automaton finds every surface (longest from the left), each is read in its context, and the readings vote
from province down to county. A level at which two places are equally supported stays open:
云南(未定位) rather than a guess.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import ahocorasick_rs

from monitors.regions import contexts, divisions, evidence
from monitors.regions.mentions import Field, Mention, choose, depth, in_row
from monitors.regions.names import Form, Reading, readings
from monitors.regions.voting import Vote, decide

PlaceScope = Literal["本省", "外省", "未定位"]

# How much more a place in the title says than one in the body, and one in the lead than one far down.
_TITLE = 3.0
_LEAD = ((60, 1.6), (160, 1.25))
# A full address (云南昭通镇雄县) is named on purpose; a lone name may stand in passing.
_ADDRESS = 1.3
_SITE = 1.4
_NEAR_WAGES = 1.3
_NEAR = 40
_LISTED = 4
_LOOKALIKE = "形似词"
_BARE = "简称"
_PREPOSITIONS = frozenset("从在到去")
_WINDOW = 16  # characters; longer than any name but a few in full
_FOOD = "食品"  # made where it is called after: 宣威火腿厂
_FORM_WEIGHT: dict[Form, float] = {"full": 1.0, "bare": 0.9, "alias": 0.8, "town": 0.8, "cue": 0.5, "lookalike": 0.0}
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

    ``code``: county 530102, prefecture 530100, 530000 for 云南(未定位), another province's, ``""`` for no place.
    ``hits`` speak for the code; ``rejected`` were read and set aside, each with its reason.
    """

    code: str
    name: str
    scope: PlaceScope
    hits: tuple[PlaceHit, ...] = ()
    rejected: tuple[PlaceHit, ...] = ()


NOWHERE = Place("", "", "未定位")


class PlaceResolver:
    """Holds the automaton; build once, share between threads (it is never written to after the start)."""

    def __init__(self) -> None:
        table = readings()
        self._table = table
        self._readings = list(table.values())
        self._edges = [_edge(surface, found) for surface, found in table.items()]
        self._automaton = ahocorasick_rs.AhoCorasick(list(table), matchkind=ahocorasick_rs.MatchKind.LeftmostLongest)
        self._prefectures = frozenset(d.code for d in divisions.everywhere() if d.level == "prefecture")
        self._plain = {ord(row["traditional"]): row["simplified"] for row in divisions.rows("traditional.csv")}
        self._traditional = re.compile("[" + "".join(map(chr, self._plain)) + "]")

    def resolve(self, title: str, text: str, *, source_region: str = "") -> Place:
        """The place of one report.

        ``source_region`` is the home of the outlet: it settles bare names and namesakes; it is the answer itself only
        where the text names no place but speaks of 我县, 全市, 我省.
        """
        mentions: list[Mention] = []
        rejected: list[PlaceHit] = []
        plain: dict[Field, str] = {"title": self._simplified(title), "text": self._simplified(text)}
        self._find("title", plain["title"], title, mentions, rejected)
        self._find("text", plain["text"], text, mentions, rejected)
        home = divisions.current_code(source_region)
        if mentions:
            choose(mentions, plain, home, {hit.text for hit in rejected if hit.why.startswith(_LOOKALIKE)})
        settled = [m for m in mentions if m.chosen]
        code = decide(_votes(settled, plain), self._prefectures)
        supporting: list[PlaceHit] = []
        for mention in mentions:
            if mention.chosen is None:
                if any(reading.code.startswith("53") for reading in mention.readings):
                    rejected.append(_hit(mention, "", mention.why or "同名或常用词，报道未提到所在州市"))
            elif _kin(mention.chosen.code, code):
                supporting.append(_hit(mention, mention.chosen.code, mention.why))
            else:
                rejected.append(_hit(mention, mention.chosen.code, mention.why))
        if not settled:
            code, supporting = _local(plain, home)
        return Place(code, _label(code), _scope(code), tuple(supporting), tuple(rejected))

    def _simplified(self, text: str) -> str:
        """Traditional characters of place names made simplified, one for one, so that offsets stay."""
        return text.translate(self._plain) if self._traditional.search(text) else text

    def _find(self, where: Field, plain: str, original: str, mentions: list[Mention], rejected: list[PlaceHit]) -> None:
        """Every surface in one field that is not refused by the characters around it."""
        matches = list(self._matches(plain))
        last_end = -1
        for number, (found, start, end) in enumerate(matches):
            joined = start == last_end
            if not found:
                last_end = end
                continue
            reason, doubtful, namesake = "", False, False
            if found[0].form == "lookalike":
                reason = f"{_LOOKALIKE}：{found[0].why}"
            elif _bare(found) and not any(evidence.with_town(plain, end, r) for r in found):
                after = matches[number + 1] if number + 1 < len(matches) else None
                reason = contexts.refusal(
                    plain,
                    start,
                    end,
                    firm=any(r.trust == "firm" for r in found),
                    joined=joined,
                    followed=bool(after and after[1] == end and after[0]),
                )
                if not joined and evidence.said(plain, end, firm=True):
                    reason = reason or "人称或其他词语"
                namesake = not joined and contexts.namesake(plain, end) and not any(r.trust == "firm" for r in found)
                doubtful = not joined and depth(found[0].code) > 1 and contexts.inside_name(plain, start)
            if reason:
                if any(r.code[:2] in {"53", ""} for r in found):
                    rejected.append(PlaceHit(start, end, original[start:end], "", reason, where))
                continue
            last_end = end
            mentions.append(Mention(where, start, end, original[start:end], found, joined, doubtful, namesake))

    def _matches(self, plain: str) -> Iterator[tuple[tuple[Reading, ...], int, int]]:
        """Readings and offsets of every surface, longest from the left; cut back where its edge is another word's."""
        last = -1
        for index, start, end in self._automaton.find_matches_as_indexes(plain):
            if start < last:
                continue
            found, edge, again = self._readings[index], self._edges[index], 0
            if edge == _BARE:
                if start != last and (evidence.straddled(plain, start, end) or self._late(plain, start, end)):
                    again = start + 1
            elif edge:
                shorter = self._cut(plain, start, end, found)
                if shorter is not None:
                    again = shorter
                    yield self._table.get(plain[start:shorter], ()), start, shorter
            if not again:
                last = end
                yield found, start, end
                continue
            # What begins inside the surface that was given up; the window keeps a hostile text from costing its square.
            last = again
            for other, begin, stop in self._automaton.find_matches_as_indexes(plain[again : end + _WINDOW]):
                if again + begin >= end:
                    break
                last = again + stop
                yield self._readings[other], again + begin, last

    def _late(self, plain: str, start: int, end: int) -> bool:
        """Whether a name elsewhere takes a preposition for its first character: 从|江川 holds no 从江."""
        if plain[start] not in _PREPOSITIONS or any(r.trust == "firm" for r in self._table[plain[start:end]]):
            return False
        instead = self._table.get(plain[start + 1 : end + 1], ())
        return any(r.form == "bare" and r.code.startswith("53") for r in instead)

    def _cut(self, plain: str, start: int, end: int, found: Sequence[Reading]) -> int | None:
        """Where a surface really ends, if it reaches into the next word: 楚雄|市场, 普洱|镇沅, 宣威|火腿厂."""
        edge = plain[end - 1]
        if edge == "市" and plain.startswith("场", end):
            return end - 1
        if edge == "镇" and found and found[0].form == "town":
            ahead = self._table.get(plain[end - 1 : end + 1], ())
            if plain[start : end - 1] in self._table and any(r.code.startswith("53") for r in ahead):
                return end - 1
        if found and found[0].form == "lookalike" and found[0].why == _FOOD and plain.startswith("厂", end):
            for stop in range(end - 1, start + 1, -1):
                if _bare(self._table.get(plain[start:stop], ())):
                    return stop
        return None


def _edge(surface: str, found: Sequence[Reading]) -> str:
    """What can be wrong with where a surface begins or ends; ``""`` for most."""
    if _bare(found):
        return _BARE
    if found and found[0].form == "lookalike":
        return _FOOD if found[0].why == _FOOD else ""
    return surface[-1] if surface[-1] in "市镇" else ""


def _bare(found: Sequence[Reading]) -> bool:
    """Whether every reading is a name without its suffix."""
    return bool(found) and all(r.form == "bare" for r in found)


def _votes(mentions: Sequence[Mention], plain: Mapping[Field, str]) -> list[Vote]:
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
        if reason == contexts.DATELINE and not _at_home(chain[0]):
            standing = "listed"  # 本报北京5月17日电 says nothing of where a matter happened
        if number in listed:
            factor, standing, reason = 0.1, "listed", "各地并列，不指一处"
        site = not reason and contexts.site(text, start, end)
        # 昭通市镇雄县、彝良县: what stands in a row with a full address is as fully addressed.
        address = len(chain) > 1 or (address and in_row(chains[number - 1][-1], chain[0], plain))
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


def _chains(mentions: Sequence[Mention]) -> list[list[Mention]]:
    """Mentions that follow each other without a gap and go down: 云南|昭通|镇雄县 is one address."""
    chains: list[list[Mention]] = []
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


def _enumerated(chains: Sequence[Sequence[Mention]], plain: Mapping[Field, str]) -> set[int]:
    """Numbers of the chains that stand in one row with places of three other provinces or more."""
    listed: set[int] = set()
    row: list[int] = []
    for number, chain in enumerate(chains):
        if row and not in_row(chains[number - 1][-1], chain[0], plain):
            row = []
        row.append(number)
        if len({c.chosen.code[:2] for n in row for c in chains[n][:1] if c.chosen}) >= _LISTED:
            listed.update(row)
    return listed


def _local(plain: Mapping[Field, str], home: str) -> tuple[str, list[PlaceHit]]:
    """A local outlet that speaks of 我县 and names nothing means its own county."""
    if not home.startswith("53"):
        return "", []
    levels = (
        (_LOCAL_COUNTY, home if depth(home) == 2 else ""),
        (_LOCAL_PREFECTURE, divisions.prefecture_of(home)),
        (_LOCAL_PROVINCE, divisions.YUNNAN),
    )
    for words, code in levels:
        for where, text in plain.items():
            for word in words if code else ():
                at = text.find(word)
                if at >= 0:
                    return code, [PlaceHit(at, at + len(word), word, code, "本地媒体自称", where)]
    return "", []


def _at_home(mention: Mention) -> bool:
    return mention.chosen is not None and mention.chosen.code.startswith("53")


def _kin(code: str, other: str) -> bool:
    """Whether one lies in the other."""
    return bool(other) and (divisions.holds(other, code) or divisions.holds(code, other))


def _hit(mention: Mention, code: str, why: str) -> PlaceHit:
    return PlaceHit(mention.start, mention.end, mention.text, code, why, mention.field)


def _label(code: str) -> str:
    return "云南(未定位)" if code == divisions.YUNNAN else divisions.full_name(code)


def _scope(code: str) -> PlaceScope:
    if not code:
        return "未定位"
    return "本省" if code.startswith("53") else "外省"
