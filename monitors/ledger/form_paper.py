"""A form ready for paper: the figures with who made it, for whom and when; what XLSX, PDF and JSON are written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from typing import Any, Literal

from monitors.errors import InputError
from monitors.ledger.form import FormCells
from monitors.ledger.form_checks import Finding
from monitors.ledger.form_layout import BLANKS, COLUMNS, FLAG_NAMES, FLAGS, ROWS, SIGNERS, TITLE
from monitors.regions import divisions

Kind = Literal["本级", "汇总"]  # counted from the ledger | sum of the subordinate forms
DEMO = "（含演示数据）"
DRAFT = "（未报送）"
_NAME = 60


@dataclass(frozen=True, slots=True)
class Signed:
    """Who answers for the form, in the order of ``form_layout.SIGNERS``; empty lines are signed by hand."""

    unit_head: str = ""
    section_head: str = ""
    maker: str = ""
    telephone: str = ""

    def words(self) -> tuple[str, ...]:
        """The four entries in the order of the form."""
        return (self.unit_head, self.section_head, self.maker, self.telephone)


@dataclass(frozen=True, slots=True)
class Paper:
    """One form to be printed. ``unit`` is 制表单位名称, ``made_on`` 制表时间.

    ``parts`` and ``missing`` belong to a sum: snapshots by division, and the divisions without one.
    ``draft``: nobody has submitted it, and the sheet says so.
    """

    cells: FormCells
    unit: str
    made_on: date
    kind: Kind = "本级"
    signed: Signed = Signed()
    findings: tuple[Finding, ...] = ()
    explanations: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    draft: bool = False

    @property
    def title(self) -> str:
        """The form's title; marked where invented records are counted, and where it is not submitted."""
        return TITLE + (DEMO if self.cells.demo else "") + (DRAFT if self.draft else "")

    def head(self) -> tuple[str, str, str]:
        """The line above the table: who, up to which day, when made."""
        return (
            f"制表单位名称（盖章）：{self.unit}",
            f"数据截至：{_day(self.cells.cutoff)}",
            f"制表时间：{_day(self.made_on)}",
        )

    def signatures(self) -> tuple[str, ...]:
        """The line below: 单位负责人、处（队）负责人、制表人、联系电话."""
        return tuple(f"{name}：{words}" for name, words in zip(SIGNERS, self.signed.words(), strict=True))

    def remarks(self) -> tuple[str, ...]:
        """What belongs beside the form but not on it: rounding, checks and their explanations, missing units."""
        lines = [
            f"{COLUMNS[number - 1].words}合计为各行四舍五入后之和，与准确合计相差 {fen / 100:+.2f} 元"
            for number, fen in self.cells.rounding().items()
        ]
        lines += [f"表内审核 {one}" for one in self.findings]
        lines += [f"说明 {code}：{words}" for code, words in sorted(self.explanations.items())]
        if self.parts:
            lines.append(f"由 {len(self.parts)} 个下级单位报送的报表汇总")
        return tuple(lines)


def as_json(paper: Paper) -> dict[str, Any]:
    """The form for machines (``form --json``): exact values (户、件、个; 人; 分) beside the printed (万人、万元)."""
    cells = paper.cells
    printed = cells.printed_others()
    return {
        "form": TITLE,
        "campaign": cells.campaign,
        "start": cells.start.isoformat(),
        "cutoff": cells.cutoff.isoformat(),
        "region": cells.region,
        "region_name": divisions.full_name(cells.region),
        "kind": paper.kind,
        "demo": cells.demo,
        "units": [str(column.unit) for column in COLUMNS],
        "rows": [
            {
                "number": row,
                "name": str(name),
                "exact": list(cells.rows[row - 1]),
                "printed": [cells.printed(row, column.number) for column in COLUMNS],
            }
            for row, name in enumerate(ROWS, start=1)
        ],
        "other": {
            **{
                flag: {
                    "name": name,
                    **dict(
                        zip(
                            ("checked", "with_arrears", "arrears_fen", "persons"),
                            cells.others[index * 4 : index * 4 + 4],
                            strict=True,
                        )
                    ),
                }
                for index, (flag, name) in enumerate(zip(FLAGS, FLAG_NAMES, strict=True))
            },
            "published_employers": cells.others[-2],
            "blacklisted": cells.others[-1],
        },
        "other_printed": [{"name": name, "value": value} for name, value in zip(BLANKS, printed, strict=True)],
        "rounding_fen": {str(number): fen for number, fen in cells.rounding().items()},
        "checks": [finding_json(one) for one in paper.findings],
        "explanations": dict(paper.explanations),
        "parts": dict(paper.parts),
        "missing": list(paper.missing),
    }


def finding_json(one: Finding) -> dict[str, Any]:
    """A finding as it is kept and shown to machines."""
    return {"code": one.code, "level": one.level, "row": one.row, "columns": list(one.columns), "words": one.words}


def finding_from(held: Mapping[str, Any]) -> Finding:
    """The finding ``finding_json`` wrote."""
    return Finding(held["code"], held["row"], tuple(held["columns"]), held["words"])


def cells_json(cells: FormCells) -> dict[str, Any]:
    """The figures as a snapshot keeps them."""
    return asdict(cells) | {
        "start": cells.start.isoformat(),
        "cutoff": cells.cutoff.isoformat(),
        "rows": [list(row) for row in cells.rows],
        "shown": [list(row) for row in cells.shown],
        "others": list(cells.others),
        "shown_others": list(cells.shown_others),
        "prior_fen": list(cells.prior_fen),
    }


def cells_from(held: Mapping[str, Any]) -> FormCells:
    """The figures ``cells_json`` wrote."""
    return FormCells(
        campaign=held["campaign"],
        start=date.fromisoformat(held["start"]),
        cutoff=date.fromisoformat(held["cutoff"]),
        region=held["region"],
        rows=tuple(map(tuple, held["rows"])),
        others=tuple(held["others"]),
        shown=tuple(map(tuple, held["shown"])),
        shown_others=tuple(held["shown_others"]),
        prior_fen=tuple(held["prior_fen"]),
        demo=held["demo"],
    )


def checked(signed: Signed) -> Signed:
    """The entries trimmed.

    Raises:
        InputError: one is missing that a submitted form must carry, or too long.
    """
    trimmed = Signed(**{one.name: getattr(signed, one.name).strip() for one in fields(Signed)})
    for name, words in zip(SIGNERS, trimmed.words(), strict=True):
        if len(words) > _NAME:
            raise InputError(f"{name}不能超过 {_NAME} 字")
        if not words and name != SIGNERS[1]:  # a unit without sections has no 处（队）负责人
            raise InputError(f"请填写{name}后再报送")
    return trimmed


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
