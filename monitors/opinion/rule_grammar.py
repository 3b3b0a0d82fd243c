"""Keyword rules as a duty officer writes them (关键词规则): their text → frozen ``Rule``s, or all its faults.

One block per rule, its name first; ``docs/rules.zh.md`` tells the grammar to those who write it. What a rule may cost
is limited here, so that whatever can be saved can be matched.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from monitors.errors import InputError
from monitors.opinion import rule_patterns
from monitors.opinion.model import LEVELS, Level
from monitors.opinion.normalise import view
from monitors.opinion.rule_patterns import Pattern, PatternError
from monitors.regions import divisions
from monitors.regions.divisions import Division

MAX_TEXT = 100_000
MAX_RULES = 500
MAX_TERMS = 300  # words, patterns and pairs of one rule
MAX_ALL = 20_000  # of all rules
MAX_ALL_STEPS = 10_000  # of all patterns together, see rule_patterns
MAX_WORD = 40
MAX_NAME = 30
MAX_GAP = 200
MAX_NEAR = 5
ANYWHERE, ABROAD, NOWHERE = "不限", "外省", "未定位"  # places that are no division

Field = Literal["title", "text"]
_FIELDS: dict[str, tuple[Field, ...]] = {"标题": ("title",), "正文": ("text",), "全部": ("title", "text")}
_KEYS = ("字段", "来源", "平台", "地区", "级别", "标签")
_UNSEEN = re.compile("[\0\u200b\u200c\u2060\ufeff\ud800-\udfff]")  # pasted along, and nobody could find it
_HEAD = re.compile(r"[【\[［](.{0,200})[】\]］]")
_KEYED = re.compile(r"([^\s:：/\"“”]{1,8})\s{0,8}[:：](.{0,2000})")
_NEAR = re.compile(r"近\s{0,8}[(（]\s{0,8}([0-9]{1,4})\s{0,8}[)）]\s{0,8}[:：]?(.{0,2000})")
_PIECE = re.compile(r"[\"“”]([^\"“”]{0,200})[\"“”]|([^\s、，,；;|｜\"“”]{1,2000})")
_LEVEL = re.compile(r"(I{1,3}|IV|关注|[1-4ⅠⅡⅢⅣ]|[一二三四])\s?级?(?:及以上|以上)?[\s红橙黄蓝]{0,3}")
_NUMERALS: dict[str, Level] = {
    **dict.fromkeys(("1", "Ⅰ", "一"), "I"), **dict.fromkeys(("2", "Ⅱ", "二"), "II"),
    **dict.fromkeys(("3", "Ⅲ", "三"), "III"), **dict.fromkeys(("4", "Ⅳ", "四"), "IV"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """One word: ``written`` by the officer, ``form`` in comparable characters (see ``normalise``)."""

    written: str
    form: str


@dataclass(frozen=True, slots=True)
class Near:
    """All of ``words`` in one field in any order, at most ``gap`` characters between them in all."""

    gap: int
    words: tuple[Word, ...]


Term = Word | Near | Pattern


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: hits where one of ``some`` stands (if there are any), one of each of ``every``, none of ``never``.

    All of that within ``fields``. ``sources``: identifiers, groups, outlets or names; ``platforms``: parts of those;
    ``regions``: codes, or 不限, 外省, 未定位; each empty: everywhere. ``level``: at least so grave, 关注: list only.
    ``line``: of its name in the text, counted from 1.
    """

    name: str
    line: int
    some: tuple[Term, ...] = ()
    every: tuple[tuple[Term, ...], ...] = ()
    never: tuple[Term, ...] = ()
    fields: tuple[Field, ...] = ("title", "text")
    sources: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    level: Level = "关注"
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one line (from 1; 0: the whole text) and what to write instead."""

    line: int
    words: str

    def __str__(self) -> str:
        return f"第 {self.line} 行：{self.words}" if self.line else self.words


class RulesError(InputError):
    """The text of the rules has faults; ``faults`` in the order of its lines. Nothing was saved."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


class _LineError(Exception):
    """One line is wrong; the words say what to write instead."""


def parse(text: str) -> tuple[Rule, ...]:
    """The rules of a text, in order; none of an empty one.

    Raises:
        RulesError: all faults, each with its line.
    """
    if len(text) > MAX_TEXT:
        raise RulesError([Fault(0, f"规则共 {len(text)} 字，最多 {MAX_TEXT} 字")])
    faults: list[Fault] = []
    rules = [_rule(block, faults) for block in _blocks(text.splitlines(), faults)]
    faults += _together(rules)
    if faults:
        raise RulesError(sorted(faults, key=lambda fault: fault.line))
    return tuple(rules)


def terms(rule: Rule) -> Iterator[Term]:
    """Every word, pair and pattern of the rule."""
    yield from rule.some
    for line in rule.every:
        yield from line
    yield from rule.never


