"""The alert desk: handling of alerts, links to the ledger, answers, shifts, silences, rules, the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

# Frozen here on purpose, as in 0001.
VERSIONED = (
    "alert_link",
    "response",
    "shift",
    "handover",
    "silence",
    "rule_set",
    "lab_run",
    "channel",
    "contact",
    "notice",
    "message",
)


def upgrade() -> None:
    _alert()
    _tables()
    if op.get_bind().dialect.name == "sqlite":
        _triggers_sqlite()
    else:
        _triggers_postgresql()


def _alert() -> None:
    op.add_column("alert", sa.Column("leader_due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alert", sa.Column("leader_told_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alert", sa.Column("fact_due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alert", sa.Column("fact_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alert", sa.Column("update_due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alert", sa.Column("conference_due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alert", sa.Column("holder_id", sa.Integer(), nullable=True))
    op.add_column("alert", sa.Column("unit", sa.String(length=60), server_default="", nullable=False))
    op.add_column("alert", sa.Column("person", sa.String(length=60), server_default="", nullable=False))
    op.add_column("alert", sa.Column("check_due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alert", sa.Column("verified", sa.Text(), server_default="", nullable=False))
    op.add_column("alert", sa.Column("verified_workers", sa.Integer(), nullable=True))
    op.add_column(
        "alert", sa.Column("verified_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
    )
    op.add_column("alert", sa.Column("result", sa.Text(), server_default="", nullable=False))
    op.add_column("alert", sa.Column("feedback", sa.Text(), server_default="", nullable=False))
    op.add_column("alert", sa.Column("no_response", sa.Text(), server_default="", nullable=False))
    op.add_column("alert", sa.Column("reason", sa.String(length=20), server_default="", nullable=False))
    op.add_column("alert", sa.Column("evidence", sa.Text(), server_default="", nullable=False))
    op.add_column("alert", sa.Column("proposal", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("alert", sa.Column("master_id", sa.Integer(), nullable=True))
    op.add_column("alert", sa.Column("touched_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_alert_master_id", "alert", ["master_id"], unique=False)


def _tables() -> None:
    op.create_table(
        "channel",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("shown", sa.String(length=200), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("levels", sa.JSON(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_to", sa.Integer(), nullable=True),
        sa.Column("per_minute", sa.Integer(), server_default="20", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_ok_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_channel"),
        sa.UniqueConstraint("name", name="uq_channel_name"),
    )
    op.create_table(
        "handover",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("out_id", sa.Integer(), nullable=True),
        sa.Column("out_name", sa.String(length=60), nullable=False),
        sa.Column("out_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("in_id", sa.Integer(), nullable=True),
        sa.Column("in_name", sa.String(length=60), server_default="", nullable=False),
        sa.Column("in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notes", sa.Text(), server_default="", nullable=False),
        sa.Column("in_notes", sa.Text(), server_default="", nullable=False),
        sa.Column("snapshot", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_handover"),
    )
    op.create_index("ix_handover_region_to_at", "handover", ["region", "to_at"], unique=False)
    op.create_table(
        "lab_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("draft", sa.JSON(), nullable=False),
        sa.Column("against", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=4), nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_lab_run"),
    )
    op.create_table(
        "rule_set",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("thresholds", sa.JSON(), nullable=False),
        sa.Column("aliases", sa.JSON(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rule_set"),
    )
    op.create_table(
        "shift",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("officer_id", sa.Integer(), nullable=True),
        sa.Column("officer", sa.String(length=60), server_default="", nullable=False),
        sa.Column("leader_id", sa.Integer(), nullable=True),
        sa.Column("leader", sa.String(length=60), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shift"),
    )
    op.create_index("ix_shift_region_starts_at", "shift", ["region", "starts_at"], unique=False)
    op.create_table(
        "silence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("levels", sa.JSON(), nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("story_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=60), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_silence"),
    )
    op.create_index("ix_silence_ends_at", "silence", ["ends_at"], unique=False)
    op.create_table(
        "contact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(length=120), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name="fk_contact_channel_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_contact"),
    )
    op.create_index("ix_contact_region_step", "contact", ["region", "step"], unique=False)
    op.create_table(
        "alert_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.Column("opened", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=60), server_default="", nullable=False),
        sa.Column("ended_why", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_alert_link_alert_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_alert_link"),
    )
    op.create_index("ix_alert_link_alert_id", "alert_link", ["alert_id"], unique=False)
    op.create_index("ix_alert_link_kind_record_id", "alert_link", ["kind", "record_id"], unique=False)
    op.create_index(
        "uq_alert_link_standing",
        "alert_link",
        ["alert_id", "kind", "record_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(length=120), server_default="", nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=True),
        sa.Column("alert_ids", sa.JSON(), nullable=False),
        sa.Column("step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("level", sa.String(length=4), server_default="", nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=4), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner", sa.String(length=120), server_default="", nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("generation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_message_alert_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name="fk_message_channel_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.UniqueConstraint("key", name="uq_message_key"),
    )
    op.create_index("ix_message_alert_id", "message", ["alert_id"], unique=False)
    op.create_index("ix_message_channel_id_sent_at", "message", ["channel_id", "sent_at"], unique=False)
    op.create_index("ix_message_state_next_at", "message", ["state", "next_at"], unique=False)
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=4), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_notice_alert_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
    )
    op.create_index("ix_notice_alert_id", "notice", ["alert_id"], unique=False)
    op.create_index("ix_notice_state_at", "notice", ["state", "at"], unique=False)
    op.create_table(
        "response",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=6), nullable=False),
        sa.Column("state", sa.String(length=4), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("unit", sa.String(length=60), server_default="", nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("author", sa.String(length=60), nullable=False),
        sa.Column("approver_id", sa.Integer(), nullable=True),
        sa.Column("approver", sa.String(length=60), server_default="", nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned", sa.Text(), server_default="", nullable=False),
        sa.Column("channel", sa.String(length=60), server_default="", nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_response_alert_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_response"),
    )
    op.create_index("ix_response_alert_id", "response", ["alert_id"], unique=False)
    op.create_table(
        "attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("told", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_attempt_message_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
    )
    op.create_index("ix_attempt_message_id", "attempt", ["message_id"], unique=False)


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
