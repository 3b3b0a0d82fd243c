"""What was done: extreme acts, blockades, gatherings, strikes. Only acts of this event count.

Acts that are denied, to be prevented, or years old do not; a spoken threat is a ``threat``, not an ``extreme`` act.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from monitors.opinion.figures import Nearness
from monitors.opinion.lexicon import Hit
from monitors.opinion.mentions import Reading
from monitors.opinion.numerals import numbers

Field = Literal["title", "text"]

_INJURY = frozenset(("自焚", "割腕", "自残"))
_BLOCKADE = frozenset(
    [
        "堵路",
        "堵门",
        "堵工地",
        "围堵",
        "围堵政府",
        "围攻",
        "围住",
        "包围",
        "堵住",
        "围殴",
        "打砸",
        "封门",
        "锁门",
        "阻工",
        "拦车",
        "堵大门",
        "堵厂门",
        "堵高速",
        "堵住大门",
        "冲突",
    ]
)
_STOPPAGE = frozenset(["罢工", "罢课", "罢教", "罢运", "停运", "停工", "怠工"])
_THREAT = re.compile("(?:扬言|威胁|声称要|称要|放话|再不.{0,8}就|不给.{0,6}就|否则)[^。！？；]{0,10}$")
_PREVENTED = re.compile(
    "(?:不发生|防止|避免|杜绝|防范|预防|严防|严禁|不得|不要|未发生|没有发生|不酿成|以免|免得|零|遏制|引发|导致的风险)[^。！？；]{0,14}$"
)
_AVERTED = re.compile(
    "(?:曾经|曾|当年|多年前|几年前|过去|往年)[^。！？；]{0,8}$|(?:19|20)[0-9]{2}年[^。！？；]{0,6}曾[^。！？；]{0,6}$"
)
_DENIED = re.compile("^[^。！？；]{0,10}(?:不属实|不实|谣言|说法不|系误传|并非)")
_SUPPOSED = re.compile("(?:如果|假如|若|万一|一旦|难道|逼我|逼着|要不要|想要|恨不得)[^。！？；，]{0,10}$")
_CLIMB = re.compile(
    "(?:爬|攀|攀爬|登|站|翻)(?:上|到|至|在)[^，。！？；]{0,10}?(?:塔吊|吊塔|吊臂|楼顶|天台|铁塔|电塔|高塔|广告牌|烟囱|桥栏|桥架|信号塔|通信塔|水塔|天桥|高架|灯杆|电杆)"
    "|(?:坐|站|蹲|趴|骑|跨|悬|吊)(?:在|到|上|于)[^，。！？；]{0,10}?(?:楼顶|天台|楼沿|窗台|护栏外|栏杆外|阳台外|桥沿|桥边|塔吊|吊臂|高处|脚手架|顶楼|女儿墙)"
)
_SIT = re.compile(
    "(?:坐|守|站|挤|聚|候|围|睡|堵)(?:在|到|满)[^，。！？；]{1,14}?(?:不走|不肯走|不离|等说法|要说法|讨说法|讨要|讨薪|要工|要钱|静坐|要个|要求)"
)
_BLOCK = re.compile("堵(?:住|死|了)[^，。！？；]{0,8}(?:大门|门|路口|道路|路|出入口|通道)(?!诊|面|店|径|政|线)")
_DEATH = re.compile("(?:[0-9一二三四五六]死|坠亡|身亡|死亡|致死|去世|遇难|抢救无效|当场死)")
_WOUND = re.compile("(?:受伤|打伤|砍伤|打断|刺伤|致伤|轻伤|重伤|瘫痪|被殴打|遭殴打|被打|追砍|烧伤)")
_NOT_OF_THIS = re.compile("没有|未造成|无人员|未|交通事故|工伤")
_PERSON = re.compile("^(?:多|余)?(?:名|位|个|人|余人)")
_PROVINCE_VISIT = re.compile(
    "(?:到|赴|去|来到?|前往|在)(?:云南)?省(?:政府|委|信访局|人社厅|人力资源|住建厅|人大|里|城)[^。！？；]{0,16}(?:上访|集访|群访|信访|讨薪|反映|讨要|讨说法)"
)
_VAGUE_CROWD = (
    ("数百", 200),
    ("几百", 200),
    ("上千", 1000),
    ("数千", 2000),
    ("数十", 20),
    ("几十", 20),
    ("百余", 100),
    ("上百", 100),
)


@dataclass(frozen=True, slots=True)
class Act:
    """An act found at the view's ``[start:end]`` of ``field``; ``code`` as in ``severity.ACT_POINTS``."""

    code: str
    field: Field
    start: int
    end: int


def find(title: Reading, text: Reading) -> list[Act]:
    """Acts of this event, one per code, the title's before the text's."""
    found: dict[str, Act] = {}
    fields: tuple[tuple[Field, Reading], ...] = (("title", title), ("text", text))
    for field, reading in fields:
        near = Nearness(reading.mentions, least=-math.inf)
        for hit in (*reading.of("extreme"), *reading.of("protest")):
            code = _code(reading, hit, near, whole=field == "title" or len(reading.view.text) < 400)
            if code and code not in found:
                found[code] = Act(code, field, hit.start, hit.end)
        _climb(field, reading, near, found)
        _block(field, reading, near, found)
        _sit(field, reading, near, found)
        _harm(field, reading, found)
    return list(found.values())


