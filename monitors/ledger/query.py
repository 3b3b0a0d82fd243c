"""What is asked of the ledger's cases: one frozen question, the same for list, statistics, export and saved view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Literal

from monitors.ledger.model import TAGS, CaseState, Channel, EmployerClass, Industry
from monitors.regions import divisions

Band = Literal["逾期", "临期", "在期", "无期限", "已办结", "逾期办结"]
BANDS: tuple[Band, ...] = ("逾期", "临期", "在期", "无期限", "已办结", "逾期办结")
KINDS = ("政府投资", "PPP", "国企", "非工程")  # the first three may hold together; counted separately, never added up
SORTS = ("完成时限", "更新时间", "受理日期", "查实金额", "查实人数", "诉求金额", "案件编号")
FLAGS = ("重大", "挂牌", "提级", "陈案", "边清边欠", "未结", "查实")
MAX_IDS = 500  # one statement's worth of bound values


@dataclass(frozen=True, slots=True)
class Query:
    """Which cases. Empty means "any"; every field narrows.

    ``region`` holds all within it, unless ``exact``: then only what is placed at the division itself, no county known.
    """

    text: str = ""
    region: str = ""
    exact: bool = False
    classes: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    person: str = ""
    employer_id: int | None = None
    project_id: int | None = None
    accepted_from: date | None = None
    accepted_to: date | None = None
    month: str = ""  # of acceptance, 2026-11
    ids: tuple[int, ...] = ()
    sort: str = "完成时限"
    descending: bool = False

    def params(self) -> dict[str, str]:
        """The query as parameters of an address; what says nothing is left out."""
        found: dict[str, str] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if value == one.default:
                continue
            found[one.name] = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        return found

    @classmethod
    def read(cls, params: Mapping[str, str]) -> Query:
        """A query from an address or a saved view; what cannot be understood is dropped, never an error."""
        told = {name: params.get(name, "").strip() for name in cls.__slots__}
        values: dict[str, Any] = {
            name: tuple(word for word in told[name].split(",") if word in choices) for name, choices in _CHOICES.items()
        }
        values |= {name: _plain(told[name])[:60] for name in ("text", "person")}
        values |= {name: _day(told[name]) for name in ("accepted_from", "accepted_to")}
        values |= {name: _whole(told[name]) for name in ("employer_id", "project_id")}
        values["region"] = told["region"] if divisions.by_code(told["region"]) is not None else ""
        values["exact"] = bool(values["region"]) and told["exact"] == "True"
        values["ids"] = tuple(one for one in map(_whole, told["ids"].split(",")) if one is not None)[:MAX_IDS]
        values["month"] = told["month"] if _day(f"{told['month']}-01") and len(told["month"]) == len("2026-11") else ""
        values["sort"] = told["sort"] if told["sort"] in SORTS else "完成时限"
        values["descending"] = told["descending"] == "True"
        return cls(**values)

    def words(self) -> str:
        """The filters as an export or a printed sheet names them."""
        parts = [divisions.full_name(self.region)] if self.region else []
        named = (
            ("企业类别", self.classes),
            ("行业", self.industries),
            ("项目性质", self.kinds),
            ("渠道", self.channels),
        )
        more = (("状态", self.states), ("时限", self.bands), ("标签", self.tags), ("标记", self.flags))
        parts += [f"{name}：{'、'.join(values)}" for name, values in (*named, *more) if values]
        if self.text:
            parts.append(f"关键词：{self.text}")
        if self.person:
            parts.append(f"责任人：{self.person}")
        if self.accepted_from or self.accepted_to:
            parts.append(f"受理：{self.accepted_from or '…'} 至 {self.accepted_to or '…'}")
        if self.month:
            parts.append(f"受理月份：{self.month}")
        chosen = (("仅本级", self.exact), ("指定用人单位", self.employer_id), ("指定工程项目", self.project_id))
        parts += [words for words, value in (*chosen, (f"指定案件 {len(self.ids)} 件", self.ids)) if value]
        return "；".join(parts) or "全部"


_CHOICES: Mapping[str, Sequence[str]] = {
    "classes": tuple(EmployerClass),
    "industries": tuple(Industry),
    "kinds": KINDS,
    "channels": tuple(Channel),
    "states": tuple(CaseState),
    "bands": BANDS,
    "tags": TAGS,
    "flags": FLAGS,
}


def _plain(text: str) -> str:
    """Without what no database takes in a comparison: NUL, lone surrogates, controls."""
    return "".join(one if one.isprintable() else " " for one in text).strip()


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
