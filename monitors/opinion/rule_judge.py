"""The judge of a version of the office's rules (现行规则的研判), and how a new version comes into force while it works.

A text saved under another release, or changed by another hand, may not read here: then the keyword rules of the last
version that reads judge instead and that is said aloud; thresholds and spellings still count. The watch must not stop.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy import Connection

from monitors.errors import InputError
from monitors.opinion import rule_sets
from monitors.opinion.judge import Judge, Report, Scores
from monitors.opinion.model import Judgement
from monitors.opinion.rule_match import Matcher
from monitors.opinion.rule_sets import RuleSet
from monitors.settings import Settings

log = logging.getLogger(__name__)


def under(settings: Settings, rule_set: RuleSet, *, scorer: Scores | None = None, like: Judge | None = None) -> Judge:
    """The judge that judges by this version. ``like``: another judge, whose dearly loaded parts it shares.

    Raises:
        RulesError: the version's keyword rules do not read here.
    """
    return _built(settings, rule_set, Matcher(rule_set.rules), rule_set.mark, scorer, like)


def present(connection: Connection, settings: Settings, *, scorer: Scores | None = None) -> Judge:
    """The judge in force, with the last keyword rules that read here."""
    return _standing(settings, rule_sets.in_force(connection), scorer, None)


class Presiding:
    """Judges by the version in force; another is taken up by one assignment, between two batches."""

    def __init__(self, settings: Settings, rule_set: RuleSet, *, scorer: Scores | None = None) -> None:
        self._settings = settings
        self._rule_set = rule_set
        self._judge = _standing(settings, rule_set, scorer, None)

    @property
    def rule_set(self) -> RuleSet:
        """The version it judges by."""
        return self._rule_set

    @property
    def version(self) -> str:
        """As ``Judge.version``."""
        return self._judge.version

    def judge_many(self, reports: Sequence[Report]) -> list[Judgement]:
        """As ``Judge.judge_many``; a batch is judged by one version throughout."""
        return self._judge.judge_many(reports)

    def take_up(self, rule_set: RuleSet) -> None:
        """Judge by this version from the next batch on."""
        self._judge, self._rule_set = _standing(self._settings, rule_set, None, self._judge), rule_set


def _standing(settings: Settings, rule_set: RuleSet, scorer: Scores | None, like: Judge | None) -> Judge:
    try:
        return under(settings, rule_set, scorer=scorer, like=like)
    except InputError as error:
        spare = rule_set.spare or rule_sets.EMPTY
        log.error(  # noqa: TRY400 - the faults say it all
            "rule set %d does not read here, keyword rules of %d judge instead: %s", rule_set.id, spare.id, error
        )
        instead = f"关键词沿用第 {spare.id} 版" if spare.id else "关键词规则未生效"
        return _built(settings, rule_set, Matcher(spare.rules), f"{rule_set.mark}（{instead}）", scorer, like)


def _built(  # noqa: PLR0917 - the parts of a judge
    settings: Settings, rule_set: RuleSet, rules: Matcher, mark: str, scorer: Scores | None, like: Judge | None
) -> Judge:
    settings, lexicon = rule_sets.settings_under(settings, rule_set), rule_sets.lexicon_under(rule_set.draft.aliases)
    if like is not None:
        return like.under(settings, lexicon=lexicon, rules=rules, mark=mark)
    return Judge(settings, scorer=scorer, lexicon=lexicon, rules=rules, mark=mark)