def _code(reading: Reading, hit: Hit, near: Nearness, *, whole: bool) -> str:  # noqa: PLR0911 - one refusal after another
    text, term = reading.view.text, hit.term
    before, after = text[max(0, hit.start - 24) : hit.start], text[hit.end : hit.end + 16]
    if _PREVENTED.search(before) or _DENIED.search(after) or _AVERTED.search(before) or _SUPPOSED.search(before):
        return ""
    apart = near.apart(hit.start, hit.end)
    if not whole and apart > 120:
        return ""
    if term.group == "extreme":
        if term.text == "持刀" and apart > 60:
            return ""
        if _THREAT.search(before):
            return "threat"
        return "injury" if term.text in _INJURY else "extreme"
    if term.text in _STOPPAGE:
        return "stoppage" if apart <= 40 and not re.search("项目$|工程$|工地$|楼盘$", before) else ""
    if term.text in ("冲突", "聚集", "围殴") and apart > 60:
        return ""
    if _THREAT.search(before):
        return ""
    return "blockade" if term.text in _BLOCKADE else "gathering"


def _climb(field: Field, reading: Reading, near: Nearness, found: dict[str, Act]) -> None:
    """爬上30米高的塔吊: the height or the owner of the crane stands inside the act."""
    text = reading.view.text
    for match in _CLIMB.finditer(text):
        before = text[max(0, match.start() - 24) : match.start()]
        apart = near.apart(match.start(), match.end())
        if apart <= 120 and "extreme" not in found and not _PREVENTED.search(before) and not _AVERTED.search(before):
            code = "threat" if _THREAT.search(before) else "extreme"
            found.setdefault(code, Act(code, field, match.start(), match.end()))


def _block(field: Field, reading: Reading, near: Nearness, found: dict[str, Act]) -> None:
    """堵住项目部大门: what is blocked stands inside the act."""
    text = reading.view.text
    for match in _BLOCK.finditer(text):
        before = text[max(0, match.start() - 24) : match.start()]
        apart = near.apart(match.start(), match.end())
        refused = any(pattern.search(before) for pattern in (_PREVENTED, _AVERTED, _THREAT, _SUPPOSED))
        if apart <= 60 and not refused:
            found.setdefault("blockade", Act("blockade", field, match.start(), match.end()))


def _sit(field: Field, reading: Reading, near: Nearness, found: dict[str, Act]) -> None:
    """坐在售楼部不走: a gathering told by where they stay."""
    text = reading.view.text
    for match in _SIT.finditer(text):
        before = text[max(0, match.start() - 24) : match.start()]
        apart = near.apart(match.start(), match.end())
        refused = any(pattern.search(before) for pattern in (_PREVENTED, _AVERTED, _THREAT, _SUPPOSED))
        if apart <= 60 and not refused and re.search("[0-9一二三四五六七八九十百几数][余多]?(?:名|个|位|人)", before):
            found.setdefault("gathering", Act("gathering", field, match.start(), match.end()))


def _harm(field: Field, reading: Reading, found: dict[str, Act]) -> None:
    """Death or injury in the wage dispute itself: beside an act or a mention, not a work accident."""
    text = reading.view.text
    anchors = [(h.start, h.end) for h in reading.of("extreme")] + [(m.start, m.end) for m in reading.mentions]
    for pattern, code in ((_DEATH, "death"), (_WOUND, "injury")):
        for match in pattern.finditer(text):
            if code in found or _NOT_OF_THIS.search(text[max(0, match.start() - 8) : match.start()]):
                continue
            if any(abs(match.start() - end) <= 30 or abs(start - match.end()) <= 30 for start, end in anchors):
                found[code] = Act(code, field, match.start(), match.end())


def gathered(title: Reading, text: Reading, acts: list[Act]) -> int | None:
    """Persons gathered: the number beside the gathering; 数十 counts as 20, 数百 as 200 (lower bounds)."""
    best: int | None = None
    readings = {"title": title, "text": text}
    for whole, start, end in _crowded(readings, acts):
        window = whole[max(0, start - 30) : end + 20]
        counts = [
            int(number.value)
            for number in numbers(window)
            if number.value is not None and 2 <= number.value <= 20_000 and _PERSON.match(window[number.end :])
        ]
        counts += [floor for word, floor in _VAGUE_CROWD if word in window]
        if counts:
            best = max(best or 0, *counts)
    return best


def _crowded(readings: dict[str, Reading], acts: list[Act]) -> list[tuple[str, int, int]]:
    """Where a crowd acts: the acts found, and the same word where the other field tells of it again."""
    found = []
    for act in acts:
        if act.code not in ("gathering", "blockade", "stoppage"):
            continue
        whole = readings[act.field].view.text
        found.append((whole, act.start, act.end))
        if act.field == "title":
            other, word = readings["text"].view.text, whole[act.start : act.end]
            at = other.find(word)
            if at >= 0:
                found.append((other, at, at + len(word)))
    return found


def visiting_province(text: Reading, people: int | None) -> int | None:
    """Persons petitioning at provincial offices, where the report says so."""
    return people if people and _PROVINCE_VISIT.search(text.view.text) else None
