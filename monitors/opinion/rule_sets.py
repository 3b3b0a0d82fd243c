"""The office's own rules (研判规则): keyword rules, thresholds and spellings, each saving a new version, none changed.

The highest version is in force; version 0 is what the product ships with and ``config.toml`` says. ``rule_judge`` makes
the judge of a version; ``effective`` is what everything that reckons levels asks.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Row, insert, select

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.clock import local
from monitors.errors import ConflictError, InputError
from monitors.opinion.lexicon import Lexicon, Term, shipped
from monitors.opinion.normalise import view
from monitors.opinion.rule_grammar import Rule, RulesError, parse
from monitors.settings import Settings
from monitors.settings_faults import expected
from monitors.store import tables as t
from monitors.store.turns import Turn, take

PERMISSION = "rule.edit"
ACTION = "rule.edit"
MAX_ALIASES = 300
MAX_REASON = 500
_OLDER = 20  # versions looked back through for one that reads
_MAX_ALIAS_WORD = 20
_EVASIVE_WEIGHT = 2.0  # as the shipped evasive spellings have

# What may be set beside config.toml: the key of its table, and its name on a screen.
THRESHOLDS: dict[str, str] = {
    "judge.relevance_threshold": "相关门槛",
    "severity.level_1": "I级分数线",
    "severity.level_2": "II级分数线",
    "severity.level_3": "III级分数线",
    "severity.level_4": "IV级分数线",
    "severity.festival_days": "春节前加分的天数",
    "severity.report_days": "首发超过多少天不再报警",
}


@dataclass(frozen=True, slots=True)
class Alias:
    """A spelling of the office's own (变体写法): where ``word`` stands, ``means`` is understood."""

    word: str
    means: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to put in force. ``thresholds``: only what differs from ``config.toml``."""

    text: str = ""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    aliases: tuple[Alias, ...] = ()

    @property
    def digest(self) -> str:
        """Tells two drafts apart: 64 hexadecimal digits."""
        whole = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(whole.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One version. ``id`` 0: as shipped; ``figures``: what the laboratory measured before it was saved.

    ``spare``: where its keyword rules do not read (another release saved them, or another hand), the newest older
    version whose do; its keyword rules judge instead.
    """

    id: int
    draft: Draft
    at: datetime | None = None
    by: str = ""
    reason: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    spare: RuleSet | None = None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The keyword rules, read anew.

        Raises:
            RulesError: saved under another release, they do not read here.
        """
        return parse(self.draft.text)

    @property
    def mark(self) -> str:
        """What a judgement's version says of it; ``""`` for what is shipped."""
        return f"规则集 {self.id}" if self.id else ""


EMPTY = RuleSet(0, Draft())


def in_force(connection: Connection) -> RuleSet:
    """The version in force; ``EMPTY`` where the office never saved any."""
    row = connection.execute(select(t.rule_set).order_by(t.rule_set.c.id.desc()).limit(1)).one_or_none()
    if row is None:
        return EMPTY
    found = _read(row)
    return found if _reads(found.draft.text) else replace(found, spare=_spare(connection, found.id))


def unread(connection: Connection) -> str:
    """What of the version in force does not read here, in words for the operator; ``""`` where all does."""
    found = in_force(connection)
    if found.spare is None:
        return ""
    instead = f"沿用第 {found.spare.id} 版的关键词规则" if found.spare.id else "暂不用任何关键词规则"
    return f"第 {found.id} 版研判规则的关键词规则读不出，{instead}"


def get(connection: Connection, rule_set_id: int) -> RuleSet:
    """One version, 0 included.

    Raises:
        InputError: there is none of that number.
    """
    if rule_set_id == 0:
        return EMPTY
    row = connection.execute(select(t.rule_set).where(t.rule_set.c.id == rule_set_id)).one_or_none()
    if row is None:
        raise InputError(f"没有第 {rule_set_id} 版研判规则")
    return _read(row)


def history(connection: Connection, *, limit: int = 50) -> tuple[RuleSet, ...]:
    """The saved versions, the newest first. To go back to one, save its draft again."""
    rows = connection.execute(select(t.rule_set).order_by(t.rule_set.c.id.desc()).limit(limit))
    return tuple(_read(row) for row in rows)


def check(draft: Draft, settings: Settings) -> tuple[Rule, ...]:
    """The draft's keyword rules, where the whole draft holds.

    Raises:
        RulesError: the keyword rules have faults, each with its line.
        InputError: a threshold or a spelling is wrong; all faults, a line each.
    """
    faults = [*_wrong_thresholds(draft.thresholds, settings), *_wrong_aliases(draft.aliases)]
    if faults:
        raise InputError("\n".join(faults))
    return parse(draft.text)


