"""Judging a report (研判): one call from text to ``Judgement``. Offline, deterministic, explained.

The rules live in their own rooms (relevance, stance, facts, employers, acts, severity); here they are asked in order,
and ``grounds`` turns their reasons into evidence on the original characters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from monitors.clock import local
from monitors.opinion import acts, grounds, sentiment, stance, trained
from monitors.opinion.lexicon import SHOWN_GROUPS, Lexicon, shipped
from monitors.opinion.mentions import Reading, read
from monitors.opinion.model import ALERT_LEVELS, Judgement, Period, Scope, Severity
from monitors.opinion.normalise import mended
from monitors.opinion.relevance import Document, Relevance, features
from monitors.opinion.rule_effect import gravest, raised
from monitors.opinion.rule_match import Hit, Matcher, Origin
from monitors.opinion.severity import SeverityInputs, assess
from monitors.regions.places import Place, PlaceResolver
from monitors.settings import Settings

MODEL: str = trained.shipped_version()  # of the rules as released; ``Judge.version`` tells those in force
_PUBLIC = re.compile(
    "政府投资|政府工程|政府项目|ppp|国企|央企|国有企业|中铁|中建|中交|中国电建|中电建|中国水电|中国能建|城投|平台公司|市政工程|保障房|棚改|安置房|"
    "公租房|高标准农田|政府|公立医院|教育局|财政"
)
_UNNAMED = Origin()
_MATCHED = 20  # words shown beside a report
_RULES_KEPT, _SPANS_KEPT = 20, 60  # of the rules that hit one report, and of their places
_TITLE = 500  # characters, as entries.py keeps at most: a title typed or piped in may be a book
_CRIME = re.compile("拒不支付劳动报酬|获刑|判刑|有期徒刑|刑拘|刑事拘留|批捕|逮捕|拘役|被抓|落网")
_ENFORCED = re.compile(
    "黑名单|约谈|责令|查处|立案|通报|检察|法院|执行|督办|督查|劳动监察|人社局|支持起诉|追发|处罚|督促"
)
_CLAIMED = re.compile("讨薪|讨要|追讨|讨工|讨回|要回|索要|维权|血汗钱|催要|追索|帮.{0,4}讨")
_OTHERWISE = re.compile("回应|发声|怎么办|如何|怪象|有没有|是什么|能否|教你")


class Scores(Protocol):
    """What gives texts their tone, 0…1 (SnowNLP, or a stand-in)."""

    def score(self, texts: Sequence[str]) -> list[float]: ...


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to judge. ``source_region``: six-digit code of the outlet's home, ``""`` where it has none.

    ``relevant``: what a person said of it, None where nobody has; the threshold then has no say. ``origin``: the source
    it came by, for keyword rules that name some.
    """

    title: str
    text: str
    published: datetime
    source_region: str = ""
    outlet_national: bool = False
    now: datetime | None = None
    relevant: bool | None = None
    origin: Origin = _UNNAMED


