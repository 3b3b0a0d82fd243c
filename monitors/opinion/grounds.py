"""What a judgement rests on (依据): what a report claims, and its words as evidence on the original characters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from monitors.opinion import acts, arrears, employers, facts, labour, stance
from monitors.opinion.mentions import Reading
from monitors.opinion.model import Evidence, Period
from monitors.opinion.normalise import View
from monitors.opinion.relevance import Document
from monitors.opinion.severity import ACT_NAMES
from monitors.regions.places import Place

Field = Literal["title", "text"]

_FEN_PER_PERSON = 50_000_000
_PETITION = 2  # so many words of a petition (尊敬的, 恳请, 我们是…) make a text somebody's own claim
_MOODS = {
    "stated": "欠薪或讨薪的表述",
    "negated": "否定的欠薪表述",
    "denied": "被否认的欠薪表述",
    "preventive": "防范治理欠薪的表述",
    "supposed": "假设的欠薪表述",
    "past": "多年前的欠薪往事",
}
_CONTEXTS = {"abroad": "境外语境", "sport": "体育语境", "show": "文娱语境", "reverse": "企业向员工追薪，非欠薪"}


@dataclass(frozen=True, slots=True)
class Claim:
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


def told(title: Reading, text: Reading, published: date) -> Claim:
    """What the report claims; ``published`` (Shanghai) dates the months owed."""
    people, owed = facts.workers(title, text), facts.amount(title, text)
    if people and owed and owed.value > people.value * _FEN_PER_PERSON:
        owed = None  # E13 of the ledger: more than 50万元 a person is another sum of money
    employer, deeds = employers.find(title, text), acts.find(title, text)
    mentions = (*title.mentions, *text.mentions)
    stated = any(mention.mood == "stated" for mention in mentions) or (not mentions and labour.is_case(title, text))
    signs = bool(people or owed or employer) or len(text.of("petition")) >= _PETITION
    at = stance.judge(title, text, specific=signs and stated)
    if at.policy:  # who is named there praises, orders or is praised
        return Claim(people, owed, None, [], at, specific=False)
    specific = (signs and stated) or bool(deeds) or (stated and at.stance == "unresolved")
    return Claim(people, owed, employer, deeds, at, specific, arrears.find(title, text, published))


def of_relevance(document: Document) -> tuple[Evidence, ...]:
    """The wage mentions, other debts, contexts and evasive spellings of both fields, the first of each."""
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


def of_claim(document: Document, claim: Claim) -> Iterator[Evidence]:
    """Where stance, deeds, figures and employer stand."""
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
        yield _point(views[named.field], named.field, named.start, named.end, named.why, "employer")


def of_place(place: Place) -> list[Evidence]:
    """The words the place was found by."""
    return [Evidence(hit.field, hit.start, hit.end, hit.text, hit.why, "place") for hit in place.hits[:6]]


def period(found: arrears.Found | None, document: Document) -> Period | None:
    """The months owed (欠薪时段) as they are kept, with the report's words."""
    if found is None:
        return None
    view = (document.title if found.field == "title" else document.text).view
    words = _point(view, found.field, found.start, found.end, found.why, "period")
    return Period(found.first, found.last, found.months, words.text)


def _point(view: View, field: Field, start: int, end: int, why: str, about: str) -> Evidence:  # noqa: PLR0917 - a record
    """Evidence on the original characters behind the view's ``[start:end]``."""
    begin, stop = view.span(start, end)
    return Evidence(field, begin, stop, view.original[begin:stop], why, about)
