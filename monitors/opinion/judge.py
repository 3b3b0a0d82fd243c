"""Judging a report (研判): one call from text to ``Judgement``. Offline, deterministic, explained.

The rules live in their own rooms (relevance, stance, facts, employers, acts, severity); here they are asked in order
and their reasons are turned into evidence on the original characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal, Protocol

from monitors.clock import local
from monitors.opinion import acts, arrears, employers, facts, sentiment, stance, trained
from monitors.opinion.lexicon import SHOWN_GROUPS, Lexicon, shipped
from monitors.opinion.mentions import Reading, read
from monitors.opinion.model import Evidence, Judgement, Period, Scope
from monitors.opinion.normalise import View
from monitors.opinion.relevance import Document, Relevance, features
from monitors.opinion.severity import ACT_NAMES, SeverityInputs, assess
from monitors.regions.places import Place, PlaceResolver
from monitors.settings import Settings

Field = Literal["title", "text"]

MODEL: str = trained.shipped_version()  # of the shipped words and weights; ``Judge.version`` tells those in force
_PUBLIC = re.compile(
    "政府投资|政府工程|政府项目|ppp|国企|央企|国有企业|中铁|中建|中交|中国电建|中电建|中国水电|中国能建|城投|平台公司|市政工程|保障房|棚改|安置房|"
    "公租房|高标准农田|政府|公立医院|教育局|财政"
)
_FEN_PER_PERSON = 50_000_000
_PETITION = 2  # so many words of a petition (尊敬的, 恳请, 我们是…) make a text somebody's own claim
_CRIME = re.compile("拒不支付劳动报酬|获刑|判刑|有期徒刑|刑拘|刑事拘留|批捕|逮捕|拘役|被抓|落网")
_ENFORCED = re.compile(
    "黑名单|约谈|责令|查处|立案|通报|检察|法院|执行|督办|督查|劳动监察|人社局|支持起诉|追发|处罚|督促"
)
_CLAIMED = re.compile("讨薪|讨要|追讨|讨工|讨回|要回|索要|维权|血汗钱|催要|追索|帮.{0,4}讨")
_OTHERWISE = re.compile("回应|发声|怎么办|如何|怪象|有没有|是什么|能否|教你")


class _Scorer(Protocol):
    def score(self, texts: Sequence[str]) -> list[float]: ...


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to judge. ``source_region``: six-digit code of the outlet's home, ``""`` where it has none.

    ``relevant``: what a person said of it, None where nobody has; the threshold then has no say.
    """

    title: str
    text: str
    published: datetime
    source_region: str = ""
    outlet_national: bool = False
    now: datetime | None = None
    relevant: bool | None = None


class Judge:
    """Threads may share one: nothing changes after construction but the office's own weights, in one assignment.

    ``scorer`` and ``lexicon`` replace SnowNLP's scorer and the shipped lexicon (tests, an office's own words).
    """

    def __init__(self, settings: Settings, *, scorer: _Scorer | None = None, lexicon: Lexicon | None = None) -> None:
        self._settings = settings
        self._lexicon = lexicon or shipped()
        self._weights = trained.Weights(settings)
        self._places = PlaceResolver()
        self._scorer = scorer or _snow_scorer(settings)

    @property
    def version(self) -> str:
        """The version of the model in force, as written on the next judgement."""
        return self._weights.present().version

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
        """Judge a batch; SnowNLP is evaluated for all texts at once. Texts are read up to ``judge.max_chars``."""
        if not reports:
            return []
        limit = self._settings.judge.max_chars
        reports = [replace(r, text=r.text[:limit]) if len(r.text) > limit else r for r in reports]
        tones = self._scorer.score([f"{report.title}\n{report.text}".strip() for report in reports])
        chosen = self._weights.present()
        return [self._one(report, tone, chosen) for report, tone in zip(reports, tones, strict=True)]

    def _one(self, report: Report, tone: float, chosen: trained.Chosen) -> Judgement:
        document = Document(read(report.title, self._lexicon), read(report.text, self._lexicon))
        found = chosen.model.score(features(document))
        place = self._places.resolve(report.title, report.text, source_region=report.source_region)
        relevant = report.relevant
        if relevant is None:
            relevant = found.value >= self._settings.judge.relevance_threshold
        if not relevant:
            return replace(_irrelevant(found, place, document, tone), model=chosen.version)
        return replace(self._relevant(report, found, place, document, tone), model=chosen.version)

    def _relevant(self, report: Report, found: Relevance, place: Place, document: Document, tone: float) -> Judgement:
        title, text = document.title, document.text
        claim = _claim(title, text, local(report.published).date())
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
        evidence = (*_relevance_evidence(document), *_claim_evidence(document, claim), *_place_evidence(place))
        return Judgement(
            relevant=True,
            relevance=round(found.value, 4),
            sentiment=sentiment.of_wage_report(title, text, at.stance, tone, self._settings.judge.snownlp_weight),
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
            period=_period(claim.period, document),
        )