@dataclass(frozen=True, slots=True)
class _Block:
    name: str
    line: int
    lines: tuple[tuple[int, str], ...]


def _blocks(lines: Sequence[str], faults: list[Fault]) -> Iterator[_Block]:
    """The blocks with their names; a comment parts nothing, a blank line ends a rule."""
    name, start, held = "", 0, list[tuple[int, str]]()
    orphaned = False  # lines without a name are told once per block
    for number, raw in enumerate([*lines, ""], start=1):
        line = _UNSEEN.sub("", raw).strip(" \t\r\u3000")
        if line[:1] in ("#", "＃"):
            continue
        header = _HEAD.fullmatch(line)
        if (not line or header) and start:
            yield _Block(name, start, tuple(held))
            start = 0
        if header:
            name, start, held = header[1].strip(), number, []
            if not name or len(name) > MAX_NAME:
                faults.append(Fault(number, f"规则名称应为 1–{MAX_NAME} 个字，如【跨县讨薪车队】"))
        elif line and start:
            held.append((number, line))
        elif line and not orphaned:
            faults.append(Fault(number, "这一段没有名称：请在前面加一行【名称】；若属于上一条规则，请删去中间的空行"))
        orphaned = bool(line) and not start


def _rule(block: _Block, faults: list[Fault]) -> Rule:
    draft = _Draft()
    before = len(faults)
    for number, line in block.lines:
        try:
            draft.read(line)
        except (_LineError, PatternError) as error:
            faults.append(Fault(number, str(error)))
    if len(faults) == before and not draft.some and not draft.every:
        faults.append(Fault(block.line, f"规则“{block.name}”没有要找的词：请至少写一行词、/正则/ 或 +词"))
    rule = draft.rule(block)
    if sum(1 for _ in terms(rule)) > MAX_TERMS:
        faults.append(Fault(block.line, f"规则“{block.name}”的词太多，最多 {MAX_TERMS} 个，请分成几条"))
    return rule


def _together(rules: Sequence[Rule]) -> Iterator[Fault]:
    """What only shows in all rules together."""
    seen: dict[str, int] = {}
    for rule in rules:
        if rule.name in seen and rule.name:
            yield Fault(rule.line, f"名称“{rule.name}”与第 {seen[rule.name]} 行的规则重复，请换一个")
        seen.setdefault(rule.name, rule.line)
    if len(rules) > MAX_RULES:
        yield Fault(0, f"共 {len(rules)} 条规则，最多 {MAX_RULES} 条，请合并")
    every = [term for rule in rules for term in terms(rule)]
    if len(every) > MAX_ALL:
        yield Fault(0, f"全部规则共 {len(every)} 个词，最多 {MAX_ALL} 个，请精简")
    # A pattern that stands in several rules is run once.
    steps = sum({term.written: term.steps for term in every if isinstance(term, Pattern)}.values())
    if steps > MAX_ALL_STEPS:
        yield Fault(0, "全部正则合起来太费时，请减少正则的条数，或缩小 {} 里的范围")


class _Draft:
    """A rule while its lines are read."""

    def __init__(self) -> None:
        self.some: list[Term] = []
        self.every: list[tuple[Term, ...]] = []
        self.never: list[Term] = []
        self._said: dict[str, str] = {}
        self._fields: tuple[Field, ...] = ("title", "text")
        self._level: Level = "关注"
        self._lists: dict[str, list[str]] = {"来源": [], "平台": [], "地区": [], "标签": []}

    def rule(self, block: _Block) -> Rule:
        lists = {key: tuple(dict.fromkeys(found)) for key, found in self._lists.items()}
        return Rule(
            block.name, block.line, tuple(self.some), tuple(self.every), tuple(self.never), self._fields,
            lists["来源"], lists["平台"], lists["地区"], self._level, lists["标签"],
        )  # fmt: skip

    def read(self, line: str) -> None:
        if line[0] in "+＋":
            self.every.append(tuple(_terms(line[1:].strip())))
        elif line[0] in "!！":
            self.never += _terms(line[1:].strip())
        elif line == "关注":
            self._set("级别", line)
        elif line.startswith("不报警"):
            raise _LineError("没有“不报警”：要排除什么，请写成 !词，它只作用于本条规则")
        elif line[:2] in ("近：", "近:"):
            raise _LineError("应写成 近(10)：甲 乙，括号里是相隔最多几个字")
        elif (keyed := _KEYED.fullmatch(line)) and not _NEAR.fullmatch(line):
            if keyed[1] not in _KEYS:
                raise _LineError(f"没有“{keyed[1]}”这一项，可写{'、'.join(_KEYS)}；要找这几个字本身，请加引号")
            self._set(keyed[1], keyed[2].strip())
        else:
            self.some += _terms(line)

    def _set(self, key: str, value: str) -> None:
        if not value:
            raise _LineError(f"“{key}：”后面是空的，请写上内容或删去这一行")
        if key in ("字段", "级别"):
            if key in self._said:
                raise _LineError(f"“{key}”写了两遍（前面是“{self._said[key]}”），请只留一行")
            self._said[key] = value
        if key == "字段":
            if value not in _FIELDS:
                raise _LineError("字段应为 标题、正文 或 全部")
            self._fields = _FIELDS[value]
        elif key == "级别":
            self._level = _level(value)
        else:
            pieces = [quoted or bare for quoted, bare in _PIECE.findall(value)]
            self._lists[key] += [_region(piece) if key == "地区" else _name(key, piece) for piece in pieces]


