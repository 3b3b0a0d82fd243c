"""Where a text speaks of wages owed, claimed or paid: a small grammar over the lexicon's hits.

A *mention* is a compound word (欠薪, 讨薪) or a wage word with a problem or a claim within a few characters and
no sentence end between (拖欠…工资, 工资…没发). Debts that are not wages (货款, 片酬) are mentions of their own, so
that rules can weigh one against the other. Every look is bounded: the cost is linear in the number of hits.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import Literal

from monitors.opinion.lexicon import Hit, Lexicon
from monitors.opinion.normalise import View
from monitors.opinion.normalise import view as make_view

MentionKind = Literal["compound", "owe", "claim", "debt"]
Mood = Literal["stated", "negated", "preventive", "denied", "supposed"]

_NEAR = 8  # characters between the two words of a plain mention
_FAR = 26  # …of a mention with a long object between (拖欠我们施工班组三十余人的工资)
_SUM = re.compile("[^，。！？；0-9]{0,4}[0-9一二两三四五六七八九十百千几数][0-9.]{0,7}[多余]?[万千百元块亿]")
FIRM = 0.65  # at and above this strength a mention counts as plain
_STOP = re.compile("[。！？；\n]")
_COMMA = re.compile("[，：]")
_JOINED = re.compile("[和及与、加或并跟同以]|工程款")
_NEGATED = re.compile(
    "(?:没有|没|未|不|无|零|从不|从未|并未|未曾|不存在|不再|不会|并没有|没有任何|不存在任何|从来没有|从没|未发现|没有一起|无一)"
    "(?:再|有|发生|出现|任何|一分钱|过|一例)?$"
)
_PREVENTIVE = re.compile(
    "(?:防止|避免|杜绝|防范|预防|不得|严禁|不准|禁止|以免|免得|遏制|不能|不许|严防|打击|整治|治理|根治|清理|查处|惩治|惩处|严惩|解决|化解)"
    "[^，。！？；]{0,6}$"
)
_PREVENTIVE_AFTER = re.compile("(?:的)?(?:问题)?(?:治理|整治|隐患|防治|源头|预防|专项|冬季|夏季)")
_DENIED_AFTER = re.compile(
    "^[^。！？；]{0,10}(?:不属实|实为|其实是工程款|系工程款|不实|谣言|不存在|是假的|系误传|没有依据|并非事实)"
)
_DENIED_BEFORE = re.compile("(?:否认|辟谣|不存在|未发现|并非|不是)[^，。！？；]{0,8}$")
# Work done and no money seen, the word for wages left out: how people tell it in the county's own speech.
_NO_MONEY = re.compile(
    "(?:一分钱?|一毛钱?|分文)(?:都|也)?(?:没|不|未)有?(?:见着|见到|得着|给|拿到|看到|发)|(?:要|整|讨|拿)不着钱|"
    "说好?(?:按月|做完|干完|完工)就?[发结给][^。！？；\n]{0,16}?(?:拖|没|不)|苦点钱[^。！？；\n]{0,16}?(?:硬是)?(?:不给|不得)|拖起不[给拿]"
)
_WORKED = re.compile(
    "干活|做活|做工|打工|务工|上班|活路|接的活|干[了完]|做[了完]|工地|进场|活干|(?:喊|叫)(?:我们|咱们|人)|苦点钱|班组"
)
_WORKED_REACH = 60
_PROPOSED = re.compile("(?:建议|提议|呼吁)[^，。！？；]{0,12}$")
_SUPPOSED = re.compile(
    "(?:如果|假如|若|倘若|一旦|万一|遇到|遭遇|碰到|假设|如遇|要是|面对|能否|可否|是否)[^。！？；]{0,16}$"
)


@dataclass(frozen=True, slots=True)
class Mention:
    """``view.text[start:end]``; ``strength`` 0…1 by closeness and by how plainly the words mean wages."""

    start: int
    end: int
    kind: MentionKind
    strength: float
    mood: Mood


@dataclass(frozen=True, slots=True)
class Reading:
    """One field of a report read once: its view, the lexicon's hits by group, and the wage mentions found."""

    view: View
    hits: tuple[Hit, ...]
    groups: dict[str, tuple[Hit, ...]]
    mentions: tuple[Mention, ...]
    debts: tuple[Mention, ...]
    evasions: tuple[tuple[int, int, str], ...] = ()

    def of(self, group: str) -> tuple[Hit, ...]:
        return self.groups.get(group, ())

    def near(self, group: str, mention: Mention, reach: int) -> tuple[Hit, ...]:
        """Hits of ``group`` that end or begin within ``reach`` characters of the mention."""
        return tuple(
            hit for hit in self.of(group) if hit.end >= mention.start - reach and hit.start <= mention.end + reach
        )