def save(  # noqa: PLR0917 - the draft, what is said of it, and what it was made from
    connection: Connection,
    actor: Actor,
    draft: Draft,
    reason: str,
    figures: Mapping[str, Any],
    expected_id: int,
    *,
    settings: Settings,
    now: datetime,
) -> int:
    """Put a draft in force as a new version; returns its number. ``expected_id``: the version it was made from.

    Raises:
        RefusedError: the role may not change rules.
        InputError: the draft has faults, the reason is too long, or nothing differs from what is in force.
        ConflictError: somebody else saved meanwhile; the message says who and when.
    """
    actor.require(PERMISSION, kind="rule_set", target=str(expected_id))
    rules = check(draft, settings)
    reason = reason.strip()
    if len(reason) > MAX_REASON:
        raise InputError(f"修改原因最多 {MAX_REASON} 个字，现在有 {len(reason)} 个")
    draft = _plain(draft, settings)
    take(connection, Turn.RULES)
    before = in_force(connection)
    if before.id != expected_id:
        who = f"由 {before.by} 于 {local(before.at):%m-%d %H:%M} 改过" if before.at else "变动"
        raise ConflictError(f"研判规则已{who}（第 {before.id} 版），您的修改未保存，请刷新后在新版上再改")
    if draft == before.draft:
        raise InputError("规则、门槛和别名与现行的相同，没有需要保存的修改")
    number: int = connection.execute(
        insert(t.rule_set)
        .values(
            at=now,
            by_id=actor.account_id,
            by=actor.display[:60],
            reason=reason,
            **stored(draft),
            figures=dict(figures),
        )
        .returning(t.rule_set.c.id)
    ).scalar_one()
    audit.append(
        connection,
        actor,
        ACTION,
        at=now,
        kind="rule_set",
        target=str(number),
        before=_told(before.draft, before.id),
        after=_told(draft, number) | {"rules": len(rules), "reason": reason},
    )
    return number


def stored(draft: Draft) -> dict[str, Any]:
    """The draft as columns or JSON keep it: ``text``, ``thresholds``, ``aliases``."""
    return {
        "text": draft.text,
        "thresholds": dict(draft.thresholds),
        "aliases": [asdict(alias) for alias in draft.aliases],
    }


def restored(kept: Mapping[str, Any]) -> Draft:
    """The draft from what ``stored`` gave."""
    aliases = tuple(Alias(one["word"], one["means"], one.get("note", "")) for one in kept["aliases"])
    return Draft(kept["text"], dict(kept["thresholds"]), aliases)


def settings_under(settings: Settings, rule_set: RuleSet) -> Settings:
    """The settings with the version's thresholds; what does not hold beside a changed ``config.toml`` is left out."""
    return _under(settings, rule_set.draft.thresholds)


def effective(connection: Connection, settings: Settings) -> Settings:
    """The settings with the thresholds in force: one small query, for whatever reckons levels."""
    chosen = select(t.rule_set.c.thresholds).order_by(t.rule_set.c.id.desc()).limit(1)
    return _under(settings, _numbers(connection.scalar(chosen)))


def lexicon_under(aliases: Sequence[Alias]) -> Lexicon:
    """The shipped words with the office's own spellings, which win over shipped ones."""
    return _lexicon(tuple(aliases)) if aliases else shipped()


def value_of(settings: Settings, name: str) -> float:
    """The value of one of ``THRESHOLDS`` in these settings."""
    table, key = name.split(".")
    value: float = getattr(getattr(settings, table), key)
    return value


@lru_cache(maxsize=4)
def _lexicon(aliases: tuple[Alias, ...]) -> Lexicon:
    own = {
        form: Term(form, "evasive", _EVASIVE_WEIGHT, view(alias.means).text, note=alias.note)
        for alias in aliases
        if (form := view(alias.word).text)
    }
    kept = (term for term in shipped().terms if term.group != "evasive" or term.text not in own)
    return Lexicon((*kept, *own.values()))


@lru_cache(maxsize=1)
def _ordinary() -> frozenset[str]:
    """The lexicon's words that mean what they say: a spelling of something else would blind the judge to them."""
    return frozenset(term.text for term in shipped().terms if term.group != "evasive")


def _read(row: Row[Any]) -> RuleSet:
    """The version as far as it reads: what another hand wrote into the database must not stop the watch."""
    aliases = tuple(
        Alias(str(one["word"]), str(one["means"]), str(one.get("note", "")))
        for one in (row.aliases if isinstance(row.aliases, list) else ())
        if isinstance(one, dict) and {"word", "means"} <= one.keys()
    )
    figures = row.figures if isinstance(row.figures, dict) else {}
    return RuleSet(row.id, Draft(row.text, _numbers(row.thresholds), aliases), row.at, row.by, row.reason, figures)


