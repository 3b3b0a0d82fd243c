"""The employers and projects a workbook speaks of: which of them are known, which are new, what it says of each.

Several rows speak of the same employer; what they say must agree, and the rows that say nothing lean on those that do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from monitors.access.scope import Scope
from monitors.ledger.faults import Fault
from monitors.ledger.model import EmployerClass
from monitors.ledger.workbook_known import Known, KnownEmployer, KnownProject, folded
from monitors.ledger.workbook_rows import Reading
from monitors.regions import divisions

_OF_EMPLOYER = {"uscc": "统一社会信用代码", "class_": "企业类别"}
_OF_PROJECT = {
    "industry": "行业类别", "gov": "政府投资", "ppp": "PPP", "soe": "国企", "developer": "建设单位",
    "contractor": "总包单位",
}  # fmt: skip


@dataclass(slots=True)
class Party:
    """An employer or project; ``known`` None: new. ``said``: column → what the workbook says, and in which row."""

    key: str
    name: str
    region: str
    known: KnownEmployer | KnownProject | None = None
    said: dict[str, tuple[Any, str]] = field(default_factory=dict)

    def says(self, key: str, value: Any, row: str) -> str:
        """Take down what ``row`` says; the row that said otherwise before, or ``""``."""
        if value is None or value == "":
            return ""
        before, where = self.said.setdefault(key, (value, row))
        return "" if _same(before, value) else where

    def told(self, key: str) -> Any:
        """What the workbook says, None where nothing."""
        return self.said[key][0] if key in self.said else None

    def value(self, key: str) -> Any:
        """What the workbook says, else what is known; None where neither."""
        found = self.told(key)
        return getattr(self.known, key, None) if found is None else found

    def changes(self) -> dict[str, Any]:
        """What of it differs from what is known; of a new one, everything."""
        if self.known is None:
            return {key: value for key, (value, _) in self.said.items()}
        return {key: value for key, (value, _) in self.said.items() if not _same(getattr(self.known, key), value)}


def _same(one: Any, other: Any) -> bool:
    return folded(one) == folded(other) if isinstance(one, str) and isinstance(other, str) else one == other


class Parties:
    """All of them. ``employer_of`` and ``project_of`` give a row's; faults are kept by row until asked for."""

    def __init__(self, known: Known, scope: Scope, readings: Sequence[Reading]) -> None:
        self._known = known
        self._scope = scope
        self.employers: dict[str, Party] = {}
        self.projects: dict[str, Party] = {}
        self._names: dict[str, str] = {}  # folded name → key of a new employer
        self._codes: dict[str, str] = {}
        self._employer_of: dict[str, Party] = {}
        self._project_of: dict[str, Party] = {}
        self._faults: dict[str, list[Fault]] = {}
        self._remarks: dict[str, list[str]] = {}
        for reading in sorted(readings, key=lambda one: not one.entry.uscc):  # a code settles who a name is
            self._take_employer(reading)
        for reading in readings:
            self._take_project(reading)

    def employer_of(self, reading: Reading) -> Party | None:
        """The row's employer; None where the row names none, or not clearly."""
        return self._employer_of.get(reading.key)

    def project_of(self, reading: Reading) -> Party | None:
        """The row's project; None where there is none."""
        return self._project_of.get(reading.key)

    def faults(self, reading: Reading) -> list[Fault]:
        """What is wrong with the row's employer and project."""
        return self._faults.get(reading.key, [])

    def remarks(self, reading: Reading) -> list[str]:
        """What the person should know about them, but is no fault."""
        return self._remarks.get(reading.key, [])

    def missing(self, reading: Reading) -> list[Fault]:
        """What a new employer or project still lacks after the whole file was read."""
        found = []
        employer, project = self.employer_of(reading), self.project_of(reading)
        if employer and employer.known is None and not employer.told("class_"):
            found.append(Fault("class", "台账中没有这家企业，请填写企业类别"))
        if project and project.known is None and not project.told("industry"):
            found.append(Fault("industry", "台账中没有这个项目，请填写行业类别"))
        if project and project.known is None and project.region.endswith("00"):
            found.append(Fault("region", "工程项目的地点须填写到县（市、区）"))
        return found

    def _take_employer(self, reading: Reading) -> None:
        entry = reading.entry
        case = self._known.by_number.get(entry.number)
        if case is not None:
            known = self._known.employers[case.employer_id]
            if entry.employer and folded(entry.employer) != folded(known.name):
                words = f"案件{case.number}的企业是“{known.name}”，与本行不一致；换企业请在案件页修改"
                self._blame(reading, Fault("employer_id", words))
                return
            party = self._employer(f"#{known.id}", known.name, known.region, known)
        elif entry.employer:
            found = self._who(reading)
            if found is None:
                return
            party = found
        else:
            return
        self._employer_of[reading.key] = party
        for key, name in _OF_EMPLOYER.items():
            self._say(party, key, name, reading, "同一企业")

    def _who(self, reading: Reading) -> Party | None:
        name, code, region = reading.entry.employer, reading.entry.uscc, reading.entry.region
        if code and (known := self._known.by_uscc.get(code)):
            if folded(known.name) != folded(name):
                self._remark(reading, f"该信用代码在台账中登记为“{known.name}”，按该企业处理")
            return self._employer(f"#{known.id}", known.name, known.region, known)
        alike = self._known.by_name.get(folded(name), [])
        if len(alike) > 1:
            self._blame(reading, Fault("uscc", f"台账中有{len(alike)}家名为“{name}”的企业，请填写统一社会信用代码"))
            return None
        if alike and code and alike[0].uscc and alike[0].uscc != code:
            words = f"台账中“{name}”的代码是{alike[0].uscc}，与本行不一致，请核对"
            self._blame(reading, Fault("uscc", words, "E04"))
            return None
        if alike:
            return self._employer(f"#{alike[0].id}", alike[0].name, alike[0].region, alike[0])
        key = self._codes.get(code) or self._names.get(folded(name)) if code else self._names.get(folded(name))
        if key and folded(self.employers[key].name) != folded(name):
            self._blame(reading, Fault("uscc", f"表中同一信用代码还写给了“{self.employers[key].name}”，请核对"))
            return None
        key = key or f"+{folded(name)}"
        self._names[folded(name)] = key
        if code:
            self._codes[code] = key
        return self._employer(key, name, region, None)

    def _employer(self, key: str, name: str, region: str, known: KnownEmployer | None) -> Party:
        return self.employers.setdefault(key, Party(key, name, region, known))

    def contractor(self, name: str, region: str) -> Party:
        """The employer of a contractor's name; one that is new is a building company."""
        alike = self._known.by_name.get(folded(name), [])
        if alike:
            return self._employer(f"#{alike[0].id}", alike[0].name, alike[0].region, alike[0])
        key = self._names.setdefault(folded(name), f"+{folded(name)}")
        party = self._employer(key, name, region, None)
        party.said.setdefault("class_", (str(EmployerClass.BUILDING), ""))
        return party

    def _take_project(self, reading: Reading) -> None:
        entry = reading.entry
        case = self._known.by_number.get(entry.number)
        known: KnownProject | None = None
        region = entry.region or (case.region if case else "")
        if case is not None and case.project_id is not None:
            known = self._known.projects[case.project_id]
            if entry.project and folded(entry.project) != folded(known.name):
                words = f"案件{case.number}的项目是“{known.name}”，与本行不一致；换项目请在案件页修改"
                self._blame(reading, Fault("project_id", words))
                return
        elif entry.project:
            known = self._site(entry.project, region)
        else:
            return
        key = f"#{known.id}" if known else f"+{folded(entry.project)}@{region}"
        party = self.projects.get(key)
        if party is None:
            name, place = (known.name, known.region) if known else (entry.project, region)
            party = self.projects[key] = Party(key, name, place, known)
        self._project_of[reading.key] = party
        for name, heading in _OF_PROJECT.items():
            self._say(party, name, heading, reading, "同一项目")

    def _site(self, name: str, region: str) -> KnownProject | None:
        """The known project of this name at this place, or the only one of its prefecture where no county is given."""
        alike = self._known.by_site.get(folded(name), [])
        exact = [one for one in alike if one.region == region]
        near = exact or [one for one in alike if region.endswith("00") and divisions.within(one.region, region)]
        return near[0] if len(near) == 1 else exact[0] if exact else None

    def _say(self, party: Party, key: str, name: str, reading: Reading, of: str) -> None:
        value = getattr(reading.entry, key)
        if value in (None, ""):
            return
        known = party.known
        if known is not None and not self._scope.covers(known.region) and getattr(known, key) != value:
            self._remark(reading, f"“{party.name}”不在本辖区登记，{name}未更改")
            return
        if where := party.says(key, value, reading.key):
            self._blame(reading, Fault(key, f"与{where}行{of}的{name}不一致，请核对"))

    def _blame(self, reading: Reading, fault: Fault) -> None:
        self._faults.setdefault(reading.key, []).append(fault)

    def _remark(self, reading: Reading, words: str) -> None:
        self._remarks.setdefault(reading.key, []).append(words)