def _terms(line: str) -> Iterator[Term]:
    """What one line asks for: a pattern, words near each other, or words."""
    if not line:
        raise _LineError("符号后面是空的，请写上词")
    near = _NEAR.fullmatch(line)
    if near:
        yield _near(int(near[1]), near[2])
    elif line[0] in "/／":
        if len(line) < 2 or line[-1] not in "/／":
            raise _LineError("正则须以斜线开头、斜线结尾，如 /讨薪(队伍|车队)/；大小写本来就不分，后面不用加字母")
        yield rule_patterns.read(line[1:-1])
    elif line[:2] in ("近(", "近（"):
        raise _LineError("应写成 近(10)：甲 乙，括号里是相隔最多几个字")
    else:
        yield from map(_word, _pieces(line))


def _near(gap: int, rest: str) -> Near:
    words = [_word(piece, least=1) for piece in _pieces(rest)] if rest.strip() else []
    if not 0 < gap <= MAX_GAP:
        raise _LineError(f"相隔的字数应为 1–{MAX_GAP}，如 近(10)：塔吊 工人")
    if not 2 <= len(words) <= MAX_NEAR:
        raise _LineError(f"“近”后面应有 2–{MAX_NEAR} 个词，用空格隔开，如 近(10)：塔吊 工人")
    if len({word.form for word in words}) < len(words):
        raise _LineError("“近”后面的词重复了")
    return Near(gap, tuple(words))


def _pieces(line: str) -> list[str]:
    found = [quoted or bare for quoted, bare in _PIECE.findall(line)]
    if not found or line.count('"') % 2 or line.count("“") != line.count("”"):
        raise _LineError("引号不成对或里面是空的，请检查")
    return found


def _word(written: str, *, least: int = 2) -> Word:
    form = view(written.strip()).text.strip()
    if len(form) < least:
        raise _LineError(f"“{written}”只有一个字，会命中太多，请写两个字以上的词")
    if len(form) > MAX_WORD:
        raise _LineError(f"“{written[:10]}…”有 {len(form)} 个字，最多 {MAX_WORD} 个")
    if not any(character.isalnum() or ord(character) > 0x1F000 for character in form):
        raise _LineError(f"“{written}”里没有字，请写要找的词")
    return Word(written.strip(), form)


def _level(value: str) -> Level:
    found = _LEVEL.fullmatch(unicodedata.normalize("NFKC", value).upper())
    if not found:
        raise _LineError(f"级别应为 {'、'.join(LEVELS)} 之一，如 级别：II")
    said = found[1]
    return next((level for level in LEVELS if level == said), _NUMERALS.get(said, "关注"))


def _name(key: str, piece: str) -> str:
    if len(piece) > MAX_WORD:
        raise _LineError(f"{key}“{piece[:10]}…”太长，最多 {MAX_WORD} 个字")
    return piece


@cache
def _divisions_named() -> dict[str, list[Division]]:
    """Divisions by every name people write: 昭通市镇雄县, 镇雄县, 镇雄."""
    found: dict[str, list[Division]] = {}
    for one in divisions.everywhere():
        names = (divisions.full_name(one.code), one.name, divisions.everyday(one), divisions.bare(one))
        for name in dict.fromkeys(names):
            found.setdefault(name, []).append(one)
    return found


def _region(piece: str) -> str:
    """The code of a division named, or one of the words that are no division."""
    if piece in (ANYWHERE, ABROAD, NOWHERE):
        return piece
    if piece.isdecimal():
        code = divisions.current_code(piece)
        if len(code) != 6 or divisions.by_code(code) is None:
            raise _LineError(f"没有区划代码 {piece}，应为六位，如 530600")
        return code
    named = _divisions_named().get(piece, [])
    home = [one for one in named if one.code.startswith("53")] or named
    if not home:
        raise _LineError(f"没有“{piece}”这个地区，请写省、州市或县的名称或代码，也可写 {ANYWHERE}、{ABROAD}、{NOWHERE}")
    highest = min(home, key=lambda one: ("province", "prefecture", "county").index(one.level))
    rivals = [one for one in home if one.level == highest.level]
    if len(rivals) > 1:
        told = "、".join(f"{divisions.full_name(one.code)} {one.code}" for one in rivals[:3])
        raise _LineError(f"叫“{piece}”的地区不止一个（{told}），请写代码")
    return highest.code
