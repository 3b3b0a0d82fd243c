"""Putting invented reports together from hand-written parts (演示数据): slots, spellings, reprints. Deterministic.

The parts stand in ``data/demo/*.toml``. One story's facts (``Case``) are spelled in many ways, as people do: 48.6万元,
486000元, 四十八万六, 48.6w; but the figures stay equal, so that reports of one story can be recognised as such.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from monitors.clock import local
from monitors.regions import divisions

DATA = Path(__file__).resolve().parents[2] / "data" / "demo"

_SLOT = re.compile(r"\{([^{}]*)\}")
_NUMBER = re.compile(r"([nd])(\d+)-(\d+)")
_DIGITS = "零一二三四五六七八九"
_PARTS_OF_DAY = ((5, "凌晨"), (8, "早上"), (12, "上午"), (14, "中午"), (18, "下午"), (20, "傍晚"), (24, "晚上"))
_COLLOQUIAL = ("forum",)
_AT_ONCE = ("forum", "short")  # voices that speak on the same day: 今天, 刚刚


@dataclass(frozen=True, slots=True)
class Case:
    """The facts of one invented story. ``amount_yuan``: whole 元; ``since``: when pay stopped; ``place``: a county."""

    place: str
    project: str
    firm: str
    job: str
    did: str
    boss: str
    workers: int
    amount_yuan: int
    months: int
    since: datetime
    elsewhere: str
    elsewhere_firm: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A text as sentences, so that a reprint can leave some out."""

    title: str
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        return "".join(self.sentences)


@cache
def table(name: str) -> Mapping[str, Any]:
    """One of the hand-written tables in ``data/demo``; callers leave it as it is."""
    return tomllib.loads((DATA / f"{name}.toml").read_text(encoding="utf-8"))


def fill(template: str, slots: dict[str, str], random: Random) -> str:
    """Replace ``{slot}``, ``{one|of|these}``, ``{n10-90}`` (whole number) and ``{d1-9}`` (one decimal).

    What was drawn is kept in ``slots``: the same alternatives or range later in one report give the same again, so that
    a title and its text agree.
    """

    def value(match: re.Match[str]) -> str:
        inside = match[1]
        if inside not in slots:
            slots[inside] = _drawn(inside, random)
        return slots[inside]

    return _SLOT.sub(value, template)


def _drawn(inside: str, random: Random) -> str:
    if "|" in inside:
        return random.choice(inside.split("|"))
    number = _NUMBER.fullmatch(inside)
    if number is None:
        raise KeyError(inside)
    low, high = int(number[2]), int(number[3])
    return str(random.randint(low, high)) if number[1] == "n" else f"{random.uniform(low, high):.1f}"


def place_slots(code: str, at: datetime, random: Random, *, official: bool = False) -> dict[str, str]:
    """The slots of place and time that every template may use; ``code`` is a county or a prefecture."""
    county, prefecture = divisions.by_code(code), divisions.by_code(divisions.prefecture_of(code))
    if county is None or prefecture is None:
        raise ValueError(f"no division of Yunnan: {code}")
    whole = divisions.everyday(prefecture) if county is prefecture else divisions.everyday(county)
    long = divisions.everyday(prefecture) + whole
    when = local(at)
    part = next(words for hour, words in _PARTS_OF_DAY if when.hour < hour)
    return {
        "州": prefecture.name if official else divisions.everyday(prefecture),
        "县": whole,
        "县短": divisions.bare(county),
        "全县": "全" + whole[-1],
        "地": random.choice((long, long, whole)),
        "日": random.choice((f"{when.month}月{when.day}日", f"{when.day}日", f"{when.month}月{when.day}日")),
        "时": random.choice((f"{when.month}月{when.day}日{part}", f"{when.day}日{part}{when.hour}时许")),
        "夜": "深夜！" if when.hour >= 22 or when.hour < 5 else "揪心！",
        "季": random.choice(("去年冬天", "今年春天", "两年前")),
    }


def case_slots(case: Case, at: datetime, voice: str, random: Random) -> dict[str, str]:
    """Every slot of ``relevant.toml``, spelled as this voice would on that day."""
    slots = place_slots(case.place, at, random, official=voice == "official")
    when, since = local(at), local(case.since)
    if voice in _AT_ONCE:
        slots["时"] = random.choice(("今天", "刚刚", "今早" if when.hour < 12 else "今天", slots["时"]))
    year = "今年" if since.year == when.year else "去年"
    count = f"{case.workers}名"
    heads = _people(case.workers, random) if voice in _COLLOQUIAL else f"{case.workers}人"
    return slots | {
        "项目": case.project,
        "企业": case.firm,
        "工种": case.job,
        "活": case.did,
        "老板": case.boss,
        "人数": count,
        "人": heads,
        "钱": _money(case.amount_yuan, random),
        "块": _spoken_money(case.amount_yuan, random),
        "人均": str(round(case.amount_yuan / case.workers / 100) * 100),
        "月数": random.choice((f"{case.months}个月", f"{spoken(case.months)}个多月")),
        "起": random.choice((f"{year}{since.month}月", f"{since.month}月份", f"从{year}{since.month}月")),
        "节": "年" if when.month in (11, 12, 1, 2) else "节",
        "外省地": case.elsewhere,
        "外省企业": case.elsewhere_firm,
    }


