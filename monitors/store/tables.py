"""The tables, each column explained once. No business logic.

Times are timezone-aware UTC, money integer 分, persons integers. ``demo`` marks invented demonstration data (演示数据).
Tables named in ``VERSIONED`` bump the version table by triggers (see the first migration); page caches key on it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

VERSIONED = ("source", "source_state", "item", "story", "alert", "meta")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """An aware instant. Naive values are refused; SQLite, which has no time zone, gets and gives UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - its signature is given
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


source = Table(
    "source",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(60), nullable=False),
    Column("kind", String(8), nullable=False),  # feed | page | json
    Column("url", Text, nullable=False),
    Column("group_name", String(16), nullable=False),
    Column("outlet", String(60), nullable=False),  # outlets are counted by this name in severity
    Column("interval_seconds", Integer, nullable=False),
    Column("max_interval_seconds", Integer, nullable=False),
    Column("region", String(6), nullable=False, server_default=""),  # home of the outlet, six-digit code
    Column("tier", Integer, nullable=False),
    Column("national", Boolean, nullable=False),
    Column("condition", String(8), nullable=False),
    Column("condition_note", Text, nullable=False, server_default=""),
    Column("paused", Boolean, nullable=False),
    Column("recipe", JSON, nullable=False),  # fields of model.Recipe
    Column("origin", String(8), nullable=False),  # config (follows config.toml until edited) | page | opml
    Column("removed", Boolean, nullable=False, server_default=text("false")),  # kept for its items' sake
    Column("demo", Boolean, nullable=False, server_default=text("false")),
    Column("revision", Integer, nullable=False, server_default="1"),  # optimistic concurrency of edits
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

source_state = Table(
    "source_state",
    metadata,
    Column("source_id", String(64), ForeignKey("source.id", ondelete="CASCADE"), primary_key=True),
    Column("next_at", Moment, nullable=False),  # due when this has passed
    Column("interval_seconds", Float, nullable=False),  # present adaptive interval
    Column("lease_owner", String(80)),  # worker that claimed it
    Column("lease_until", Moment),
    Column("generation", Integer, nullable=False, server_default="0"),  # fence: rises at each claim
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body_hash", String(64)),  # sha256 of the last stored body: servers lie about 304
    Column("full_poll_at", Moment),  # last unconditional poll that succeeded
    Column("failures", Float, nullable=False, server_default="0"),  # weighted failures in a row
    Column("streak", Integer, nullable=False, server_default="0"),  # +n mostly new, -n mostly seen polls in a row
    Column("last_poll_at", Moment),
    Column("last_ok_at", Moment),
    Column("newest_item_at", Moment),  # health is judged by this
    Column("last_outcome", String(16), nullable=False, server_default=""),
    Column("last_note", Text, nullable=False, server_default=""),
)
Index("ix_source_state_next_at", source_state.c.next_at)

poll = Table(
    "poll",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source_id", String(64), ForeignKey("source.id", ondelete="CASCADE"), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment, nullable=False),
    Column("outcome", String(16), nullable=False),  # ok unchanged temporary soft hard refused
    Column("status", Integer),  # HTTP status, null when none came
    Column("new", Integer, nullable=False, server_default="0"),
    Column("seen", Integer, nullable=False, server_default="0"),
    Column("dropped", Integer, nullable=False, server_default="0"),
    Column("repaired", Integer, nullable=False, server_default="0"),  # characters replaced while decoding
    Column("bytes", Integer, nullable=False, server_default="0"),
    Column("note", Text, nullable=False),  # one line in words
)
Index("ix_poll_source_id_started_at", poll.c.source_id, poll.c.started_at)
Index("ix_poll_started_at", poll.c.started_at)

set_aside = Table(
    "set_aside",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source_id", String(64), ForeignKey("source.id", ondelete="CASCADE"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("excerpt", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),  # the same bad entry is written once
    UniqueConstraint("source_id", "fingerprint"),
)

story = Table(
    "story",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("region", String(6), nullable=False),
    Column("scope", String(8), nullable=False),
    Column("kind", String(16)),
    Column("stance", String(12), nullable=False),
    Column("sentiment", Float, nullable=False),
    Column("workers", Integer),
    Column("amount_fen", BigInteger().with_variant(Integer(), "sqlite")),
    Column("employer", Text),
    Column("items", Integer, nullable=False),  # reports in the story
    Column("outlets", Integer, nullable=False),  # distinct outlets
    Column("first_outlet", String(60), nullable=False),
    Column("first_published_at", Moment, nullable=False),  # public clock starts here
    Column("first_seen_at", Moment, nullable=False),
    Column("last_seen_at", Moment, nullable=False),
    Column("level", String(4), nullable=False),
    Column("score", Integer, nullable=False),
    Column("severity", JSON, nullable=False),  # {parts:[{code,points,why}],floors:[…]}
    Column("matched", JSON, nullable=False),  # matched terms, most telling first
    Column("demo", Boolean, nullable=False, server_default=text("false")),
)
Index("ix_story_last_seen_at", story.c.last_seen_at)
Index("ix_story_region_last_seen_at", story.c.region, story.c.last_seen_at)