def days_to_festival(settings: Settings, published: datetime) -> int | None:
    """Days from publication to the next Spring Festival; None where the calendar ends before it."""
    day = local(published).date()
    festival = settings.spring_festival_after(day)
    return (festival - day).days if festival else None


@dataclass(frozen=True, slots=True)
class _Claim:
    """What the report says happened: who is owed what by whom, what was done, where it stands."""

    people: facts.Fact | None
    owed: facts.Fact | None
    employer: employers.Employer | None
    deeds: list[acts.Act]
    stance: stance.StanceFound
    specific: bool
    period: arrears.Found | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        """Act codes; a specific claim without an act is at least a complaint."""
        return tuple(deed.code for deed in self.deeds) or (("complaint",) if self.specific else ())


def _claim(title: Reading, text: Reading, published: date) -> _Claim:
    people, owed = facts.workers(title, text), facts.amount(title, text)
    if people and owed and owed.value > people.value * _FEN_PER_PERSON:
        owed = None  # E13 of the ledger: more than 50万元 a person is another sum of money
    employer, deeds = employers.find(title, text), acts.find(title, text)
    stated = any(mention.mood == "stated" for mention in (*title.mentions, *text.mentions))
    signs = bool(people or owed or employer) or len(text.of("petition")) >= _PETITION
    at = stance.judge(title, text, specific=signs and stated)
    if at.policy:  # who is named there praises, orders or is praised
        return _Claim(people, owed, None, [], at, specific=False)
    specific = (signs and stated) or bool(deeds) or (stated and at.stance == "unresolved")
    return _Claim(people, owed, employer, deeds, at, specific, arrears.find(title, text, published))


def _snow_scorer(settings: Settings) -> _Scorer:
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
        evidence=_relevance_evidence(document),
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
    return tuple(sorted(ranked, key=ranked.__getitem__)[:20])


_MOODS = {
    "stated": "欠薪或讨薪的表述",
    "negated": "否定的欠薪表述",
    "denied": "被否认的欠薪表述",
    "preventive": "防范治理欠薪的表述",
    "supposed": "假设的欠薪表述",
    "past": "多年前的欠薪往事",
}
_CONTEXTS = {"abroad": "境外语境", "sport": "体育语境", "show": "文娱语境", "reverse": "企业向员工追薪，非欠薪"}


def _relevance_evidence(document: Document) -> tuple[Evidence, ...]:
    found: list[Evidence] = []
    fields: tuple[tuple[Field, Reading], ...] = (("title", document.title), ("text", document.text))
    for field, reading in fields:
        view = reading.view
        found.extend(_point(view, field, m.start, m.end, _MOODS[m.mood], "relevance") for m in reading.mentions[:8])
        found.extend(_point(view, field, m.start, m.end, "其他债务，非工资", "context") for m in reading.debts[:4])
        for group, why in _CONTEXTS.items():
            found.extend(_point(view, field, h.start, h.end, why, "context") for h in reading.of(group)[:2])
        found.extend(
            Evidence(field, start, end, view.original[start:end], f"变体写法，即“{means}”", "relevance")
            for start, end, means in reading.evasions[:4]
        )
    return tuple(found)


def _claim_evidence(document: Document, claim: _Claim) -> Iterator[Evidence]:
    views: dict[Field, View] = {"title": document.title.view, "text": document.text.view}
    for field, start, end, why in claim.stance.evidence:
        yield _point(views[field], field, start, end, why, "stance")
    for deed in claim.deeds:
        yield _point(views[deed.field], deed.field, deed.start, deed.end, ACT_NAMES[deed.code], "act")
    for fact, about in ((claim.people, "workers"), (claim.owed, "amount"), (claim.period, "period")):
        if fact:
            yield _point(views[fact.field], fact.field, fact.start, fact.end, fact.why, about)
    if claim.employer:
        named = claim.employer
        yield _point(views[named.field], named.field, named.start, named.end, "可能的欠薪单位", "employer")


def _period(found: arrears.Found | None, document: Document) -> Period | None:
    if found is None:
        return None
    view = (document.title if found.field == "title" else document.text).view
    told = _point(view, found.field, found.start, found.end, found.why, "period")
    return Period(found.first, found.last, found.months, told.text)


def _point(view: View, field: Field, start: int, end: int, why: str, about: str) -> Evidence:  # noqa: PLR0917 - a record
    """Evidence on the original characters behind the view's ``[start:end]``."""
    begin, stop = view.span(start, end)
    return Evidence(field, begin, stop, view.original[begin:stop], why, about)


def _place_evidence(place: Place) -> list[Evidence]:
    return [Evidence(hit.field, hit.start, hit.end, hit.text, hit.why, "place") for hit in place.hits[:6]]


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
        "model": judgement.model,
    }


def _period_as_json(period: Period | None) -> dict[str, Any] | None:
    if period is None:
        return None
    return {"from": period.first or None, "to": period.last or None, "months": period.months, "text": period.text}