class Judge:
    """Threads may share one: nothing changes after construction but the office's own weights, in one assignment.

    ``scorer`` and ``lexicon`` replace SnowNLP's scorer and the shipped lexicon (tests, an office's own words).
    ``rules``: the office's keyword rules; ``mark`` names their version (see ``rule_judge``, which makes both).
    """

    def __init__(
        self,
        settings: Settings,
        *,
        scorer: Scores | None = None,
        lexicon: Lexicon | None = None,
        rules: Matcher | None = None,
        mark: str = "",
    ) -> None:
        self._settings = settings
        self._lexicon = lexicon or shipped()
        self._rules = rules or Matcher(())
        self._mark = f"·{mark}" if mark else ""
        self._weights = trained.Weights(settings)
        self._places = PlaceResolver()
        self._scorer = scorer or _snow_scorer(settings)

    @property
    def version(self) -> str:
        """The version of the model in force, as written on the next judgement; it names the office's rules."""
        return self._weights.present().version + self._mark

    @property
    def settings(self) -> Settings:
        """What it judges by, the office's own thresholds among them."""
        return self._settings

    @property
    def lexicon(self) -> Lexicon:
        """The words it reads by, the office's own spellings among them."""
        return self._lexicon

    def under(self, settings: Settings, *, lexicon: Lexicon, rules: Matcher, mark: str) -> Judge:
        """Another judge under other rules, that shares what is dear to load."""
        other = copy(self)
        other._settings, other._lexicon, other._rules = settings, lexicon, rules  # noqa: SLF001 - its own kind
        other._mark = f"·{mark}" if mark else ""  # noqa: SLF001
        return other

    def judge(
        self,
        title: str,
        text: str,
        *,
        published: datetime,
        source_region: str = "",
        outlet_national: bool = False,
        now: datetime,
    ) -> Judgement:
        """Judge one report; many at once are cheaper with ``judge_many``."""
        return self.judge_many([Report(title, text, published, source_region, outlet_national, now)])[0]

    def judge_many(self, reports: Sequence[Report]) -> list[Judgement]:
        """Judge a batch; SnowNLP is evaluated for all texts at once.

        Titles are read up to 500 characters, texts up to ``judge.max_chars``. That bounds what one report may cost:
        every rule's work grows with the length alone (tests/test_judge_cost.py).
        """
        if not reports:
            return []
        limit = self._settings.judge.max_chars
        reports = [_cut(report, limit) for report in reports]
        tones = self._scorer.score([f"{report.title}\n{report.text}".strip() for report in reports])
        chosen = self._weights.present()
        return [self._one(report, tone, chosen) for report, tone in zip(reports, tones, strict=True)]

    def _one(self, report: Report, tone: float, chosen: trained.Chosen) -> Judgement:
        document = Document(read(report.title, self._lexicon), read(report.text, self._lexicon))
        found = chosen.model.score(features(document))
        place = self._places.resolve(report.title, report.text, source_region=report.source_region)
        hits = self._rules.find(
            document.title, document.text, origin=report.origin, region=place.code, scope=place.scope
        )
        relevant = report.relevant
        if relevant is None:
            relevant = found.value >= self._settings.judge.relevance_threshold or _alarming(hits)
        if relevant:
            judgement = self._relevant(report, found, place, document, tone)
        else:
            judgement = _irrelevant(found, place, document, tone)
            if hits and report.relevant is None:
                # Listed because a rule says so, and no more: what it tells is not taken for a claim of wages.
                judgement = replace(judgement, relevant=True, kind="其他", severity=Severity(0, "关注"))
        return replace(_with_rules(judgement, hits), model=chosen.version + self._mark)

    def _relevant(self, report: Report, found: Relevance, place: Place, document: Document, tone: float) -> Judgement:
        title, text = document.title, document.text
        claim = grounds.told(title, text, local(report.published).date())
        at = claim.stance
        scope: Scope = "背景" if at.policy else place.scope
        people = claim.people.value if claim.people else None
        owed = claim.owed.value if claim.owed else None
        crowd = acts.gathered(title, text, claim.deeds)
        visiting = acts.visiting_province(text, people)
        public = bool(_PUBLIC.search(title.view.text + "\n" + text.view.text[:600]))
        inputs = SeverityInputs(
            acts=claim.codes,
            workers=people,
            amount_fen=owed,
            outlets_24h=1,
            national_outlet=report.outlet_national,
            public_project=public,
            days_to_festival=days_to_festival(self._settings, report.published),
            settled=at.stance == "resolved",
            in_province_claim=scope == "本省" and claim.specific,
            gathered=crowd,
            visiting_province=visiting,
            listed_only=scope in ("背景", "外省"),
        )
        evidence = (*grounds.of_relevance(document), *grounds.of_claim(document, claim), *grounds.of_place(place))
        return Judgement(
            relevant=True,
            relevance=round(found.value, 4),
            sentiment=sentiment.of_wage_report(
                title, text, at.stance, tone, self._settings.judge.snownlp_weight, at.lean
            ),
            snownlp=round(tone, 6),
            stance=at.stance,
            kind=_kind(title, text, at, claim.codes, specific=claim.specific),
            scope=scope,
            region=place.code,
            region_name=place.name,
            workers=people,
            amount_fen=owed,
            employer=claim.employer.name if claim.employer else None,
            severity=assess(inputs, self._settings.severity),
            matched=_matched(title, text),
            acts=claim.codes,
            evidence=tuple(dict.fromkeys(evidence)),
            gathered=crowd,
            visiting_province=visiting,
            public_project=public,
            specific_claim=claim.specific,
            period=grounds.period(claim.period, document),
        )


def _alarming(hits: Sequence[Hit]) -> bool:
    """Whether a rule asks for an alert: then the report is read for all it says, as if the model had found it."""
    return any(hit.rule.level in ALERT_LEVELS for hit in hits)


def _with_rules(judgement: Judgement, hits: Sequence[Hit]) -> Judgement:
    """The judgement with the rules that hit: their words, their places, and their level where it is graver."""
    if not hits:
        return judgement
    told = tuple(hit.told for hit in hits)
    words = [word for hit in hits for word in hit.words]
    spans = [span for hit in hits for span in hit.spans]
    severity = judgement.severity
    if severity is not None:
        severity = raised(severity, gravest(told, judgement.region, judgement.scope))
    return replace(
        judgement,
        rules=told[:_RULES_KEPT],
        matched=tuple(dict.fromkeys((*words, *judgement.matched)))[:_MATCHED],
        evidence=(*judgement.evidence, *spans[:_SPANS_KEPT]),
        severity=severity,
    )