def write(family: str, voice: str, case: Case, at: datetime, random: Random) -> Draft:
    """One report of ``case`` in the words of ``voice``.

    Raises:
        KeyError: ``relevant.toml`` has no such family in that voice.
    """
    parts = _parts(family, voice)
    if not parts:
        raise KeyError((family, voice))
    part = random.choice(parts)
    slots = case_slots(case, at, voice, random)
    middles = list(part["mid"])
    chosen = sorted(random.sample(range(len(middles)), k=min(len(middles), random.randint(1, 4))))
    sentences = [random.choice(part["open"]), *(middles[i] for i in chosen), random.choice(part["end"])]
    title = fill(random.choice(part["titles"]), slots, random)
    return Draft(title, tuple(filled for s in sentences if (filled := fill(s, slots, random))))


def reprint(draft: Draft, outlet: str, random: Random, titles: Sequence[str]) -> Draft:
    """Another outlet's version of ``draft``: a sentence fewer, its origin named, often under another title."""
    sentences = list(draft.sentences)
    if len(sentences) > 2 and random.random() < 0.6:
        del sentences[random.randrange(1, len(sentences))]
    origin = outlet.removeprefix("演示·")
    if random.random() < 0.5:
        sentences[0] = f"据{origin}消息，{sentences[0]}"
    else:
        sentences.append(f"（来源：{origin}）")
    title = draft.title if random.random() < 0.4 else random.choice(titles)
    return Draft(title, tuple(sentences))


def titles(family: str, voice: str, case: Case, at: datetime, random: Random) -> list[str]:
    """Every title this family can have in that voice, filled with the facts of ``case``."""
    slots = case_slots(case, at, voice, random)
    return [fill(title, dict(slots), random) for part in _parts(family, voice) for title in part["titles"]]


def _parts(family: str, voice: str) -> list[dict[str, Any]]:
    return [p for p in table("relevant")["report"] if p["family"] == family and p["voice"] == voice]


def everyday(code: str, at: datetime, random: Random) -> tuple[str, Draft]:
    """A report on something else: the voice it is told in and its text."""
    topics = [t for t in table("everyday")["topic"] if code[:4] in t.get("where", (code[:4],))]
    topic = random.choices(topics, weights=[t["weight"] for t in topics])[0]
    slots = place_slots(code, at, random)
    lines = topic["lines"]
    chosen = sorted(random.sample(range(1, len(lines)), k=min(len(lines) - 1, random.randint(3, 5))))
    sentences = tuple(fill(lines[i], slots, random) for i in (0, *chosen))
    voice = random.choice(topic.get("voices", ("news",)))
    return voice, Draft(fill(random.choice(topic["titles"]), slots, random), sentences)


def spoken(number: int) -> str:
    """A whole number below 10,000 in Chinese numerals, as spoken: 2 → 两, 15 → 十五, 206 → 二百零六."""
    if not 0 < number < 10_000:
        raise ValueError(f"not between 1 and 9999: {number}")
    if number == 2:
        return "两"
    words, gap = "", False
    for power, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, power)
        if digit:
            words += ("零" if gap and words else "") + _DIGITS[digit] + unit
            gap = False
        else:
            gap = bool(words)
    return words.removeprefix("一") if words.startswith("一十") else words


def _people(count: int, random: Random) -> str:
    return random.choice((f"{count}个人", f"{spoken(count)}个人", f"{count}个弟兄", f"{count}号人"))


def _money(yuan: int, random: Random) -> str:
    if yuan < 10_000:
        return f"{yuan}元"
    wan = f"{yuan / 10_000:g}万"
    plain = f"{yuan}元" if yuan < 200_000 else f"{wan}元"
    return random.choices((f"{wan}元", f"{wan}余元", plain), weights=(8, 1, 1))[0]


def _spoken_money(yuan: int, random: Random) -> str:
    wan, thousands = divmod(yuan // 1000, 10)
    tail = f"{_DIGITS[thousands]}千" if thousands else ""
    if not wan:
        return random.choice((f"{tail}块", f"{yuan}块"))
    figures = f"{yuan / 10_000:g}"
    words = f"{spoken(wan)}万{tail}块"
    return random.choice((f"{figures}万", f"{figures}万块", words, f"{figures}w"))
