"""The foundation: sources, polls, items, stories, alerts, the full-text index and the data versions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

# Frozen here on purpose: a later release may watch more tables, this revision never changes.
VERSIONED = ("source", "source_state", "item", "story", "alert", "meta")


def upgrade() -> None:
    _tables()
    _full_text()
    if op.get_bind().dialect.name == "sqlite":
        _versions_sqlite()
    else:
        _versions_postgresql()


def _full_text() -> None:
    # Contentless: the index holds tokens only, the texts stay in item. See store/search_index.py for the tokens.
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE item_fts USING fts5(title, body, content='', tokenize='unicode61')")
        return
    op.create_table(
        "item_fts",
        sa.Column("item_id", sa.Integer(), sa.ForeignKey("item.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("tokens", postgresql.TSVECTOR(), nullable=False),
    )
    op.create_index("ix_item_fts_tokens", "item_fts", ["tokens"], postgresql_using="gin")


def _versions_sqlite() -> None:
    op.execute("CREATE TABLE data_version (t TEXT PRIMARY KEY, v INTEGER NOT NULL)")
    for table in VERSIONED:
        op.execute(f"INSERT INTO data_version VALUES ('{table}', 0)")
        for action in ("INSERT", "UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_{action.lower()}_version AFTER {action} ON {table} "
                f"BEGIN UPDATE data_version SET v = v + 1 WHERE t = '{table}'; END"
            )


def _versions_postgresql() -> None:
    # A counter row would make every writer wait for every other until commit, and could deadlock. Each statement
    # appends a row instead; the version is (highest id, count) as committed, so a late commit changes it too.
    op.execute("CREATE TABLE data_change (id bigserial PRIMARY KEY, t text NOT NULL, at timestamptz DEFAULT now())")
    op.execute("CREATE INDEX ix_data_change_t ON data_change (t, id)")
    op.execute(
        "CREATE FUNCTION note_data_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN INSERT INTO data_change (t) VALUES (TG_TABLE_NAME); RETURN NULL; END $$"
    )
    op.execute(
        "CREATE VIEW data_version AS SELECT t, max(id)::text || '.' || count(*)::text AS v FROM data_change GROUP BY t"
    )
    for table in VERSIONED:
        op.execute(
            f"CREATE TRIGGER {table}_version AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION note_data_change()"
        )


def _tables() -> None:
    op.create_table(
        "heartbeat",
        sa.Column("part", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("part", name="pk_heartbeat"),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )
    op.create_table(
        "source",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("group_name", sa.String(length=16), nullable=False),
        sa.Column("outlet", sa.String(length=60), nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("max_interval_seconds", sa.Integer(), nullable=False),
        sa.Column("region", sa.String(length=6), server_default="", nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("national", sa.Boolean(), nullable=False),
        sa.Column("condition", sa.String(length=8), nullable=False),
        sa.Column("condition_note", sa.Text(), server_default="", nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("recipe", sa.JSON(), nullable=False),
        sa.Column("origin", sa.String(length=8), nullable=False),
        sa.Column("removed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_source"),
    )
    op.create_table(
        "story",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("scope", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=True),
        sa.Column("stance", sa.String(length=12), nullable=False),
        sa.Column("sentiment", sa.Float(), nullable=False),
        sa.Column("workers", sa.Integer(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("employer", sa.Text(), nullable=True),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("outlets", sa.Integer(), nullable=False),
        sa.Column("first_outlet", sa.String(length=60), nullable=False),
        sa.Column("first_published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("level", sa.String(length=4), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("severity", sa.JSON(), nullable=False),
        sa.Column("matched", sa.JSON(), nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_story"),
    )
    op.create_index("ix_story_last_seen_at", "story", ["last_seen_at"], unique=False)
    op.create_index("ix_story_region_last_seen_at", "story", ["region", "last_seen_at"], unique=False)
    op.create_table(
        "alert",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("story_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(length=4), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sign_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("public_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_by", sa.String(length=60), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("case_ids", sa.JSON(), nullable=False),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name="fk_alert_story_id"),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sa.UniqueConstraint("number", name="uq_alert_number"),
    )
    op.create_index("ix_alert_opened_at", "alert", ["opened_at"], unique=False)
    op.create_index("ix_alert_state_raised_at", "alert", ["state", "raised_at"], unique=False)
    op.create_index(
        "uq_alert_open_story",
        "alert",
        ["story_id"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('已办结','误报','并案')"),
        postgresql_where=sa.text("state NOT IN ('已办结','误报','并案')"),
    )
    op.create_table(
        "item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("guid", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("outlet", sa.String(length=60), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_note", sa.Text(), server_default="", nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("relevant", sa.Boolean(), nullable=False),
        sa.Column("relevance", sa.Float(), nullable=False),
        sa.Column("sentiment", sa.Float(), nullable=False),
        sa.Column("stance", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=True),
        sa.Column("scope", sa.String(length=8), nullable=False),
        sa.Column("level", sa.String(length=4), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("workers", sa.Integer(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("employer", sa.Text(), nullable=True),
        sa.Column("judgement", sa.JSON(), nullable=False),
        sa.Column("story_id", sa.Integer(), nullable=True),
        sa.Column("demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_item_source_id"),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name="fk_item_story_id"),
        sa.PrimaryKeyConstraint("id", name="pk_item"),
        sa.UniqueConstraint("source_id", "guid", name="uq_item_source_id_guid"),
    )
    op.create_index("ix_item_fetched_at", "item", ["fetched_at"], unique=False)
    op.create_index("ix_item_published_at", "item", ["published_at"], unique=False)
    op.create_index("ix_item_region_published_at", "item", ["region", "published_at"], unique=False)
    op.create_index("ix_item_relevant_published_at", "item", ["relevant", "published_at"], unique=False)
    op.create_index("ix_item_story_id", "item", ["story_id"], unique=False)
    op.create_index("ix_item_source_id_text_hash", "item", ["source_id", "text_hash"], unique=False)
    op.create_table(
        "poll",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("new", sa.Integer(), server_default="0", nullable=False),
        sa.Column("seen", sa.Integer(), server_default="0", nullable=False),
        sa.Column("dropped", sa.Integer(), server_default="0", nullable=False),
        sa.Column("repaired", sa.Integer(), server_default="0", nullable=False),
        sa.Column("bytes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_poll_source_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_poll"),
    )
    op.create_index("ix_poll_source_id_started_at", "poll", ["source_id", "started_at"], unique=False)
    op.create_index("ix_poll_started_at", "poll", ["started_at"], unique=False)
    op.create_table(
        "set_aside",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("excerpt", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_set_aside_source_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_set_aside"),
        sa.UniqueConstraint("source_id", "fingerprint", name="uq_set_aside_source_id_fingerprint"),
    )
    op.create_table(
        "source_state",
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("interval_seconds", sa.Float(), nullable=False),
        sa.Column("lease_owner", sa.String(length=80), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("generation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("body_hash", sa.String(length=64), nullable=True),
        sa.Column("full_poll_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Float(), server_default="0", nullable=False),
        sa.Column("streak", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_poll_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_ok_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("newest_item_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_outcome", sa.String(length=16), server_default="", nullable=False),
        sa.Column("last_note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name="fk_source_state_source_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("source_id", name="pk_source_state"),
    )
    op.create_index("ix_source_state_next_at", "source_state", ["next_at"], unique=False)
    op.create_table(
        "alert_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_alert_event_alert_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_alert_event"),
    )
    op.create_index("ix_alert_event_alert_id_at", "alert_event", ["alert_id", "at"], unique=False)
    op.create_table(
        "story_band",
        sa.Column("band", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_story_band_item_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("band", "item_id", name="pk_story_band"),
    )
    op.create_index("ix_story_band_item_id", "story_band", ["item_id"], unique=False)
    op.create_table(
        "story_signature",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_story_signature_item_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", name="pk_story_signature"),
    )
    op.create_index("ix_story_signature_at", "story_signature", ["at"], unique=False)
