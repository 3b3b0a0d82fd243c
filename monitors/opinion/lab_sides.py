"""The two sides of a trial (现行规则、草稿): how each judges, and which reports the two can judge differently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from monitors.errors import InputError
from monitors.opinion import rule_judge, rule_sets
from monitors.opinion.judge import Judge, Report
from monitors.opinion.lab_thresholds import BY_NAME
from monitors.opinion.lexicon import Lexicon
from monitors.opinion.mentions import read
from monitors.opinion.model import LEVEL_NAMES, Judgement
from monitors.opinion.normalise import view
from monitors.opinion.rule_grammar import Rule
from monitors.opinion.rule_match import Hit, Matcher, Origin
from monitors.opinion.rule_sets import Draft, RuleSet
from monitors.settings import Settings

_RELEVANCE = BY_NAME["judge.relevance_threshold"]
_WORDS = 3  # of a rule's words shown in a reason


class _Even:
    """SnowNLP left out: the tone of a report moves no level, and costs as much as all the rest."""

    def score(self, texts: Sequence[str]) -> list[float]:
        return [0.5] * len(texts)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two. ``changed``: its keyword rules that the other has not word for word; ``spellings``: aliases too.

    ``evasive``: the words that stand for others, all that rules ask of a lexicon. ``levels``: all that a story's level
    and alert follow from beside its reports.
    """

    settings: Settings
    judge: Judge
    evasive: Lexicon
    changed: Matcher
    spellings: tuple[str, ...]

    @property
    def levels(self) -> Any:
        return self.settings.severity

    @property
    def threshold(self) -> float:
        return self.settings.judge.relevance_threshold

    def judge_many(self, reports: Sequence[Report]) -> list[Judgement]:
        """One judgement for each report."""
        return self.judge.judge_many(reports)

    def hits(self, row: Any) -> dict[str, Hit]:
        """Its changed rules that hit the stored report, by name."""
        if not self.changed.rules:
            return {}
        limit = self.settings.judge.max_chars
        document = read(row.title, self.evasive), read(row.text[:limit], self.evasive)
        found = self.changed.find(*document, origin=origin(row), region=row.region, scope=row.scope)
        return {hit.rule.name: hit for hit in found}


def origin(row: Any) -> Origin:
    """By which source the stored report came."""
    return Origin(row.source_id, row.source_name, row.group_name, row.outlet)


def pair(settings: Settings, present: RuleSet, draft: Draft) -> tuple[Side, Side]:
    """The rules in force and the draft.

    Raises:
        InputError: the draft has faults.
    """
    rules = rule_sets.check(draft, settings)
    try:
        standing = present.rules
    except InputError:  # saved under another release: the watch judges by the spare ones too
        spare = present.spare or rule_sets.EMPTY
        standing, present = spare.rules, RuleSet(present.id, replace(present.draft, text=spare.draft.text))
    drafted = RuleSet(0, draft)
    judge = rule_judge.under(settings, present, scorer=_Even())
    old = _side(judge, present.draft, standing, draft, rules)
    return old, _side(rule_judge.under(settings, drafted, like=judge), draft, rules, present.draft, standing)


def _side(judge: Judge, own: Draft, rules: Sequence[Rule], other: Draft, others: Sequence[Rule]) -> Side:
    said = {replace(rule, line=0) for rule in others}
    changed = [rule for rule in rules if replace(rule, line=0) not in said]
    spelt = {(alias.word, alias.means) for alias in other.aliases}
    words = tuple(alias.word for alias in own.aliases if (alias.word, alias.means) not in spelt)
    evasive = Lexicon(term for term in rule_sets.lexicon_under(own.aliases).terms if term.group == "evasive")
    return Side(judge.settings, judge, evasive, Matcher(changed), words)


def touched(row: Any, old: Side, new: Side) -> tuple[str, ...]:
    """Why the two may judge the stored report differently, in words; nothing where they cannot."""
    found: list[str] = []
    before, after = old.hits(row), new.hits(row)
    for name, hit in after.items():
        level = "列入关注" if hit.rule.level == "关注" else f"不低于{LEVEL_NAMES[hit.rule.level]}"
        found.append(f"规则“{name}”命中“{'”“'.join(hit.words[:_WORDS])}”，{level}")
    found += [f"不再命中规则“{name}”" for name in before if name not in after]
    if (row.relevance >= old.threshold) != (row.relevance >= new.threshold):
        was, now = _RELEVANCE.shown(old.threshold), _RELEVANCE.shown(new.threshold)
        found.append(f"相关评分 {row.relevance:.2f}，门槛由 {was} 改为 {now}")
    if old.spellings or new.spellings:
        text = view(f"{row.title}\n{row.text[: new.settings.judge.max_chars]}").text
        for words, told in ((new.spellings, "别名"), (old.spellings, "去掉的别名")):
            found += [f"{told}“{word}”" for word in words if view(word).text in text]
    return tuple(dict.fromkeys(found))
