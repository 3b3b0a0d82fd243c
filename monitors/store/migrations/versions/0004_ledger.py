"""The ledger: employers, projects, inspections, clues, hazards, cases and what is done about them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# Frozen here on purpose, as in 0001.
VERSIONED = (
    "employer",
    "form_snapshot",
    "import_batch",
    "ledger_event",
    "project",
    "saved_view",
    "inspection",
    "wage_case",
    "clock_change",
    "clue",
    "execution",
    "hazard",
    "measure",
    "payment",
    "reception",
    "suggestion",
)


def upgrade() -> None:
    _tables()
    if op.get_bind().dialect.name == "sqlite":
        _triggers_sqlite()
    else:
        _triggers_postgresql()


def _tables() -> None:
    op.create_table(
        "employer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=True),
        sa.Column("class", sa.String(length=12), nullable=False),
        sa.Column("legal_rep", sa.String(length=60), server_default="", nullable=False),
        sa.Column("state_owned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("credit", sa.String(length=1), server_default="", nullable=False),
        sa.Column("operating_status", sa.String(length=20), server_default="", nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_employer"),
    )
    op.create_index("ix_employer_name", "employer", ["name"], unique=False)
    op.create_index("uq_employer_uscc", "employer", ["uscc"], unique=True)
    op.create_table(
        "form_snapshot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign", sa.String(length=60), nullable=False),
        sa.Column("cutoff", sa.Date(), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("kind", sa.String(length=2), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.Column("explanations", sa.JSON(), nullable=False),
        sa.Column("signed", sa.JSON(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_form_snapshot"),
    )
    op.create_index(
        "ix_form_snapshot_campaign_cutoff_region", "form_snapshot", ["campaign", "cutoff", "region"], unique=False
    )
    op.create_table(
        "import_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("same", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_import_batch"),
    )
    op.create_table(
        "ledger_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_event"),
    )
    op.create_index("ix_ledger_event_kind_record_id", "ledger_event", ["kind", "record_id"], unique=False)
    op.create_table(
        "project",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("industry", sa.String(length=4), nullable=False),
        sa.Column("developer", sa.String(length=120), server_default="", nullable=False),
        sa.Column("contractor_id", sa.Integer(), nullable=True),
        sa.Column("subcontractors", sa.JSON(), nullable=False),
        sa.Column("gov", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("ppp", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("soe", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("status", sa.String(length=4), nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.Column("bond", sa.JSON(), nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["contractor_id"], ["employer.id"], name="fk_project_contractor_id"),
        sa.PrimaryKeyConstraint("id", name="pk_project"),
    )
    op.create_index("ix_project_contractor_id", "project", ["contractor_id"], unique=False)
    op.create_index("ix_project_name", "project", ["name"], unique=False)
    op.create_index("ix_project_region", "project", ["region"], unique=False)
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("page", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_saved_view_account_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_saved_view"),
    )
    op.create_index("uq_saved_view_account_id_page_name", "saved_view", ["account_id", "page", "name"], unique=True)
    op.create_table(
        "inspection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("employer_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("unit", sa.String(length=60), nullable=False),
        sa.Column("workers", sa.Integer(), nullable=False),
        sa.Column("migrants", sa.Integer(), nullable=False),
        sa.Column("migrants_with_contract", sa.Integer(), nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.id"], name="fk_inspection_employer_id"),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="fk_inspection_project_id"),
        sa.PrimaryKeyConstraint("id", name="pk_inspection"),
    )
    op.create_index("ix_inspection_employer_id_on", "inspection", ["employer_id", "on"], unique=False)
    op.create_index("ix_inspection_on", "inspection", ["on"], unique=False)
    op.create_index("ix_inspection_project_id", "inspection", ["project_id"], unique=False)
    op.create_table(
        "wage_case",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("employer_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("external_no", sa.String(length=60), server_default="", nullable=False),
        sa.Column("first_receiver", sa.String(length=60), nullable=False),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=True),
        sa.Column("accepted_on", sa.Date(), nullable=False),
        sa.Column("claimed_workers", sa.Integer(), nullable=False),
        sa.Column("claimed_migrants", sa.Integer(), nullable=False),
        sa.Column("claimed_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("verified_workers", sa.Integer(), nullable=True),
        sa.Column("verified_migrants", sa.Integer(), nullable=True),
        sa.Column("verified_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("verified_migrant_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("verified_on", sa.Date(), nullable=True),
        sa.Column("prior_period", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=True),
        sa.Column("period_to", sa.Date(), nullable=True),
        sa.Column("lead_unit", sa.String(length=60), server_default="", nullable=False),
        sa.Column("co_units", sa.JSON(), nullable=False),
        sa.Column("plan", sa.Text(), server_default="", nullable=False),
        sa.Column("unit", sa.String(length=60), server_default="", nullable=False),
        sa.Column("person", sa.String(length=60), server_default="", nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("deadline", sa.Date(), nullable=True),
        sa.Column("major", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("listed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("escalated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("leader", sa.String(length=60), server_default="", nullable=False),
        sa.Column("leader_unit", sa.String(length=60), server_default="", nullable=False),
        sa.Column("recurring", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("handler", sa.String(length=80), server_default="", nullable=False),
        sa.Column("filed_on", sa.Date(), nullable=True),
        sa.Column("first_filed_on", sa.Date(), nullable=True),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("first_closed_on", sa.Date(), nullable=True),
        sa.Column("legal_ending", sa.Text(), server_default="", nullable=False),
        sa.Column("recheck_on", sa.Date(), nullable=True),
        sa.Column("paid_workers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("paid_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.id"], name="fk_wage_case_employer_id"),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="fk_wage_case_project_id"),
        sa.PrimaryKeyConstraint("id", name="pk_wage_case"),
        sa.UniqueConstraint("number", name="uq_wage_case_number"),
    )
    op.create_index("ix_wage_case_accepted_on", "wage_case", ["accepted_on"], unique=False)
    op.create_index("ix_wage_case_employer_id", "wage_case", ["employer_id"], unique=False)
    op.create_index("ix_wage_case_project_id", "wage_case", ["project_id"], unique=False)
    op.create_index("ix_wage_case_region_state", "wage_case", ["region", "state"], unique=False)
    op.create_index("ix_wage_case_state_deadline", "wage_case", ["state", "deadline"], unique=False)
    op.create_index("ix_wage_case_updated_at", "wage_case", ["updated_at"], unique=False)
    op.create_index("ix_wage_case_verified_on", "wage_case", ["verified_on"], unique=False)
    op.create_table(
        "clock_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("clock", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("approver", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["wage_case.id"], name="fk_clock_change_case_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_clock_change"),
    )
    op.create_index("ix_clock_change_case_id", "clock_change", ["case_id"], unique=False)
    op.create_table(
        "clue",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("external_no", sa.String(length=60), server_default="", nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("first_receiver", sa.String(length=60), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("employer_name", sa.String(length=120), server_default="", nullable=False),
        sa.Column("project_name", sa.String(length=120), server_default="", nullable=False),
        sa.Column("employer_id", sa.Integer(), nullable=True),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("persons", sa.Integer(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("unit", sa.String(length=60), server_default="", nullable=False),
        sa.Column("person", sa.String(length=60), server_default="", nullable=False),
        sa.Column("target_unit", sa.String(length=60), server_default="", nullable=False),
        sa.Column("state", sa.String(length=4), nullable=False),
        sa.Column("conclusion", sa.String(length=16), server_default="", nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("feedback_on", sa.Date(), nullable=True),
        sa.Column("feedback_how", sa.String(length=60), server_default="", nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("concluded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["wage_case.id"], name="fk_clue_case_id"),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.id"], name="fk_clue_employer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_clue"),
        sa.UniqueConstraint("number", name="uq_clue_number"),
    )
    op.create_index("ix_clue_case_id", "clue", ["case_id"], unique=False)
    op.create_index("ix_clue_region_received_at", "clue", ["region", "received_at"], unique=False)
    op.create_index(
        "uq_clue_channel_external_no",
        "clue",
        ["channel", "external_no"],
        unique=True,
        sqlite_where=sa.text("external_no <> ''"),
        postgresql_where=sa.text("external_no <> ''"),
    )
    op.create_table(
        "execution",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("basis", sa.String(length=4), nullable=False),
        sa.Column("court", sa.String(length=60), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "recovered_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False
        ),
        sa.Column("batch", sa.String(length=60), server_default="", nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["wage_case.id"], name="fk_execution_case_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_execution"),
    )
    op.create_index("ix_execution_case_id", "execution", ["case_id"], unique=False)
    op.create_index("ix_execution_region_on", "execution", ["region", "on"], unique=False)
    op.create_table(
        "hazard",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("employer_id", sa.Integer(), nullable=True),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("plan", sa.Text(), server_default="", nullable=False),
        sa.Column("unit", sa.String(length=60), server_default="", nullable=False),
        sa.Column("person", sa.String(length=60), server_default="", nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("recheck_on", sa.Date(), nullable=True),
        sa.Column("proof", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.String(length=4), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["wage_case.id"], name="fk_hazard_case_id"),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.id"], name="fk_hazard_employer_id"),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="fk_hazard_project_id"),
        sa.PrimaryKeyConstraint("id", name="pk_hazard"),
        sa.UniqueConstraint("number", name="uq_hazard_number"),
    )
    op.create_index("ix_hazard_region", "hazard", ["region"], unique=False)
    op.create_table(
        "measure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("employer_id", sa.Integer(), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("type", sa.String(length=6), nullable=False),
        sa.Column("doc_no", sa.String(length=60), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("result", sa.String(length=60), server_default="", nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["wage_case.id"], name="fk_measure_case_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["employer_id"], ["employer.id"], name="fk_measure_employer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_measure"),
    )
    op.create_index("ix_measure_case_id", "measure", ["case_id"], unique=False)
    op.create_index("ix_measure_employer_id", "measure", ["employer_id"], unique=False)
    op.create_index("ix_measure_on", "measure", ["on"], unique=False)
    op.create_table(
        "payment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("migrants", sa.Integer(), nullable=False),
        sa.Column("first_persons", sa.Integer(), nullable=False),
        sa.Column("first_migrants", sa.Integer(), nullable=False),
        sa.Column("wage_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("wage_migrant_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "compensation_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False
        ),
        sa.Column(
            "compensation_migrant_fen",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            server_default="0",
            nullable=False,
        ),
        sa.Column("source", sa.String(length=6), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["wage_case.id"], name="fk_payment_case_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_payment"),
    )
    op.create_index("ix_payment_case_id", "payment", ["case_id"], unique=False)
    op.create_index("ix_payment_on", "payment", ["on"], unique=False)
    op.create_table(
        "reception",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=6), nullable=False),
        sa.Column("units", sa.JSON(), nullable=False),
        sa.Column("staff", sa.JSON(), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("representatives", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["wage_case.id"], name="fk_reception_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_reception"),
    )
    op.create_index("ix_reception_case_id", "reception", ["case_id"], unique=False)
    op.create_index("ix_reception_region_on", "reception", ["region", "on"], unique=False)
    op.create_table(
        "suggestion",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("rule", sa.String(length=120), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=4), nullable=False),
        sa.Column("decided_by", sa.String(length=80), server_default="", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["wage_case.id"], name="fk_suggestion_case_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_suggestion"),
    )
    op.create_index("uq_suggestion_case_id_kind", "suggestion", ["case_id", "kind"], unique=True)


def _triggers_sqlite() -> None:
    for table in VERSIONED:
        op.execute(f"INSERT INTO data_version VALUES ('{table}', 0)")
        for action in ("INSERT", "UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_{action.lower()}_version AFTER {action} ON {table} "
                f"BEGIN UPDATE data_version SET v = v + 1 WHERE t = '{table}'; END"
            )


def _triggers_postgresql() -> None:
    for table in VERSIONED:
        op.execute(
            f"CREATE TRIGGER {table}_version AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION note_data_change()"
        )
