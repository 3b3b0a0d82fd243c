"""The columns of the ledger as a workbook (欠薪台账): what each holds, its heading and how offices head it elsewhere.

One list serves the template, the import and the export, so that what goes out comes in again.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Literal

from monitors.ledger import model

Kind = Literal["text", "code", "count", "money", "day", "first", "last", "choice", "yes"]


@dataclass(frozen=True, slots=True)
class Column:
    """``key`` is the name within ``Entry``; ``field`` the one of a case draft whose fault is shown at this column.

    ``first`` and ``last`` are days that may be given as a month: its first or its last day is meant.
    """

    key: str
    heading: str
    kind: Kind = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    width: float = 12
    note: str = ""
    limit: int = model.MAX_TEXT
    of: Literal["case", "employer", "project", "payment"] = "case"


def _words(enum: type[model.CaseState | model.Channel | model.EmployerClass | model.Industry]) -> tuple[str, ...]:
    return tuple(str(one) for one in enum)


# The state of a record that comes in by workbook; what follows needs papers, a second person or a proof.
IMPORT_STATES = (
    model.CaseState.RECEIVED,
    model.CaseState.CHECKING,
    model.CaseState.VERIFIED,
    model.CaseState.MEDIATING,
)

COLUMNS: tuple[Column, ...] = (
    Column("number", "案件编号", width=16, limit=20,
           note="从本系统导出的编号；新案件留空，系统自动编号。填了编号的行只修改该案件。"),
    Column("employer", "企业名称", required=True, width=30, limit=120, of="employer",
           note="写营业执照上的全称。"),
    Column("uscc", "统一社会信用代码", "code", width=22, limit=18,
           of="employer", note="18位；不清楚可暂空，填了就要校验。"),
    Column("class_", "企业类别", "choice", choices=_words(model.EmployerClass), width=14, of="employer",
           note="附件2的四类之一；新企业必填。"),
    Column("project", "项目名称", width=28, limit=120, of="project", note="工程项目连同标段；不涉及工程项目的留空。"),
    Column("prefecture", "项目所在州市", width=14, limit=30, note="案件归属地，按项目所在地；没有项目的按企业所在地。"),
    Column("county", "项目所在县", width=16, limit=30),
    Column("region_code", "区划代码", "code", width=10, limit=6,
           note="可不填；填了须与州市、县一致。"),
    Column("industry", "行业类别", "choice", choices=_words(model.Industry), width=10, of="project",
           note="项目的行业主管部门；新项目必填。"),
    Column("gov", "政府投资", "yes", choices=("是", "否"), width=9, of="project",
           note="政府投资、PPP、国企三项分别判断，可以都是。"),
    Column("ppp", "PPP", "yes", choices=("是", "否"), width=7, of="project"),
    Column("soe", "国企", "yes", choices=("是", "否"),
           width=7, of="project", note="施工总承包单位是国有或国有控股企业。"),
    Column("developer", "建设单位", width=24, limit=120, of="project"),
    Column("contractor", "总包单位", width=24, limit=120, of="project"),
    Column("channel", "线索渠道", "choice", choices=_words(model.Channel), width=12),
    Column("external_no", "外部编号", width=16, limit=60,
           note="线索在原平台的编号。"),
    Column("accepted_on", "受理日期", "day", required=True, width=12),
    Column("claimed_workers", "诉求人数", "count", required=True, width=9, note="反映的人数，不是查实的人数。"),
    Column("claimed_migrants", "诉求其中农民工", "count", width=9),
    Column("claimed_fen", "诉求金额（元）", "money", required=True, width=14,
           note="单位可在表头或单元格写明元、万元。"),
    Column("verified_workers", "查实人数", "count", width=9,
           note="查实人数和查实金额同时填写；填了还须填化解方案、责任单位、责任人、完成时限。"),
    Column("verified_migrants", "查实其中农民工", "count", width=9),
    Column("verified_fen", "查实金额（元）", "money", width=14),
    Column("verified_migrant_fen", "其中农民工金额（元）", "money", width=14),
    Column("verified_on", "查实日期", "day", width=12,
           note="查实的案件不填时，记为导入当日。"),
    Column("period_from", "欠薪起", "first", width=12, note="可写到月，如2026年3月。"),
    Column("period_to", "欠薪止", "last", width=12),
    Column("plan", "化解方案", width=30),
    Column("unit", "责任单位", width=18, limit=60),
    Column("person", "责任人", width=10, limit=60),
    Column("due", "完成时限", "day", width=12),
    Column("paid_workers", "已支付人数", "count", width=9,
           of="payment", note="累计数。比台账已登记的多出部分，记为一笔支付。"),
    Column("paid_migrants", "已支付其中农民工", "count", width=9, of="payment",
           note="能从查实数推出的可不填。"),
    Column("paid_fen", "已支付金额（元）", "money", width=14,
           of="payment", note="工资，不含加付的赔偿金；累计数。"),
    Column("paid_migrant_fen", "已支付农民工金额（元）", "money", width=14,
           of="payment"),
    Column("paid_on", "支付日期", "day", width=12, of="payment",
           note="最近一笔支付的日期；新登记支付时必填。"),
    Column("state", "状态", "choice", choices=_words(model.CaseState),
           width=12, note="新案件限：" + "、".join(IMPORT_STATES) + "。立案、销账等须在系统内办理。"),
    Column("leader", "包案领导", width=10, limit=60,
           note="重大案件必填。"),
    Column("leader_unit", "包案领导身份", "choice", choices=model.LEADERS, width=18),
    Column("summary", "备注", width=30),
)  # fmt: skip
BY_KEY: dict[str, Column] = {column.key: column for column in COLUMNS}
REQUIRED = tuple(column for column in COLUMNS if column.required)

# What an export shows besides; an import passes over them without a word.
READ_ONLY = ("牵头部门", "最近时限", "首问负责人", "更新时间")

# How other offices head the same columns.
_ALIASES = """
number               案件号 系统编号
employer             用人单位 用人单位名称 单位名称 欠薪企业 欠薪单位 欠薪企业名称 欠薪单位名称 企业
employer             涉事企业 被投诉单位
uscc                 信用代码 社会信用代码 统一信用代码
class_               用人单位类别 单位类别 企业类型 行业类型 用人单位类型
project              工程项目 工程项目名称 工程名称 欠薪项目 项目 在建项目名称
prefecture           州市 州（市） 所在州市 所在州（市） 所属州市 市州
county               县 县区 县（市、区） 县市区 所在县 所在县区 所在县（市、区） 项目所在县（市、区）
county               项目所在县市区 所属县区 属地
region_code          行政区划代码 地区代码
industry             行业 所属行业 行业主管 项目类别 工程类别 行业领域
gov                  政府投资项目 政府投资工程 是否政府投资 是否政府投资项目
ppp                  ppp项目 是否ppp 是否ppp项目 政府与社会资本合作 政府和社会资本合作
soe                  国企项目 是否国企 是否国企项目 国有企业项目
developer            建设单位名称 业主单位 业主 甲方
contractor           施工总承包单位 总承包单位 施工总包单位 施工总包 总包 总承包
channel              线索来源 来源 渠道 案件来源 来源渠道 问题来源
external_no          平台编号 线索编号 来文号 转办编号
accepted_on          受理时间 登记日期 接访日期 投诉日期 受案日期
claimed_workers      欠薪人数 涉及人数 反映人数 投诉人数 拖欠人数 涉及职工人数 诉求职工人数
claimed_migrants     诉求农民工人数 诉求农民工 其中农民工人数（诉求） 其中农民工（诉求）
claimed_fen          欠薪金额 涉及金额 反映金额 投诉金额 拖欠金额 诉求欠薪金额 拖欠工资金额
verified_workers     查实职工人数 核实人数 查实欠薪人数
verified_migrants    查实农民工人数 查实农民工 其中农民工人数（查实） 其中农民工（查实）
verified_fen         核实金额 查实欠薪金额
verified_migrant_fen 查实农民工金额 查实其中农民工金额 农民工欠薪金额 农民工金额
verified_on          查实时间 核实日期
period_from          欠薪起始 欠薪开始时间 欠薪起始时间 拖欠起始时间 欠薪时间起 拖欠起
period_to            欠薪截止 欠薪结束时间 欠薪截止时间 拖欠截止时间 欠薪时间止 拖欠止
plan                 处置方案 化解措施 处理方案 解决方案
unit                 承办单位 化解责任单位 主办单位
person               承办人 化解责任人 责任人员
due                  化解时限 办结时限 完成时间 办理期限 计划完成时间
paid_workers         支付人数 已发放人数 已解决人数 累计支付人数
paid_migrants        支付其中农民工 已支付农民工人数
paid_fen             支付金额 已发放金额 已解决金额 累计支付金额
paid_migrant_fen     支付农民工金额 已支付其中农民工金额
paid_on              支付时间 发放日期 发放时间
state                办理状态 案件状态 办理情况 进展
leader               包案领导姓名 包保领导 领导包案
leader_unit          包案领导类别
summary              案情 简要情况 情况说明 基本情况 案件简介 说明
"""

# Headings that say what they count only by what stands left of them or above.
BARE_MIGRANTS = ("其中农民工", "其中农民工人数", "农民工", "农民工人数", "其中:农民工", "其中:农民工人数")
BARE_FIGURES = {
    "人数": "workers", "职工人数": "workers", "合计人数": "workers", "总人数": "workers", "涉及人数": "workers",
    "金额": "fen", "工资金额": "fen", "合计金额": "fen", "总金额": "fen", "涉及金额": "fen",
    "其中农民工金额": "migrant_fen", "农民工金额": "migrant_fen", "其中:农民工金额": "migrant_fen",
    "起": "from", "止": "to", "开始": "from", "结束": "to", "日期": "on", "时间": "on",
} | dict.fromkeys(BARE_MIGRANTS, "migrants")  # fmt: skip
GROUPS = {
    "claimed": ("诉求", "欠薪情况", "反映", "投诉", "欠薪诉求", "诉求情况"),
    "verified": ("查实", "查实情况", "核实", "核实情况", "查实欠薪", "查实欠薪情况"),
    "paid": ("已支付", "支付", "支付情况", "已发放", "发放情况", "已支付情况"),
    "period": ("欠薪时段", "欠薪时间", "拖欠时段", "拖欠时间", "欠薪期间"),
}
PERIOD = "period"  # both ends of the arrears in one cell
PERIOD_HEADINGS = GROUPS["period"]
ORDINAL = ("序号", "编号", "no", "no.", "行号")  # a row's number in somebody's list; means nothing

_UNIT = re.compile(r"[(\[](?:单位[:：]?)?(?:人民币)?(亿元|万元|千元|百元|元|人|万人|名)[)\]]")
_IN_WORDS = re.compile(r"单位[:：]?(亿元|万元|元)")
_REMARKS = re.compile(r"\((?:必填|选填|可不填|下拉选择|下拉|是/否|填是或否|yyyy-mm-dd|年/月/日|年-月-日|年月日)\)")


def plain(heading: object) -> str:
    """A heading without spaces, breaks, stars, remarks and units, in half width and lower case."""
    text = re.sub(r"[\s*★☆＊]+", "", unicodedata.normalize("NFKC", str(heading or ""))).lower().replace("【", "(")
    text = _REMARKS.sub("", text.replace("】", ")"))
    return _IN_WORDS.sub("", _UNIT.sub("", text)).strip(":：,，、")


def unit_of(heading: object) -> str:
    """``元``, ``万元`` … where the heading names one, else ``""``."""
    text = re.sub(r"\s+", "", unicodedata.normalize("NFKC", str(heading or "")))
    found = _UNIT.search(text.replace("【", "(").replace("】", ")")) or _IN_WORDS.search(text)
    return found[1] if found and found[1].endswith("元") else ""


@cache
def named() -> dict[str, str]:
    """Every way a column is headed → its key."""
    found: dict[str, str] = {}
    for column in COLUMNS:
        found[plain(column.heading)] = column.key
    for line in _ALIASES.strip().splitlines():
        key, *headings = line.split()
        for words in headings:
            found.setdefault(plain(words), BY_KEY[key].key)
    for words in PERIOD_HEADINGS:
        found.setdefault(plain(words), PERIOD)
    return found
