"""Rules in words and as HTML: what a rule asks for, what it does, and what differs between two sets."""

from __future__ import annotations

from collections.abc import Sequence

from monitors.opinion import lab_diff
from monitors.opinion.lab_diff import Line
from monitors.opinion.model import LEVEL_NAMES
from monitors.opinion.rule_grammar import Near, Rule, Term, Word
from monitors.opinion.rule_sets import Draft
from monitors.regions import divisions
from pages.markup import Html, joined, tag

_SHOWN = 12  # words of one rule in the list beside the editor


def rules_html(rules: Sequence[Rule]) -> Html:
    """The list beside the editor: each rule with where it looks, what it does and its first words."""
    if not rules:
        return tag("div", tag("p", "还没有关键词规则，一律按模型研判。", class_="muted"), class_="dossier")
    rows = [
        tag(
            "tr",
            tag("td", tag("strong", rule.name), tag("br"), tag("span", f"第 {rule.line} 行", class_="muted")),
            tag("td", asks(rule)),
            tag("td", scope(rule)),
            tag("td", effect(rule)),
        )
        for rule in rules
    ]
    head = tag("tr", *(tag("th", name) for name in ("规则", "要找的", "范围", "命中后")))
    return tag("div", tag("table", head, *rows), class_="dossier")


def asks(rule: Rule) -> str:
    """What must stand in a report and what must not."""
    parts = []
    if rule.some:
        parts.append(f"任一：{_terms(rule.some)}")
    parts += [f"必有：{_terms(line, '或')}" for line in rule.every]
    if rule.never:
        parts.append(f"不得有：{_terms(rule.never)}")
    return "；".join(parts)


def scope(rule: Rule) -> str:
    """Where the rule looks."""
    parts = []
    if rule.fields != ("title", "text"):
        parts.append("只看标题" if rule.fields == ("title",) else "只看正文")
    if rule.sources:
        parts.append(f"来源 {'、'.join(rule.sources)}")
    if rule.platforms:
        parts.append(f"平台 {'、'.join(rule.platforms)}")
    if rule.regions:
        parts.append("地区 " + "、".join(divisions.full_name(one) if one.isdigit() else one for one in rule.regions))
    return "；".join(parts) or "不限"


def effect(rule: Rule) -> str:
    """What follows where it hits."""
    level = "列入关注" if rule.level == "关注" else f"不低于{LEVEL_NAMES[rule.level]}"
    return f"{level}；标签 {'、'.join(rule.tags)}" if rule.tags else level


def _terms(terms: Sequence[Term], word: str = "、") -> str:
    shown = word.join(_term(term) for term in terms[:_SHOWN])
    return f"{shown} 等 {len(terms)} 个" if len(terms) > _SHOWN else shown


def _term(term: Term) -> str:
    if isinstance(term, Word):
        return term.written
    if isinstance(term, Near):
        return f"“{'”“'.join(word.written for word in term.words)}”相隔不超过 {term.gap} 字"
    return f"/{term.written}/"


def differences(before: Draft, after: Draft) -> Html:
    """What the newer set changes, in three parts; one sentence where nothing differs."""
    parts = (
        ("关键词规则", lab_diff.text(before, after)),
        ("门槛", lab_diff.thresholds(before, after)),
        ("别名", lab_diff.aliases(before, after)),
    )
    blocks = [joined(tag("h4", name), tag("div", *(_line(one) for one in lines))) for name, lines in parts if lines]
    return tag("div", *(blocks or [tag("p", "没有差别。", class_="muted")]), class_="dossier rules-diff")


def _line(one: Line) -> Html:
    kind = {"+": "added", "-": "removed"}.get(one.mark, "same")
    sign = {"+": "＋", "-": "－"}.get(one.mark, "　")
    return tag("div", f"{sign}{one.words}", class_=kind)
