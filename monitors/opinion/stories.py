"""Which reports tell of one event (事件归并): copies, and the same event told in other words.

Rather miss a merge than merge wrongly: template notices of different counties read alike, so a difference in county,
amount, employer or figures vetoes whatever the words say. Later stages of a long affair (paid, sentenced) fall outside
the window and are stories of their own. Pure; the stored form is ``story_index``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from monitors.opinion import minhash
from monitors.opinion.minhash import Shingles, Signature
from monitors.opinion.story_words import Words, words
from monitors.settings import Story

_TITLE, _TAG, _NAME, _FIGURE, _PLACE = range(minhash.BANDS, minhash.BANDS + 5)  # kinds of key beyond the bands
REPRESENTATIVES = 12  # members of a story that a newcomer is held against: enough to see a veto, bounded in cost
ENOUGH = 3.5
CANDIDATES = 64  # reports compared in full for one newcomer, those that share most keys first


@dataclass(frozen=True, slots=True)
class Member:
    """One report as grouping sees it. ``region`` six-digit code or ``""``; ``amount_fen`` integer 分; None not stated.

    ``numbers``: the quantities of the text, dates left out. ``keys``: what a report of the same event would probably
    share; only reports that share one are compared.
    """

    id: int | str
    title: str
    text: str
    published: datetime | None
    region: str
    workers: int | None
    amount_fen: int | None
    employer: str | None
    numbers: frozenset[str]
    signature: Signature
    relevant: bool
    text_hash: str
    shingles: Shingles
    words: Words
    keys: frozenset[int]


@dataclass(frozen=True, slots=True)
class Link:
    """Why two reports are of one event: ``strength`` 0…1 and the Chinese reason."""

    strength: float
    reason: str


def member(
    *,
    id: int | str,  # noqa: A002 - the field's name
    title: str,
    text: str,
    published: datetime | None,
    region: str = "",
    workers: int | None = None,
    amount_fen: int | None = None,
    employer: str | None = None,
    relevant: bool = True,
) -> Member:
    """Read a report once; everything derived is kept. About 0.5 ms for 1,000 characters."""
    # A feed often repeats the title as the text's first line: compared, it counts once.
    whole = text if minhash.bare(text).startswith(minhash.bare(title)) and title else f"{title}\n{text}"
    found = minhash.shingles(whole)
    signature = minhash.signature(found)
    read = words(title, text, employer)
    return Member(
        id=id,
        title=title,
        text=text,
        published=published,
        region=region,
        workers=workers,
        amount_fen=amount_fen,
        employer=employer,
        numbers=read.numbers,
        signature=signature,
        relevant=relevant,
        text_hash=minhash.text_hash(whole),
        shingles=found,
        words=read,
        keys=_keys(signature, read, region),
    )


def _keys(signature: Signature, read: Words, region: str) -> frozenset[int]:
    found = set(minhash.bands(signature))
    found.update(minhash.key(_TITLE, pair) for pair, weight in read.title.items() if weight >= 1)
    found.update(minhash.key(_TAG, tag) for tag in read.tags)
    found.update(minhash.key(_NAME, name) for name in read.names)
    found.update(minhash.key(_FIGURE, f"{value:g}{unit}") for unit, values in read.figures.items() for value in values)
    if _is_county(region):
        found.add(minhash.key(_PLACE, region))
    return frozenset(found)


def same_event(a: Member, b: Member, settings: Story) -> str:
    """The Chinese reason why two reports are of one event, or ``""``. Symmetric."""
    found = link(a, b, settings)
    return found.reason if found else ""


def link(a: Member, b: Member, settings: Story) -> Link | None:
    """How strongly two reports belong to one event, or None."""
    gap = _days_between(a, b)
    if gap is not None and gap > 2 * settings.window_days:
        return None
    if differs(a, b):
        return None
    if a.text_hash == b.text_hash and len(a.shingles) >= 6:
        return Link(1.0, "全文相同")
    copied = _copy(a, b, settings)
    if copied or (gap is not None and gap > settings.window_days):
        return copied
    return _facts(a, b) or _told(a, b, gap)


def differs(a: Member, b: Member) -> str:
    """What forbids that two reports are of one event (Chinese), or ``""``: county, employer, amount, figures.

    Nothing does where one text was printed twice: what differs then was concluded from the outlet, not from the report.
    """
    if a.text_hash == b.text_hash and (len(a.shingles) >= 30 or a.words.weight >= 2):
        return ""
    stated = stated_differ(a.region, a.amount_fen, b.region, b.amount_fen)
    if stated:
        return stated
    if _employers_differ(a, b):
        return "用人单位不同"
    if _series(a.words, b.words):
        return "数字不同"
    if _elsewhere(a, b):
        return "地名不同"
    return ""


def stated_differ(region: str, amount_fen: int | None, other_region: str, other_amount_fen: int | None) -> str:
    """The part of ``differs`` that needs no text: the Chinese veto, or ``""``."""
    if not _regions_agree(region, other_region):
        return "地区不同"
    if amount_fen and other_amount_fen and not _near(amount_fen, other_amount_fen):
        return "金额不同"
    return ""


def _days_between(a: Member, b: Member) -> float | None:
    if a.published is None or b.published is None:
        return None
    return abs((a.published - b.published).total_seconds()) / 86_400


def _is_county(region: str) -> bool:
    return len(region) == 6 and not region.endswith("00")


def _regions_agree(a: str, b: str) -> bool:
    """Equal, unknown on a side, or one within the other."""
    if not a or not b or a == b:
        return True
    shorter, longer = sorted((a.rstrip("0"), b.rstrip("0")), key=len)
    # A prefecture's code ends in 00, a province's in 0000; stripping zeros may cut a digit too many (530120 → 53012).
    return longer.startswith(shorter) and (not _is_county(a) or not _is_county(b))


def _near(a: float, b: float, least: float = 0.8) -> bool:
    """The same quantity as two outlets round it: not further apart than a fifth, where nothing else is asked."""
    return min(a, b) >= least * max(a, b)


def _employers_differ(a: Member, b: Member) -> bool:
    first, second = a.words.employer, b.words.employer
    if not first or not second or _short_form(first, second):
        return False
    # A worksite or a foreman beside a company is who works for whom, not another event.
    if not a.words.company or not b.words.company:
        return False
    # A report may name contractor and subcontractor; the one chosen as employer need not be the same.
    return not _names(b, first, a.employer) and not _names(a, second, b.employer)


def _names(report: Member, core: str, employer: str | None) -> bool:
    """Whether the report names the employer, in full or by what is its own."""
    told = minhash.bare(f"{report.title}{report.text}")
    return core in told or bool(employer and minhash.bare(employer) in told)


def _short_form(a: str, b: str) -> bool:
    """One name is the other's short form: its characters occur in the longer one, in order."""
    shorter, longer = sorted((a, b), key=len)
    rest = iter(longer)
    return all(character in rest for character in shorter)


