"""Regional hotspots: what each scan found, episodes, known changes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

# Frozen here on purpose, as in 0001.
VERSIONED = ("hotspot_run", "hotspot_episode", "known_change")


def upgrade() -> None:
    _tables()
    if op.get_bind().dialect.name == "sqlite":
        _triggers_sqlite()
    else:
        _triggers_postgresql()


def _tables() -> None:
    op.create_table(
        "hotspot_episode",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("data_set", sa.String(length=4), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("regions", sa.JSON(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("tier", sa.String(length=4), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_tier", sa.String(length=4), server_default="", nullable=False),
        sa.Column("told_events", sa.Integer(), server_default="0", nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict", sa.String(length=4), server_default="", nullable=False),
        sa.Column("verdict_words", sa.Text(), server_default="", nullable=False),
        sa.Column("verdict_by_id", sa.Integer(), nullable=True),
        sa.Column("verdict_by", sa.String(length=60), server_default="", nullable=False),
        sa.Column("verdict_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hotspot_episode"),
    )
    op.create_index("ix_hotspot_episode_data_set_closed_at", "hotspot_episode", ["data_set", "closed_at"], unique=False)
    op.create_table(
        "hotspot_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("data_set", sa.String(length=4), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("unplaced", sa.Integer(), nullable=False),
        sa.Column("tau_county", sa.Float(), nullable=False),
        sa.Column("tau_prefecture", sa.Float(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hotspot_run"),
    )
    op.create_index("ix_hotspot_run_data_set_day", "hotspot_run", ["data_set", "kind", "day"], unique=False)
    op.create_table(
        "known_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("data_set", sa.String(length=4), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=60), server_default="", nullable=False),
        sa.Column("ended_why", sa.Text(), server_default="", nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_known_change"),
    )
    op.create_index("ix_known_change_data_set_region", "known_change", ["data_set", "region"], unique=False)
    op.create_table(
        "hotspot_cluster",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.Integer(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("regions", sa.JSON(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("observed", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Float(), nullable=False),
        sa.Column("statistic", sa.Float(), nullable=False),
        sa.Column("p_value", sa.Float(), nullable=False),
        sa.Column("tier", sa.String(length=4), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["hotspot_episode.id"], name="fk_hotspot_cluster_episode_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["hotspot_run.id"], name="fk_hotspot_cluster_run_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_hotspot_cluster"),
    )
    op.create_index("ix_hotspot_cluster_episode_id", "hotspot_cluster", ["episode_id"], unique=False)
    op.create_index("ix_hotspot_cluster_run_id", "hotspot_cluster", ["run_id"], unique=False)
    op.create_index("ix_story_first_seen_at", "story", ["first_seen_at"], unique=False)


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