def _numbers(thresholds: object) -> dict[str, float]:
    """The thresholds that are numbers."""
    if not isinstance(thresholds, dict):
        return {}
    return {
        str(name): value
        for name, value in thresholds.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


@lru_cache(maxsize=8)
def _reads(text: str) -> bool:
    try:
        parse(text)
    except RulesError:
        return False
    return True


def _spare(connection: Connection, before: int) -> RuleSet:
    """The newest version before this one whose keyword rules read; ``EMPTY`` where none of the last does."""
    older = connection.execute(
        select(t.rule_set).where(t.rule_set.c.id < before).order_by(t.rule_set.c.id.desc()).limit(_OLDER)
    )
    return next((one for one in map(_read, older) if _reads(one.draft.text)), EMPTY)


def _plain(draft: Draft, settings: Settings) -> Draft:
    """The draft as it is kept: thresholds that say what ``config.toml`` says are none."""
    differing = {
        name: int(value) if isinstance(value_of(settings, name), int) else value
        for name, value in sorted(draft.thresholds.items())
        if value != value_of(settings, name)
    }
    text = "\n".join(line.rstrip() for line in draft.text.replace("\0", "").splitlines())
    aliases = tuple(Alias(one.word.strip(), one.means.strip(), one.note.strip()) for one in draft.aliases)
    return Draft(text, differing, aliases)


def _told(draft: Draft, number: int) -> dict[str, Any]:
    return {
        "version": number,
        "digest": draft.digest[:16],
        "thresholds": dict(draft.thresholds),
        "aliases": len(draft.aliases),
    }


def _tables(settings: Settings, thresholds: Mapping[str, float]) -> dict[str, Any]:
    """The tables of the settings with the thresholds in them, checked by the very models of ``config.toml``.

    Raises:
        ValidationError: a value is out of its bounds, or the levels do not descend.
    """
    changed: dict[str, dict[str, float]] = {}
    for name, value in thresholds.items():
        table, key = name.split(".")
        whole = isinstance(value_of(settings, name), int) and float(value).is_integer()
        changed.setdefault(table, {})[key] = int(value) if whole else value
    tables = {}
    for table, values in changed.items():
        present = getattr(settings, table)
        tables[table] = type(present).model_validate({**present.model_dump(), **values})
    return tables


def _under(settings: Settings, thresholds: Mapping[str, float]) -> Settings:
    known = {name: value for name, value in thresholds.items() if name in THRESHOLDS}
    if not known:
        return settings
    try:
        return settings.model_copy(update=_tables(settings, known))
    except ValidationError:
        return settings


def _wrong_thresholds(thresholds: Mapping[str, float], settings: Settings) -> list[str]:
    unknown = [name for name in thresholds if name not in THRESHOLDS]
    if unknown:
        return [f"没有“{name}”这个门槛" for name in unknown]
    try:
        _tables(settings, thresholds)
    except ValidationError as error:
        table = error.title.lower()
        return [
            THRESHOLDS[f"{table}.{problem['loc'][0]}"] + expected(problem)
            if problem["loc"]
            else "四级的分数线须从 I 级到 IV 级依次减小"
            for problem in (dict[str, Any](one) for one in error.errors())
        ]
    return []


def _wrong_aliases(aliases: Sequence[Alias]) -> list[str]:
    faults: list[str] = []
    seen: set[str] = set()
    if len(aliases) > MAX_ALIASES:
        faults.append(f"别名共 {len(aliases)} 个，最多 {MAX_ALIASES} 个")
    for number, alias in enumerate(aliases[:MAX_ALIASES], start=1):
        word, means = view(alias.word.strip()).text, view(alias.means.strip()).text
        said = f"别名第 {number} 行“{alias.word.strip()[:_MAX_ALIAS_WORD]}”"
        if not 2 <= len(word) <= _MAX_ALIAS_WORD:
            faults.append(f"{said}：写法应为 2–{_MAX_ALIAS_WORD} 个字")
        elif not 2 <= len(means) <= _MAX_ALIAS_WORD:
            faults.append(f"{said}：含义应为 2–{_MAX_ALIAS_WORD} 个字")
        elif word == means:
            faults.append(f"{said}：写法与含义相同，不用写")
        elif word in _ordinary():
            faults.append(f"{said}：这是词库里的词，不能当作别的词的变体")
        elif word in seen:
            faults.append(f"{said}：写法重复，请只留一行")
        seen.add(word)
    return faults