def read(original: str, lexicon: Lexicon) -> Reading:
    """Read one field: make it comparable, undo evasive spellings, find words and mentions."""
    view = make_view(original)
    hits = lexicon.hits(view.text)
    changes = [(hit.start, hit.end, hit.term.means) for hit in hits if hit.term.group == "evasive"]
    if changes:
        view = view.replaced(changes)
        hits = lexicon.hits(view.text)
    groups: dict[str, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(hit.term.group, []).append(hit)
    longest = {group: tuple(_longest(found)) for group, found in groups.items()}
    text = view.text
    wages = _wage_mentions(text, longest)
    if longest.get("reverse"):
        # 反向讨薪: the employer claims pay back; what is "claimed" here is owed by nobody.
        wages = [mention for mention in wages if mention.kind != "claim"]
    debts = _pairs(text, longest.get("owe", ()), longest.get("other_debt", ()), "debt", ())
    return Reading(view, tuple(hits), longest, tuple(wages), tuple(debts), _evasions(view, changes))


def _evasions(view: View, changes: list[tuple[int, int, str]]) -> tuple[tuple[int, int, str], ...]:
    """Where evasive spellings stood, in offsets of the original, and what they stand for."""
    if not changes:
        return ()
    plain = make_view(view.original)
    return tuple((*plain.span(start, end), means) for start, end, means in changes)


def _longest(hits: list[Hit]) -> list[Hit]:
    """Drop hits that lie inside a longer hit of the same group; ``hits`` come by start, longest first."""
    kept: list[Hit] = []
    for hit in hits:
        if not kept or hit.end > kept[-1].end:
            kept.append(hit)
    return kept


def _wage_mentions(text: str, groups: dict[str, tuple[Hit, ...]]) -> list[Mention]:
    pays = tuple(hit for hit in groups.get("pay", ()) if hit.term.text not in ("薪", "钱"))
    debts = groups.get("other_debt", ())
    found = [
        Mention(hit.start, hit.end, "compound", 1.0 if hit.term.weight >= 2 else 0.3, _mood(text, hit.start, hit.end))
        for hit in groups.get("core", ())
    ]
    found += _pairs(text, groups.get("owe", ()), pays, "owe", debts)
    found += _pairs(text, groups.get("claim", ()), pays, "claim", debts)
    workers = groups.get("worker", ())
    found = [_promoted(mention, workers) for mention in found]
    found += _owed_to(text, groups.get("owe", ()), workers)
    found += _worked_for_nothing(text, debts)
    found.sort(key=lambda mention: (mention.start, -mention.strength, -mention.end))
    merged: list[Mention] = []
    for mention in found:
        if merged and mention.start < merged[-1].end:
            if mention.strength > merged[-1].strength:
                merged[-1] = mention
            continue
        merged.append(mention)
    return merged


def _owed_to(text: str, verbs: tuple[Hit, ...], workers: tuple[Hit, ...]) -> list[Mention]:
    """拖欠民工8万, 欠了工人二十多万: a sum owed to workers, the word for wages left out."""
    found: list[Mention] = []
    for verb in verbs:
        if verb.term.weight < 3:
            continue
        for worker in workers:
            if verb.end <= worker.start <= verb.end + 10:
                sum_owed = _SUM.match(text, worker.end)
                if sum_owed and not _STOP.search(text[verb.end : worker.start]):
                    start, end = verb.start, sum_owed.end()
                    found.append(Mention(start, end, "owe", 0.9, _mood(text, start, end)))
    return found


def _worked_for_nothing(text: str, debts: tuple[Hit, ...]) -> list[Mention]:
    """干了七个月，一分钱没见着: work told of beside it, and no other debt."""
    found: list[Mention] = []
    for match in _NO_MONEY.finditer(text):
        start, end = match.span()
        if not _WORKED.search(text, max(0, start - _WORKED_REACH), end + 20):
            continue
        if any(debt.end >= start - 20 and debt.start <= end + 20 for debt in debts):
            continue
        found.append(Mention(start, end, "owe", FIRM + 0.05, _mood(text, start, end)))
    return found


def _promoted(mention: Mention, workers: tuple[Hit, ...]) -> Mention:
    """A word that may mean wages (血汗钱, 劳务费, 奖金) does so where workers stand beside it."""
    if mention.strength >= FIRM or mention.strength < 0.35 or mention.kind == "compound":
        return mention
    close = any(hit.end >= mention.start - 12 and hit.start <= mention.end + 12 for hit in workers)
    return replace(mention, strength=FIRM) if close else mention


def _pairs(
    text: str, verbs: tuple[Hit, ...], things: tuple[Hit, ...], kind: MentionKind, rivals: tuple[Hit, ...]
) -> list[Mention]:
    """The nearest verb before and after each thing, where nothing forbids joining them."""
    found: list[Mention] = []
    if not verbs or not things:
        return found
    starts = [verb.start for verb in verbs]
    for thing in things:
        at = bisect_left(starts, thing.start)
        for verb in reversed(verbs[max(0, at - 3) : at]):
            gap = thing.start - verb.end
            if gap < 0:
                gap = 0 if verb.end <= thing.end else -1
            if 0 <= gap <= _FAR and _joins(text, verb.end, thing.start, rivals, commas=0):
                found.append(_mention(text, verb, thing, gap, kind))
                break
        for verb in verbs[at : at + 2]:
            gap = verb.start - thing.end
            if (
                0 <= gap <= 16
                and kind != "claim"
                and _joins(text, thing.end, verb.start, (), commas=1)
                and not any(verb.end <= rival.start <= verb.end + 6 for rival in rivals)
            ):
                found.append(_mention(text, thing, verb, gap, kind))
                break
    return found


def _mention(text: str, first: Hit, second: Hit, gap: int, kind: MentionKind) -> Mention:
    verb = max(first.term.weight, second.term.weight)
    plain = min(first.term.weight, second.term.weight) >= 1
    strength = (1.0 if gap <= _NEAR else 0.8) * (1.0 if verb >= 3 else 0.9 if verb >= 2 else 0.3)
    strength *= 1.0 if plain else 0.5
    start, end = first.start, max(first.end, second.end)
    return Mention(start, end, kind, strength, _mood(text, start, end))


def _joins(text: str, start: int, end: int, rivals: tuple[Hit, ...], *, commas: int) -> bool:
    """Whether words on both sides of ``text[start:end]`` may belong together."""
    between = text[start:end]
    if _STOP.search(between) or len(_COMMA.findall(between)) > commas:
        return False
    for rival in rivals:
        if rival.start >= end:
            break
        if rival.start >= start and rival.end <= end and not _JOINED.search(text[rival.start : end]):
            return False
    return True


def _mood(text: str, start: int, end: int) -> Mood:  # noqa: PLR0911 - the first mood that holds
    """How the mention is meant, from the words just before and after it."""
    before = text[max(0, start - 24) : start]
    if _PREVENTIVE_AFTER.match(text, end):
        return "preventive"
    if _PROPOSED.search(before):
        return "supposed"
    if _NEGATED.search(before[-8:]):
        return "negated"
    if _DENIED_BEFORE.search(before) or _DENIED_AFTER.search(text[end : end + 24]):
        return "denied"
    if _PREVENTIVE.search(before):
        return "preventive"
    if _SUPPOSED.search(before):
        return "supposed"
    return "stated"