item = Table(
    "item",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source_id", String(64), ForeignKey("source.id"), nullable=False),
    Column("guid", String(64), nullable=False),  # sha256 of the entry's guid, or of canonical URL + title
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("text_hash", String(64), nullable=False),
    Column("outlet", String(60), nullable=False),
    Column("published_at", Moment, nullable=False),  # fetch time where the source gave none; see published_note
    Column("published_note", Text, nullable=False, server_default=""),
    Column("fetched_at", Moment, nullable=False),
    Column("relevant", Boolean, nullable=False),
    Column("relevance", Float, nullable=False),
    Column("sentiment", Float, nullable=False),
    Column("stance", String(12), nullable=False),
    Column("kind", String(16)),
    Column("scope", String(8), nullable=False),
    Column("level", String(4)),  # null where not relevant
    Column("score", Integer),
    Column("region", String(6), nullable=False),
    Column("workers", Integer),
    Column("amount_fen", BigInteger().with_variant(Integer(), "sqlite")),
    Column("employer", Text),
    Column("judgement", JSON, nullable=False),  # matched, acts, evidence, severity parts, snownlp, model
    Column("story_id", Integer, ForeignKey("story.id")),
    Column("demo", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("source_id", "guid"),
)
Index("ix_item_published_at", item.c.published_at)
Index("ix_item_fetched_at", item.c.fetched_at)
Index("ix_item_story_id", item.c.story_id)
Index("ix_item_source_id_text_hash", item.c.source_id, item.c.text_hash)  # the same words under a new address
Index("ix_item_relevant_published_at", item.c.relevant, item.c.published_at)
Index("ix_item_region_published_at", item.c.region, item.c.published_at)

story_signature = Table(
    "story_signature",
    metadata,
    Column("item_id", Integer, ForeignKey("item.id", ondelete="CASCADE"), primary_key=True),
    Column("at", Moment, nullable=False),  # publication; candidates lie within the window around it
    Column("signature", LargeBinary, nullable=False),  # MinHash, 4 bytes each
)
Index("ix_story_signature_at", story_signature.c.at)

story_band = Table(
    "story_band",
    metadata,
    Column("band", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("item_id", Integer, ForeignKey("item.id", ondelete="CASCADE"), primary_key=True),
)
Index("ix_story_band_item_id", story_band.c.item_id)

alert = Table(
    "alert",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", String(20), nullable=False, unique=True),  # YJ20261123-0001, counted per Shanghai day
    Column("story_id", Integer, ForeignKey("story.id"), nullable=False),
    Column("level", String(4), nullable=False),
    Column("score", Integer, nullable=False),
    Column("state", String(8), nullable=False),  # model.ALERT_STATES
    Column("opened_at", Moment, nullable=False),  # our clock starts here (detection)
    Column("raised_at", Moment, nullable=False),  # last time the level rose: moves the alert to the top
    Column("sign_due_at", Moment, nullable=False),
    Column("public_due_at", Moment, nullable=False),  # from first publication
    Column("signed_by", String(60)),
    Column("signed_at", Moment),
    Column("closed_at", Moment),
    Column("case_ids", JSON, nullable=False),  # linked ledger cases
    Column("demo", Boolean, nullable=False, server_default=text("false")),
    Column("revision", Integer, nullable=False, server_default="1"),
)
# One open alert per story: the database refuses a second one, whatever the code does.
Index(
    "uq_alert_open_story",
    alert.c.story_id,
    unique=True,
    sqlite_where=text("state NOT IN ('已办结','误报','并案')"),
    postgresql_where=text("state NOT IN ('已办结','误报','并案')"),
)
Index("ix_alert_state_raised_at", alert.c.state, alert.c.raised_at)
Index("ix_alert_opened_at", alert.c.opened_at)

alert_event = Table(
    "alert_event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", Integer, ForeignKey("alert.id", ondelete="CASCADE"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("kind", String(16), nullable=False),  # opened | level | state | report
    Column("actor", String(60), nullable=False),  # 系统 or a person
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
)
Index("ix_alert_event_alert_id_at", alert_event.c.alert_id, alert_event.c.at)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("part", String(40), primary_key=True),  # loop | parser | judge, prefixed by the worker where there are many
    Column("at", Moment, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
)

meta = Table(
    "meta",
    metadata,
    Column("key", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)
