"""Sources that keyword rules name and nobody bears (来源、平台写错): said when a rule is tried and saved, not refused.

A source may be entered after its rule, so a name nobody bears is a remark and no fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice

from rapidfuzz import fuzz, process
from sqlalchemy import Connection, select

from monitors.opinion.normalise import fold
from monitors.opinion.rule_grammar import Rule, RulesError, parse
from monitors.store import tables as t

MOST = 20  # remarks; more would be one mistake made everywhere
_LIKE = 50  # of 100: two characters of a name of four


def unknown(connection: Connection, text: str) -> tuple[str, ...]:
    """A remark for each 来源 and 平台 of the rules of ``text`` that no source answers to, with the nearest that does.

    Nothing where the rules have faults, which are told by themselves.
    """
    rules = _naming(text)
    if not rules:
        return ()
    one = t.source.c
    rows = connection.execute(select(one.id, one.name, one.group_name, one.outlet).order_by(one.id)).all()
    return remarks(rules, dict.fromkeys(name for row in rows for name in row if name))


def remarks(rules: Sequence[Rule], names: Iterable[str]) -> tuple[str, ...]:
    """``unknown`` of these rules where sources are called so (by number, name, group or outlet); at most ``MOST``."""
    return tuple(islice(_remarks(rules, {name: fold(name) for name in names}), MOST))


def _remarks(rules: Sequence[Rule], borne: Mapping[str, str]) -> Iterator[str]:
    for rule in rules:
        for piece in rule.sources:
            if piece not in borne:
                yield f"规则“{rule.name}”的“来源：{piece}”：没有这个来源{_nearest(piece, borne)}"
        for piece in rule.platforms:
            if not any(piece in name for name in borne):
                yield f"规则“{rule.name}”的“平台：{piece}”：没有来源的名称含有这几个字{_nearest(piece, borne)}"


@lru_cache(maxsize=8)
def _naming(text: str) -> tuple[Rule, ...]:
    """The rules of the text that name sources; kept, for a page asks every two seconds."""
    try:
        return tuple(rule for rule in parse(text) if rule.sources or rule.platforms)
    except RulesError:
        return ()


def _nearest(piece: str, borne: Mapping[str, str]) -> str:
    """The source that may be meant, as a question; its spelling is compared without regard to case and width."""
    best = process.extractOne(fold(piece), borne, scorer=fuzz.ratio, score_cutoff=_LIKE)
    return f"，是否指“{best[2]}”" if best else ""
