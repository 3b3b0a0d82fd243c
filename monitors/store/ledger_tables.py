"""The ledger's tables (欠薪工作台账, domain.md 3.1), each column explained once. No business logic.

Dates without a time are the office's calendar days; moments are UTC; money is integer 分, people integers. What was
claimed (诉求) and what was found true (查实) have columns of their own and never mix.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Date, ForeignKey, Index, Integer, String, Table, Text, text

from monitors.store.columns import BIG, Moment, metadata

VERSIONED = (
    *("employer", "project", "inspection", "clue", "hazard", "wage_case", "payment", "measure", "execution"),
    *("reception", "clock_change", "suggestion", "ledger_event", "import_batch", "form_snapshot", "saved_view"),
)


def _kept() -> tuple[Column[object], ...]:
    """What every record that people edit carries: whose invention it is, when it changed, which edit this is."""
    return (
        Column("demo", Boolean, nullable=False, server_default=text("false")),
        Column("created_at", Moment, nullable=False),
        Column("updated_at", Moment, nullable=False),
        Column("revision", Integer, nullable=False, server_default="1"),  # optimistic concurrency of edits
    )


employer = Table(
    "employer",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(120), nullable=False),
    Column("uscc", String(18)),  # 统一社会信用代码, upper case; null while unknown
    Column("class", String(12), nullable=False),  # model.EmployerClass: the four rows of 附件2
    Column("legal_rep", String(60), nullable=False, server_default=""),
    Column("state_owned", Boolean, nullable=False, server_default=text("false")),
    Column("credit", String(1), nullable=False, server_default=""),  # A | B | C, empty while not graded
    Column("operating_status", String(20), nullable=False, server_default=""),
    Column("region", String(6), nullable=False),  # where it is registered; may lie in another province
    *_kept(),
)
Index("uq_employer_uscc", employer.c.uscc, unique=True)  # null any number of times
Index("ix_employer_name", employer.c.name)

project = Table(
    "project",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(120), nullable=False),  # 项目名称 with its 标段
    Column("region", String(6), nullable=False),  # county of the site
    Column("industry", String(4), nullable=False),  # model.Industry
    Column("developer", String(120), nullable=False, server_default=""),  # 建设单位
    Column("contractor_id", Integer, ForeignKey("employer.id")),  # 施工总承包单位
    Column("subcontractors", JSON, nullable=False),  # names of 分包单位
    Column("gov", Boolean, nullable=False, server_default=text("false")),  # 政府投资工程; three flags, never one kind
    Column("ppp", Boolean, nullable=False, server_default=text("false")),  # 政府与社会资本合作
    Column("soe", Boolean, nullable=False, server_default=text("false")),  # 总承包单位 is state-owned or state-held
    Column("status", String(4), nullable=False),  # model.ProjectStatus
    Column("checks", JSON, nullable=False),  # {model.CHECKS name: {"value": 是|否|不适用, "on": "2026-11-03"}}
    Column("bond", JSON, nullable=False),  # 工资保证金 {"kind","amount_fen","bank","expiry"} or {}
    *_kept(),
)
Index("ix_project_region", project.c.region)
Index("ix_project_contractor_id", project.c.contractor_id)
Index("ix_project_name", project.c.name)

inspection = Table(
    "inspection",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("employer_id", Integer, ForeignKey("employer.id"), nullable=False),
    Column("project_id", Integer, ForeignKey("project.id")),
    Column("region", String(6), nullable=False),  # where it took place: decides whose form counts it
    Column("on", Date, nullable=False),
    Column("unit", String(60), nullable=False),  # who inspected
    Column("workers", Integer, nullable=False),
    Column("migrants", Integer, nullable=False),
    Column("migrants_with_contract", Integer, nullable=False),
    Column("checks", JSON, nullable=False),  # as in project.checks, as found that day
    Column("note", Text, nullable=False, server_default=""),
    *_kept(),
)
Index("ix_inspection_on", inspection.c.on)
Index("ix_inspection_employer_id_on", inspection.c.employer_id, inspection.c.on)
Index("ix_inspection_project_id", inspection.c.project_id)

clue = Table(
    "clue",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", String(20), nullable=False, unique=True),  # XS2026-000001
    Column("channel", String(8), nullable=False),  # model.Channel
    Column("external_no", String(60), nullable=False, server_default=""),  # number at the platform it came from
    Column("region", String(6), nullable=False),
    Column("first_receiver", String(60), nullable=False),  # 首问负责: written once, never changed
    Column("received_at", Moment, nullable=False),
    Column("employer_name", String(120), nullable=False, server_default=""),
    Column("project_name", String(120), nullable=False, server_default=""),
    Column("employer_id", Integer, ForeignKey("employer.id")),
    Column("summary", Text, nullable=False, server_default=""),  # the complainant's data is in ``restricted``
    Column("persons", Integer),
    Column("amount_fen", BIG),
    Column("unit", String(60), nullable=False, server_default=""),  # 承办单位
    Column("person", String(60), nullable=False, server_default=""),
    Column("target_unit", String(60), nullable=False, server_default=""),  # 转送单位
    Column("state", String(4), nullable=False),  # model.ClueState
    Column("conclusion", String(16), nullable=False, server_default=""),  # model.Conclusion
    Column("due", Date),  # 核处 by this day
    Column("feedback_on", Date),
    Column("feedback_how", String(60), nullable=False, server_default=""),
    Column("case_id", Integer, ForeignKey("wage_case.id")),
    Column("concluded_at", Moment),
    *_kept(),
)
# The same number from the same platform is the same clue.
Index(
    "uq_clue_channel_external_no",
    clue.c.channel,
    clue.c.external_no,
    unique=True,
    sqlite_where=text("external_no <> ''"),
    postgresql_where=text("external_no <> ''"),
)
Index("ix_clue_region_received_at", clue.c.region, clue.c.received_at)
Index("ix_clue_case_id", clue.c.case_id)

hazard = Table(
    "hazard",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", String(20), nullable=False, unique=True),  # YH2026-000001
    Column("region", String(6), nullable=False),
    Column("employer_id", Integer, ForeignKey("employer.id")),
    Column("project_id", Integer, ForeignKey("project.id")),
    Column("source", String(20), nullable=False),
    Column("cause", Text, nullable=False),
    Column("persons", Integer),
    Column("amount_fen", BIG),  # estimate
    Column("plan", Text, nullable=False, server_default=""),
    Column("unit", String(60), nullable=False, server_default=""),
    Column("person", String(60), nullable=False, server_default=""),
    Column("due", Date),
    Column("recheck_on", Date),  # next 回头看
    Column("proof", Text, nullable=False, server_default=""),
    Column("state", String(4), nullable=False),  # model.HazardState
    Column("case_id", Integer, ForeignKey("wage_case.id")),  # where the hazard became a case (转问题)
    *_kept(),
)
Index("ix_hazard_region", hazard.c.region)

wage_case = Table(
    "wage_case",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", String(20), nullable=False, unique=True),  # AJ2026-000001, counted per year
    Column("employer_id", Integer, ForeignKey("employer.id"), nullable=False),
    Column("project_id", Integer, ForeignKey("project.id")),
    Column("region", String(6), nullable=False),  # the site's county before the employer's
    Column("channel", String(8), nullable=False),
    Column("external_no", String(60), nullable=False, server_default=""),
    Column("first_receiver", String(60), nullable=False),
    Column("summary", Text, nullable=False, server_default=""),
    Column("tags", JSON, nullable=False),  # model.TAGS
    Column("occurred_on", Date),
    Column("accepted_on", Date, nullable=False),
    # 诉求
    Column("claimed_workers", Integer, nullable=False),
    Column("claimed_migrants", Integer, nullable=False),
    Column("claimed_fen", BIG, nullable=False),
    # 查实: null until verified
    Column("verified_workers", Integer),
    Column("verified_migrants", Integer),
    Column("verified_fen", BIG),
    Column("verified_migrant_fen", BIG),
    Column("verified_on", Date),
    Column("prior_period", Boolean, nullable=False, server_default=text("false")),  # owed from before the campaign
    Column("period_from", Date),  # 欠薪时段
    Column("period_to", Date),
    # who answers for it
    Column("lead_unit", String(60), nullable=False, server_default=""),  # 牵头部门
    Column("co_units", JSON, nullable=False),  # 协办单位, names
    Column("plan", Text, nullable=False, server_default=""),  # 化解方案
    Column("unit", String(60), nullable=False, server_default=""),  # 责任单位
    Column("person", String(60), nullable=False, server_default=""),  # 责任人
    Column("due", Date),  # 完成时限 as promised
    Column("deadline", Date),  # the earliest of the promise, the law's and the campaign's; kept by monitors.ledger
    Column("major", Boolean, nullable=False, server_default=text("false")),  # 重大
    Column("listed", Boolean, nullable=False, server_default=text("false")),  # 挂牌办理
    Column("escalated", Boolean, nullable=False, server_default=text("false")),  # 提级办理: the prefecture owns it
    Column("leader", String(60), nullable=False, server_default=""),  # 包案领导
    Column("leader_unit", String(60), nullable=False, server_default=""),
    Column("recurring", Boolean, nullable=False, server_default=text("false")),  # 边清边欠, flagged by rule
    Column("state", String(8), nullable=False),  # model.CaseState
    Column("handler", String(80), nullable=False, server_default=""),  # who sent it to 待销账: may not review it
    Column("filed_on", Date),  # 立案
    Column("first_filed_on", Date),  # the first filing, where the case was filed anew: a past form stays as it was
    Column("withdrawn_on", Date),  # 撤销立案
    Column("closed_on", Date),  # 已销账
    Column("first_closed_on", Date),  # the first closing, where the arrears came back (复发)
    Column("legal_ending", Text, nullable=False, server_default=""),  # approved ending other than payment
    Column("recheck_on", Date),  # next 回头看
    # kept sums of ``payment``, so that lists need not add up
    Column("paid_workers", Integer, nullable=False, server_default="0"),  # distinct persons
    Column("paid_fen", BIG, nullable=False, server_default="0"),  # wages without compensation
    Column("created_by", String(80), nullable=False),
    *_kept(),
)
Index("ix_wage_case_region_state", wage_case.c.region, wage_case.c.state)
Index("ix_wage_case_state_deadline", wage_case.c.state, wage_case.c.deadline)
Index("ix_wage_case_employer_id", wage_case.c.employer_id)
Index("ix_wage_case_project_id", wage_case.c.project_id)
Index("ix_wage_case_accepted_on", wage_case.c.accepted_on)
Index("ix_wage_case_verified_on", wage_case.c.verified_on)
Index("ix_wage_case_updated_at", wage_case.c.updated_at)

payment = Table(
    "payment",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("case_id", Integer, ForeignKey("wage_case.id", ondelete="CASCADE"), nullable=False),
    Column("on", Date, nullable=False),
    Column("persons", Integer, nullable=False),  # paid this time
    Column("migrants", Integer, nullable=False),
    Column("first_persons", Integer, nullable=False),  # of them paid for the first time in this case
    Column("first_migrants", Integer, nullable=False),
    Column("wage_fen", BIG, nullable=False),
    Column("wage_migrant_fen", BIG, nullable=False),
    Column("compensation_fen", BIG, nullable=False, server_default="0"),  # 赔偿金
    Column("compensation_migrant_fen", BIG, nullable=False, server_default="0"),
    Column("source", String(6), nullable=False),  # model.PaymentSource
    Column("proof", Text, nullable=False),
    *_kept(),
)
Index("ix_payment_case_id", payment.c.case_id)
Index("ix_payment_on", payment.c.on)

measure = Table(
    "measure",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("case_id", Integer, ForeignKey("wage_case.id", ondelete="CASCADE")),
    Column("employer_id", Integer, ForeignKey("employer.id"), nullable=False),
    Column("region", String(6), nullable=False),
    Column("type", String(6), nullable=False),  # model.MeasureType
    Column("doc_no", String(60), nullable=False),
    Column("on", Date, nullable=False),
    Column("due", Date),
    Column("result", String(60), nullable=False, server_default=""),
    Column("done_on", Date),  # when obeyed; empty after ``due`` is 逾期不改
    *_kept(),
)
Index("ix_measure_case_id", measure.c.case_id)
Index("ix_measure_on", measure.c.on)
Index("ix_measure_employer_id", measure.c.employer_id)

execution = Table(
    "execution",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("case_id", Integer, ForeignKey("wage_case.id", ondelete="CASCADE")),
    Column("region", String(6), nullable=False),
    Column("basis", String(4), nullable=False),  # model.ExecutionBasis
    Column("court", String(60), nullable=False),
    Column("on", Date, nullable=False),
    Column("amount_fen", BIG, nullable=False),
    Column("recovered_fen", BIG, nullable=False, server_default="0"),  # 执行到位
    Column("batch", String(60), nullable=False, server_default=""),  # 集中执行活动
    *_kept(),
)
Index("ix_execution_case_id", execution.c.case_id)
Index("ix_execution_region_on", execution.c.region, execution.c.on)

reception = Table(
    "reception",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("region", String(6), nullable=False),
    Column("on", Date, nullable=False),
    Column("kind", String(6), nullable=False),  # model.VisitKind
    Column("units", JSON, nullable=False),  # 参加单位
    Column("staff", JSON, nullable=False),  # 接访人员
    Column("persons", Integer, nullable=False),
    Column("representatives", Integer, nullable=False),  # at most five speak for a group
    Column("case_id", Integer, ForeignKey("wage_case.id")),
    Column("note", Text, nullable=False, server_default=""),
    *_kept(),
)
Index("ix_reception_region_on", reception.c.region, reception.c.on)
Index("ix_reception_case_id", reception.c.case_id)

clock_change = Table(
    "clock_change",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("case_id", Integer, ForeignKey("wage_case.id", ondelete="CASCADE"), nullable=False),
    Column("clock", String(12), nullable=False),  # model.Clock
    Column("kind", String(4), nullable=False),  # 暂停 | 恢复 | 延长
    Column("on", Date, nullable=False),
    Column("days", Integer),  # of an extension, in the clock's own unit
    Column("reason", Text, nullable=False),
    Column("approver", String(60), nullable=False),
    Column("at", Moment, nullable=False),
    Column("actor", String(80), nullable=False),
)
Index("ix_clock_change_case_id", clock_change.c.case_id)

suggestion = Table(
    "suggestion",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("case_id", Integer, ForeignKey("wage_case.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(8), nullable=False),  # model.SuggestionKind
    Column("rule", String(120), nullable=False),  # the article that fired
    Column("why", Text, nullable=False),  # the facts that made it fire, in words
    Column("at", Moment, nullable=False),
    Column("state", String(4), nullable=False),  # 待定 | 采纳 | 不采纳
    Column("decided_by", String(80), nullable=False, server_default=""),
    Column("decided_at", Moment),
    Column("reason", Text, nullable=False, server_default=""),
)
Index("uq_suggestion_case_id_kind", suggestion.c.case_id, suggestion.c.kind, unique=True)

ledger_event = Table(
    "ledger_event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(12), nullable=False),  # table name of the record
    Column("record_id", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("act", String(16), nullable=False),  # 登记 | 修改 | 变更状态 | 导入 …
    Column("actor", String(80), nullable=False),  # the person's name, shown
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
)
Index("ix_ledger_event_kind_record_id", ledger_event.c.kind, ledger_event.c.record_id)

import_batch = Table(
    "import_batch",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("region", String(6), nullable=False),
    Column("file_name", String(200), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("added", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("same", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
)

form_snapshot = Table(
    "form_snapshot",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("campaign", String(60), nullable=False),
    Column("cutoff", Date, nullable=False),
    Column("region", String(6), nullable=False),
    Column("kind", String(2), nullable=False),  # 本级: from the ledger | 汇总: sum of the subordinate forms
    Column("at", Moment, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("cells", JSON, nullable=False),  # exact values, see ledger.form
    Column("checks", JSON, nullable=False),  # what the checks said
    Column("explanations", JSON, nullable=False),  # {check code: words} for each W
    Column("signed", JSON, nullable=False),  # 单位负责人、处（队）负责人、制表人、联系电话
    Column("parts", JSON, nullable=False),  # of a sum: {region: snapshot id}
    Column("digest", String(64), nullable=False),  # sha256 of all the above, so that a changed snapshot shows
)
Index(
    "ix_form_snapshot_campaign_cutoff_region", form_snapshot.c.campaign, form_snapshot.c.cutoff, form_snapshot.c.region
)

saved_view = Table(
    "saved_view",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_id", Integer, ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("page", String(20), nullable=False),
    Column("name", String(30), nullable=False),
    Column("query", JSON, nullable=False),
    Column("at", Moment, nullable=False),
)
Index("uq_saved_view_account_id_page_name", saved_view.c.account_id, saved_view.c.page, saved_view.c.name, unique=True)