def _cut(report: Report, limit: int) -> Report:
    title, text = mended(report.title[:_TITLE]), mended(report.text[:limit])
    if (title, text) == (report.title, report.text):
        return report
    return replace(report, title=title, text=text)


def days_to_festival(settings: Settings, published: datetime) -> int | None:
    """Days from publication to the next Spring Festival; None where the calendar ends before it."""
    day = local(published).date()
    festival = settings.spring_festival_after(day)
    return (festival - day).days if festival else None


def _snow_scorer(settings: Settings) -> Scores:
    from monitors.opinion.snow import SnowScorer  # noqa: PLC0415 - converts its model on first use

    return SnowScorer(settings.model_dir)


def _irrelevant(found: Relevance, place: Place, document: Document, tone: float) -> Judgement:
    return Judgement(
        relevant=False,
        relevance=round(found.value, 4),
        sentiment=sentiment.of_other(tone),
        snownlp=round(tone, 6),
        stance="neutral",
        kind=None,
        scope=place.scope,
        region=place.code,
        region_name=place.name,
        workers=None,
        amount_fen=None,
        employer=None,
        severity=None,
        matched=_matched(document.title, document.text),
        evidence=grounds.of_relevance(document),
    )


def _kind(title: Reading, text: Reading, at: stance.StanceFound, codes: tuple[str, ...], *, specific: bool) -> str:
    head = title.view.text or text.view.text[:120]
    whole = head + text.view.text[:400]
    if at.policy:
        return "其他" if _OTHERWISE.search(head) else "政策宣传"
    checks: tuple[tuple[bool, str], ...] = (
        (bool({"death", "injury", "extreme", "threat"} & set(codes)), "极端事件"),
        (bool(_CRIME.search(whole)), "拒不支付劳动报酬罪"),
        (at.stance == "resolved", "已解决"),
        (bool({"blockade", "gathering", "stoppage"} & set(codes)), "群体性"),
        (at.stance == "neutral" and bool(_ENFORCED.search(head)), "执法通报"),
        (at.stance == "neutral" or (not specific and bool(_OTHERWISE.search(head))), "其他"),
        (bool(_CLAIMED.search(head)), "讨薪维权"),
    )
    return next((kind for holds, kind in checks if holds), "欠薪举报")


def _matched(title: Reading, text: Reading) -> tuple[str, ...]:
    """The original spelling of the terms found, most telling first, each once."""
    ranked: dict[str, tuple[int, float, int]] = {}
    for reading, base in ((title, 0), (text, 100_000)):
        for start, end, _ in reading.evasions:
            ranked.setdefault(reading.view.original[start:end], (0, -3.0, base + start))
        for group in SHOWN_GROUPS:
            for hit in reading.of(group):
                begin, stop = reading.view.span(hit.start, hit.end)
                word = reading.view.original[begin:stop]
                rank = (SHOWN_GROUPS.index(group), -abs(hit.term.weight), base + hit.start)
                ranked[word] = min(rank, ranked.get(word, rank))
    return tuple(sorted(ranked, key=ranked.__getitem__)[:_MATCHED])


def as_json(judgement: Judgement) -> dict[str, Any]:
    """The judgement as the command line prints it (``python -m monitors judge``)."""
    severity = judgement.severity
    return {
        "relevant": judgement.relevant,
        "relevance": judgement.relevance,
        "sentiment": judgement.sentiment,
        "stance": judgement.stance,
        "kind": judgement.kind,
        "level": severity.level if severity else None,
        "score": severity.score if severity else None,
        "scope": judgement.scope,
        "region": judgement.region or None,
        "region_name": judgement.region_name or None,
        "workers": judgement.workers,
        "amount_fen": judgement.amount_fen,
        "employer": judgement.employer,
        "period": _period_as_json(judgement.period),
        "matched": list(judgement.matched),
        "acts": list(judgement.acts),
        "evidence": [
            {"field": e.field, "start": e.start, "end": e.end, "text": e.text, "why": e.why, "about": e.about}
            for e in judgement.evidence
        ],
        "severity": [{"code": p.code, "points": p.points, "why": p.why} for p in severity.parts] if severity else [],
        "floors": list(severity.floors) if severity else [],
        "rules": [rule.name for rule in judgement.rules],
        "model": judgement.model,
    }


def _period_as_json(period: Period | None) -> dict[str, Any] | None:
    if period is None:
        return None
    return {"from": period.first or None, "to": period.last or None, "months": period.months, "text": period.text}
