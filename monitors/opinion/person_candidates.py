"""Every count of a report that could be of the unpaid: 36名工人, 我和媳妇, 97人、35人 together, one alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from monitors.opinion import headcounts, persons, singles
from monitors.opinion.candidates import MOST, VAGUE, VAGUE_WORKERS, Candidate, Fields, Found, beside_each_other, placed
from monitors.opinion.figures import Fact, Field, clause_of, sentence_of
from monitors.opinion.mentions import Reading
from monitors.opinion.numerals import Number, numbers
from monitors.opinion.surroundings import WORKER

_UNIT = re.compile("(?:名|位)|人(?!民|均|社|次|才|口|大|数|员)|口人|号人|个")
_SOMEBODY = re.compile(
    "[^，。！？；、：0-9]{0,6}?(?:工(?!地|资|程|作日|作组)|人|员|师|匠|手|老乡|兄弟|弟兄|姐妹|妇女|小伙|阿姨|大姐|司机|[没未都也被](?!月)|"
    "的?(?=[，。！？；]))"
)
_NO_PERSON = re.compile(
    "个?(?:多|半)?(?:月|小时|星期|礼拜|季度|年|工作日|工地|项目|工日|标段|乡|镇|县|市|村|小区|企业|部门|单位|学期|阶段|方面|环节|问题|案|台|工(?=[，。、]))"
)
_KIND = re.compile(f"[^，。！？；、：0-9]{{0,6}}?(?:{WORKER.pattern})")
_COUNTED_BEFORE = re.compile(
    f"(?:{WORKER.pattern})(?:们)?(?:人数)?(?:共计?|合计|总计|一共|总共|达|有|为|约|近|超|逾|是){{0,3}}$"
)
_COUNT_ENDS = re.compile("[，。；、)的]|$")
_PLUS_SELF = re.compile(
    "(?:我|本人|他|她|师傅|女士|先生|某某?|老[\u4e00-\u9fff])(?:和|及|与|带着?|带领|领着?|同|跟|组织)了?"
    "(?:其它|其他|另外|另|其余|我的|我们|同村|手下|同|的){0,3}$"
)
_JOIN = re.compile("、|和|及|与|以及|还有")
_STOP = re.compile("[。！？；]")
_ONE_PERSON = re.compile(
    "(?:女子|男子|小伙|女孩|男孩|老人|老汉|大爷|大妈|保姆|外卖员|骑手|快递员|大学生|飞行员|教练|主播|司机|[男女]员工|[男女]工|"
    "某某?(?!公司|工地|项目|县|市|镇|区|某)|女士|先生|师傅|一(?:名|位|个))"
)
_I = re.compile("我(?!们|国|县|市|省|州|校|院|司|区|厂|等|村|镇|单位|公司|局|所|街|委)|本人")
_PLURAL = re.compile("们|工友|同事|大家|大伙|全体|等人|农民工(?!工资)|民工(?!工资)|工人(?!工资)|员工|职工|教师")
_CREW = 1000  # nobody leads more and counts himself beside them


def of_persons(fields: Fields, pick: Fact | None, label: str) -> list[Candidate]:
    """Counts of persons, one alone, and last of all nothing; ``pick``: what the rules take."""
    found = [one for name, reading in fields for one in placed(_counted(name, reading.view.text, label), reading)]
    (_, title), (_, text) = fields
    return beside_each_other([*found, *_alone(title, text, label)], fields, pick)


def _counted(field: Field, text: str, label: str) -> Iterator[Found]:
    row: list[Fact] = []
    for number in numbers(text)[:MOST]:
        value = number.value
        if value is None or value != int(value) or not 1 <= value <= 2_000_000:
            continue
        told = _unit(text, number)
        if told is None:
            continue
        unit, end = told
        fact = Fact(int(value), field, number.start, end, label + text[number.start : end], 0.0, "", number.open)
        yield Found(fact, (unit, *_refused(text, number, end)))
        if value < _CREW and _PLUS_SELF.search(text, max(0, number.start - 16), number.start):
            yield Found(replace(fact, value=fact.value + 1, why=f"{fact.why}，另加本人"), (unit, "plus_self"))
        if row and _side_by_side(text, row[-1].end, fact.start):
            row.append(fact)
            start = row[0].start
            whole = replace(fact, value=sum(one.value for one in row), start=start, why=label + text[start:end])
            yield Found(whole, (unit, "joined", f"joined.{min(len(row), 4)}"), made=True)
        else:
            row = [fact]
    for couple in headcounts.COUPLE.finditer(text):
        size = headcounts.COUPLE_OF.get(couple["many"] or "", 2)
        yield Found(Fact(size, field, couple.start(), couple.end(), label + couple.group(), 0.0), ("unit.couple",))


def _refused(text: str, number: Number, end: int) -> list[str]:
    """Signs that those counted are surely not workers unpaid: police, customers, who came to look."""
    left, right = sentence_of(text, number.start, end)
    before, behind = text[max(left, number.start - 24) : number.start], text[number.end : min(right, number.end + 16)]
    clause_left, clause_right = clause_of(text, number.start, end)
    signs = (
        ("refused.came", headcounts.is_visiting_or_staff(before)),
        ("refused.others", persons.is_no_count(before[-16:], behind, text[clause_left:clause_right])),
        ("refused.behind", bool(headcounts.REFUSED.match(behind))),
        ("refused.before", bool(headcounts.NOT_BEFORE.search(before))),
    )
    return [name for name, holds in signs if holds]


def _side_by_side(text: str, start: int, end: int) -> bool:
    """97人、后勤35人: one count right behind the other."""
    between = text[start:end]
    return 0 <= end - start <= 10 and (not between or bool(_JOIN.search(between))) and not _STOP.search(between)


def _unit(text: str, number: Number) -> tuple[str, int] | None:
    """Which unit makes a number a count of persons, and where its words end."""
    pair = headcounts.PAIRED.match(text, number.start)
    if pair:
        return "unit.couple", pair.end()
    unit = _UNIT.match(text, number.end)
    if unit:
        return _with_unit(text, number.end, unit)
    bare = WORKER.match(text, number.end)
    if bare:
        return "unit.bare", bare.end()
    led = _COUNTED_BEFORE.search(text, max(0, number.start - 14), number.start)
    return ("unit.led", number.end) if led and _COUNT_ENDS.match(text, number.end) else None


def _with_unit(text: str, start: int, unit: re.Match[str]) -> tuple[str, int] | None:
    if _NO_PERSON.match(text, start):
        return None
    persons = text.startswith("人", unit.end())
    if unit.group() == "个" and not persons and not _SOMEBODY.match(text, unit.end()):
        return None
    if unit.group() in ("名", "位", "个"):
        kind = _KIND.match(text, unit.end())
        if kind:
            return f"unit.{'个' if unit.group() == '个' else '名'}+worker", kind.end()
    return f"unit.{unit.group()[-1]}", unit.end() + persons


def _alone(title: Reading, text: Reading, label: str) -> list[Candidate]:
    """One person telling or told of, and those told by name or kinship."""
    found: list[Candidate] = []
    head, whole = title.view.text, text.view.text
    both = f"{head}\n{whole}"
    told, subject = singles.single(title, text), singles.by_subject(title, text)
    plural, first = len(_PLURAL.findall(both)), len(_I.findall(whole))
    marks = {
        "one": 1.0,
        "one.plural": min(plural, 4) / 4,
        "one.no_plural": float(not plural),
        "one.first_person": min(first, 3) / 3,
        "one.first_alone": float(first > 0 and not plural),
        "one.in_title": float(bool(_ONE_PERSON.search(head))),
        "one.opens": float(bool(_ONE_PERSON.search(whole[:40]))),
        "one.vague_workers": float(bool(VAGUE_WORKERS.search(both))),
        "one.vague": float(bool(VAGUE.search(both))),
    }
    seat: Fact | None = None
    for fact, name in ((told, "told"), (subject, "subject")):
        if fact and fact.value > 1:
            found.append(Candidate(fact, {f"single.{name}.many": 1.0}))
        elif fact:
            marks[f"one.{name}"] = 1.0
            seat = seat or fact
    seat = seat or _seat(head, whole, label)
    if seat:
        found.append(Candidate(seat, {name: value for name, value in marks.items() if value}))
    return found


def _seat(head: str, whole: str, label: str) -> Fact | None:
    """Where one person is told of."""
    fields: tuple[tuple[Field, re.Match[str] | None], ...] = (
        ("title", _ONE_PERSON.search(head)),
        ("text", _I.search(whole) or _ONE_PERSON.search(whole)),
    )
    return next((Fact(1, name, one.start(), one.end(), f"{label}单人", 0.0) for name, one in fields if one), None)