def _series(a: Words, b: Words) -> bool:
    """Two numbers of one series (第二号/第三号, 新增126例/新增90例): same unit, other value, no value in common."""
    for unit in (a.figures.keys() & b.figures.keys()) - {""}:
        first, second = a.figures[unit], b.figures[unit]
        if first & second:
            return False
        if unit.startswith("第") or not any(_rounded_alike(x, y) for x in first for y in second):
            return True
    return False


def _rounded_alike(a: float, b: float) -> bool:
    """A toll that rises or an amount that is rounded, not two exact statistics."""
    return _near(a, b) and (len(f"{a:g}".rstrip("0")) <= 3 or len(f"{b:g}".rstrip("0")) <= 3)


def _elsewhere(a: Member, b: Member) -> bool:
    """Each names places in title or lead of which the other knows none."""
    first, second = a.words.places, b.words.places
    if not first or not second or first & second:
        return False
    return not any(place[:2] in f"{b.title}{b.text}" for place in first) and not any(
        place[:2] in f"{a.title}{a.text}" for place in second
    )


def _copy(a: Member, b: Member, settings: Story) -> Link | None:
    similarity, contained = minhash.jaccard(a.shingles, b.shingles)
    only_a, only_b = a.numbers - b.numbers, b.numbers - a.numbers
    if similarity >= settings.copy_similarity and not (only_a and only_b and a.words.places != b.words.places):
        return Link(0.95, f"文字相同 {similarity:.0%}")
    if min(len(a.shingles), len(b.shingles)) < 12:
        return None
    if similarity >= settings.same_facts_similarity and not (only_a and only_b):
        return Link(0.9, f"文字相近 {similarity:.0%}，数字一致")
    if contained >= 0.8 and not (only_a and only_b):
        return Link(0.85, "一文为另一文的节选")
    return None


def _facts(a: Member, b: Member) -> Link | None:
    """One county and one agreeing fact (persons alone are too few), or two facts where the county is not known."""
    agreed = []
    if a.words.employer and b.words.employer and _short_form(a.words.employer, b.words.employer):
        agreed.append("用人单位")
    if a.amount_fen and b.amount_fen and _near(a.amount_fen, b.amount_fen, 0.95):
        agreed.append("金额")
    if a.workers and b.workers and min(a.workers, b.workers) >= 3 and _near(a.workers, b.workers, 0.9):
        agreed.append("人数")
    if a.words.sites & b.words.sites:
        agreed.append("工程名称")
    same_county = _is_county(a.region) and a.region == b.region
    if same_county and _common(a.words, b.words) >= 1.5:
        agreed.append("标题用词")
    if same_county:
        enough = (len(agreed) >= 2 and agreed != ["工程名称", "标题用词"]) or agreed in (["用人单位"], ["金额"])
    elif a.region and b.region:
        enough = len([fact for fact in agreed if fact != "工程名称"]) >= 2
    else:
        enough = len(agreed) >= 2 and agreed[0] == "用人单位"
    if not enough:
        return None
    place = "地区、" if a.region and b.region else ""
    return Link(0.8, f"{place}{'、'.join(agreed)}一致")


