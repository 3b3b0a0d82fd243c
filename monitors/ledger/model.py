"""The closed words of the ledger (domain.md 3.1, 3.2), stored and shown as they stand here. No I/O, no rule."""

from __future__ import annotations

from enum import StrEnum


class Record(StrEnum):
    """Kinds of record, by table; ``ledger_event.kind``."""

    EMPLOYER = "employer"
    PROJECT = "project"
    INSPECTION = "inspection"
    CLUE = "clue"
    HAZARD = "hazard"
    CASE = "wage_case"
    PAYMENT = "payment"
    MEASURE = "measure"
    EXECUTION = "execution"
    RECEPTION = "reception"


RECORD_NAMES: dict[Record, str] = {
    Record.EMPLOYER: "用人单位",
    Record.PROJECT: "工程项目",
    Record.INSPECTION: "检查",
    Record.CLUE: "线索",
    Record.HAZARD: "隐患",
    Record.CASE: "案件",
    Record.PAYMENT: "支付",
    Record.MEASURE: "措施",
    Record.EXECUTION: "执行",
    Record.RECEPTION: "接访",
}


class EmployerClass(StrEnum):
    """Rows 2–5 of 附件2, in its order."""

    BUILDING = "建筑企业"
    MANUFACTURING = "加工制造企业"
    TUTORING = "校外培训机构"
    OTHER = "其他用人单位"


class Industry(StrEnum):
    """Whose department supervises a project."""

    HOUSING = "住建"
    TRANSPORT = "交通"
    WATER = "水利"
    OTHER = "其他"


class ProjectStatus(StrEnum):
    """在建 projects are the denominator of 排查覆盖率."""

    UNDER_WAY = "在建"
    STOPPED = "停工"
    FINISHED = "完工"


class CheckValue(StrEnum):
    """What was found of one duty on a project."""

    YES = "是"
    NO = "否"
    NOT_APPLICABLE = "不适用"


# Five systems (人社部明电〔2021〕12号) and three checks at the source of funds, per project.
SYSTEMS = ("专用账户", "实名制", "总包代发", "工资保证金", "维权公示")
SOURCE_CHECKS = ("审批管理", "工程款拨付", "资金监管")
CHECKS = (*SYSTEMS, *SOURCE_CHECKS)
BOND_KINDS = ("现金", "保函")


class Channel(StrEnum):
    """How a complaint came in."""

    PHONE = "电话"
    WEBSITE = "网站"
    VISIT = "来访"
    GROUP_VISIT = "群访"
    JOINT_RECEPTION = "联合接访"
    ASSIGNED = "上级交办"
    FORWARDED = "上级转办"
    NATIONAL_PLATFORM = "全国平台"
    HOTLINE_12333 = "12333"
    HOTLINE_12345 = "12345"
    PETITION = "信访"
    SCREENING = "排查"
    OPINION = "舆情"
    OTHER = "其他"


class CaseState(StrEnum):
    """案件; the legal ways between them are in ``monitors.ledger.transitions``."""

    RECEIVED = "待受理"
    CHECKING = "核查中"
    VERIFIED = "查实"
    UNFOUNDED = "不属实"
    MEDIATING = "协调处理"
    FILED = "立案"
    ORDERED = "责令改正"
    PENALISED = "行政处理处罚"
    ENFORCING = "申请强制执行"
    TRANSFERRED = "移送公安"
    WITHDRAWN = "撤销立案"
    SETTLING = "待销账"
    SETTLED = "已销账"
    RECHECKING = "回头看"
    ENDED = "闭环"


# States of a case that is no longer open (已销账 and after); 不属实 was never owed.
CLOSED_CASE = (CaseState.SETTLED, CaseState.RECHECKING, CaseState.ENDED)
OVER_CASE = (*CLOSED_CASE, CaseState.UNFOUNDED)


class ClueState(StrEnum):
    """线索."""

    NEW = "待登记"
    ACCEPTED = "已受理"
    PASSED_ON = "已转送"
    CHECKING = "核查中"
    CONCLUDED = "已结论"
    ANSWERED = "已反馈"
    DONE = "办结"


class HazardState(StrEnum):
    """隐患."""

    NOTED = "已登记"
    DEFUSING = "化解中"
    REMOVED = "已排除"
    RECHECKING = "回头看"
    ENDED = "闭环"
    BECAME_CASE = "转问题"


class Conclusion(StrEnum):
    """What a clue turned out to be."""

    SOLVED = "属实已解决"
    CASE = "属实转案件"
    UNFOUNDED = "不属实"
    DUPLICATE = "重复"
    NOT_WAGES = "非欠薪（工程款/劳务款）"
    FALSE_CLAIM = "虚假讨薪"  # needs evidence and a second reviewer; never counted as arrears
    COURT = "告知仲裁诉讼"
    WITHDRAWN = "撤回"
    UNREACHABLE = "无法联系"


class PaymentSource(StrEnum):
    """Where the money came from."""

    EMPLOYER = "企业"
    CONTRACTOR = "总包"
    DEVELOPER = "建设单位"
    BOND = "保证金"
    FUND = "周转金"
    OTHER = "其他"


class MeasureType(StrEnum):
    """Columns 16–20 of 附件2 and ④ count these."""

    ORDER = "责令改正"
    PAY_ORDER = "责令支付"  # what a transfer to the police must rest on (E10); counted as 责令改正 in column 16
    DECISION = "行政处理"
    PENALTY = "行政处罚"
    TRANSFER = "移送公安"
    POLICE_FILING = "公安立案"
    ENFORCEMENT = "强制执行"
    PUBLISHED = "公布"
    BLACKLISTED = "失信"


class ExecutionBasis(StrEnum):
    """What the court enforces."""

    JUDGMENT = "判决"
    AWARD = "裁决"
    APPLICATION = "申请"


class VisitKind(StrEnum):
    """接访."""

    SINGLE = "个访"
    GROUP = "群访"
    JOINT = "联合接访"


class Clock(StrEnum):
    """Statutory limits (domain.md 3.3) that run on a case."""

    INVESTIGATION = "监察办案"  # 60 workdays from 立案, +30 approved
    PENALTY = "处罚决定"  # 90 days from 立案
    TRANSFER = "移送"  # 3 days to decide
    POLICE_REVIEW = "公安审查"  # 3 days
    PROMISE = "承诺时限"  # the due day the responsible unit gave
    CAMPAIGN = "专项行动"  # all that is verified is settled before Spring Festival


class SuggestionKind(StrEnum):
    """What the law's thresholds suggest; a named person decides (domain.md 3.4)."""

    TRANSFER = "移送公安"
    BLACKLIST = "失信名单"
    PUBLISH = "重大公布"
    PENALTY = "行政处罚"


CREDITS = ("A", "B", "C")
LEADERS = ("政府负责同志", "成员单位负责同志")  # who may take personal charge of a case (领导包案)
TAGS = ("房地产欠款", "校外培训机构裁员", "元旦春节", "陈案", "群体性", "涉黑涉恶", "工程款纠纷", "越级")
MAX_TEXT = 500  # characters of any free text
MAX_PERSONS = 5_000  # above it E13 asks whether 人 and 万人 were mixed up
MIN_AVERAGE_FEN, MAX_AVERAGE_FEN = 100_00, 500_000_00  # per person; outside it E13 asks whether 元 and 万元 were