def _common(a: Words, b: Words) -> float:
    """How much that is peculiar two titles share."""
    return sum(min(weight, b.title[pair]) for pair, weight in a.title.items() if pair in b.title)


def _told(a: Member, b: Member, gap: float | None) -> Link | None:
    """The same event by its words: a hashtag, a company named in full, peculiar words and figures of the titles."""
    first, second = a.words, b.words
    common = _common(first, second)
    smaller = min(first.weight, second.weight)
    wage = (first.wage and second.wage) or (gap is not None and gap <= 1 and (first.wage or second.wage))
    if any(len(tag) >= 6 for tag in first.tags & second.tags):
        return Link(0.75, "话题标签相同")
    if wage and any(len(name) >= 8 for name in first.names & second.names):
        return Link(0.75, "所涉企业相同")
    common += _shared_figures(first, second)
    cover = common / smaller if smaller else 0.0
    wider = common / max(first.weight, second.weight, 1.0)
    if common >= ENOUGH and (cover >= 0.75 or (cover >= 0.45 and wider >= 0.3)):
        return Link(min(0.7, 0.4 + 0.05 * common), "标题特征一致")
    if wage and gap is not None and common >= 2 and cover >= 0.4:
        return Link(0.5, "标题特征一致")
    inside = max(_inside(first, second), _inside(second, first))
    if inside >= 0.75:
        return Link(0.5, "标题见于另一报道正文")
    return None


def _shared_figures(a: Words, b: Words) -> float:
    total = 0.0
    for unit in a.figures.keys() & b.figures.keys():
        for value in a.figures[unit] & b.figures[unit]:
            telling = len(f"{value:.0f}".rstrip("0")) >= 2
            total += 2.0 if telling and value >= 1e8 else 1.5 if telling else 0.5
    return min(total, 3.0)


def _inside(a: Words, b: Words) -> float:
    """How much of ``a``'s peculiar title ``b``'s title and lead contain; 0 where it says too little."""
    if a.weight < 3:
        return 0.0
    return sum(weight for pair, weight in a.title.items() if pair in b.lead) / a.weight


def cluster(members: Iterable[Member], settings: Story) -> dict[int | str, int]:
    """Story numbers (from 1, by first appearance) of the reports, whatever order they come in.

    Links are taken strongest first; a link is refused where it would bring together two reports that a veto parts.
    """
    arrived = list(members)
    links = _links(arrived, settings)
    parent = list(range(len(arrived)))
    held: dict[int, list[int]] = {index: [index] for index in range(len(arrived))}

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for _, a, b in links:
        one, other = root(a), root(b)
        if one == other:
            continue
        pairs = ((x, y) for x in held[one][:REPRESENTATIVES] for y in held[other][:REPRESENTATIVES])
        if any(differs(arrived[x], arrived[y]) for x, y in pairs):
            continue
        parent[other] = one
        held[one] += held.pop(other)
    numbers: dict[int, int] = {}
    return {report.id: numbers.setdefault(root(index), len(numbers) + 1) for index, report in enumerate(arrived)}


def _links(arrived: list[Member], settings: Story) -> list[tuple[float, int, int]]:
    def when(index: int) -> tuple[bool, float, str]:
        report = arrived[index]
        moment = report.published
        return moment is None, moment.timestamp() if moment else 0.0, report.text_hash + str(report.id)

    order = sorted(range(len(arrived)), key=when)
    posted: dict[int, list[int]] = {}
    found: list[tuple[float, int, int]] = []
    for index in order:
        report = arrived[index]
        shares: dict[int, int] = {}
        for key in report.keys:
            for other in posted.get(key, ())[-200:]:
                shares[other] = shares.get(other, 0) + 1
        nearest = sorted(shares, key=lambda other: (-shares[other], -when(other)[1], when(other)[2]))[:CANDIDATES]
        for other in nearest:
            linked = link(report, arrived[other], settings)
            if linked:
                found.append((linked.strength, other, index))
        for key in report.keys:
            posted.setdefault(key, []).append(index)
    found.sort(key=lambda entry: (-entry[0], when(entry[1]), when(entry[2])))
    return found
