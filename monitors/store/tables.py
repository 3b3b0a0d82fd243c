"""The tables, each column explained once. No business logic.

Times are timezone-aware UTC, money integer 分, persons integers. ``demo`` marks invented demonstration data (演示数据).
Tables named in ``VERSIONED`` bump the version table by triggers (see the first migration); page caches key on it.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from monitors.store import desk_tables, hotspot_tables, ledger_tables
from monitors.store.columns import BIG, Moment, metadata
from monitors.store.desk_tables import (
    alert_link,
    attempt,
    channel,
    contact,
    handover,
    lab_run,
    message,
    notice,
    response,
    rule_set,
    shift,
    silence,
)
from monitors.store.hotspot_tables import hotspot_cluster, hotspot_episode, hotspot_run, known_change
from monitors.store.ledger_tables import (
    clock_change,
    clue,
    employer,
    execution,
    form_snapshot,
    hazard,
    import_batch,
    inspection,
    ledger_event,
    measure,
    payment,
    project,
    reception,
    saved_view,
    suggestion,
    wage_case,
)

__all__ = [  # what is only passed on
    "Moment",
    "alert_link",
    "attempt",
    "channel",
    "clock_change",
    "clue",
    "contact",
    "employer",
    "execution",
    "form_snapshot",
    "handover",
    "hazard",
    "hotspot_cluster",
    "hotspot_episode",
    "hotspot_run",
    "import_batch",
    "inspection",
    "known_change",
    "lab_run",
    "ledger_event",
    "measure",
    "message",
    "metadata",
    "notice",
    "payment",
    "project",
    "reception",
    "response",
    "rule_set",
    "saved_view",
    "shift",
    "silence",
    "suggestion",
    "wage_case",
]

VERSIONED = (
    *("source", "source_state", "item", "story", "alert", "meta", "account", "session", "restricted", "label"),
    *ledger_tables.VERSIONED,
    *desk_tables.VERSIONED,
    *hotspot_tables.VERSIONED,
)

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
    Column("amount_fen", BIG),
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
Index("ix_story_first_seen_at", story.c.first_seen_at)  # events are counted by the day they were first seen
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
    Column("amount_fen", BIG),
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
    Column("band", BIG, primary_key=True),
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
    Column("case_ids", JSON, nullable=False),  # numbers of the cases linked to it, for lists; alert_link decides
    Column("demo", Boolean, nullable=False, server_default=text("false")),
    Column("revision", Integer, nullable=False, server_default="1"),
    # What a person has to do by when (domain.md 4.2, last column); null where the level asks for none, or once done.
    Column("leader_due_at", Moment),  # 报告带班领导
    Column("leader_told_at", Moment),
    Column("fact_due_at", Moment),  # 查清事实 (R66)
    Column("fact_at", Moment),  # when it was recorded
    Column("update_due_at", Moment),  # next 处置进展
    Column("conference_due_at", Moment),  # 新闻发布会, I and II: 24 h from first publication
    # Who has it, and what was found and done (domain.md 4.3).
    Column("holder_id", Integer),  # account of whoever signed for it or was given it
    Column("unit", String(60), nullable=False, server_default=""),  # 核查单位
    Column("person", String(60), nullable=False, server_default=""),  # 核查人
    Column("check_due_at", Moment),  # the day and hour given to them
    Column("verified", Text, nullable=False, server_default=""),  # 查实情况
    Column("verified_workers", Integer),
    Column("verified_fen", BIG),
    Column("result", Text, nullable=False, server_default=""),  # 办结结果
    Column("feedback", Text, nullable=False, server_default=""),
    Column("no_response", Text, nullable=False, server_default=""),  # 无需回应的理由
    Column("reason", String(20), nullable=False, server_default=""),  # 误报原因
    Column("evidence", Text, nullable=False, server_default=""),
    Column("proposal", JSON(none_as_null=True)),  # what waits for a second person: {to, by_id, by, at, values}
    Column("master_id", Integer),  # 并案: the alert it went into
    Column("touched_at", Moment),  # last act of a person
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
Index("ix_alert_master_id", alert.c.master_id)

alert_event = Table(
    "alert_event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", Integer, ForeignKey("alert.id", ondelete="CASCADE"), nullable=False),
    Column("at", Moment, nullable=False),
    Column(
        "kind", String(16), nullable=False
    ),  # opened | level | state | report | edit | leader | update | plan | link | response | proposal | assign
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

account = Table(
    "account",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(40), nullable=False, unique=True),  # sign-in name, lower case
    Column("display", String(60), nullable=False),  # the person's name, shown and recorded
    Column("unit", String(60), nullable=False, server_default=""),  # department
    Column("role", String(16), nullable=False),  # access.roles.Role
    Column("region", String(6), nullable=False),  # six-digit code; what lies inside it is this person's
    Column("password", Text),  # argon2id; null where the account signs in through the office's provider
    Column("must_change", Boolean, nullable=False),  # the first password was set by somebody else
    Column("password_at", Moment),
    Column("disabled", Boolean, nullable=False, server_default=text("false")),
    Column("failures", Integer, nullable=False, server_default="0"),  # wrong passwords in a row
    Column("locked_until", Moment),
    Column("origin", String(8), nullable=False),  # local | sso
    Column("subject", String(255), unique=True),  # issuer and subject at the provider
    Column("signed_in_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("revision", Integer, nullable=False, server_default="1"),  # optimistic concurrency of edits
)

session = Table(
    "session",
    metadata,
    Column("token_hash", String(64), primary_key=True),  # sha256 of the cookie; the token itself is stored nowhere
    Column("account_id", Integer, ForeignKey("account.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),  # last act of the person; written at most once a minute
    Column("expires_at", Moment, nullable=False),  # absolute limit
    Column("address", String(64), nullable=False),
    Column("agent", String(200), nullable=False),  # the browser's own word for itself
    Column("ended_at", Moment),
    Column("ended_why", String(20), nullable=False, server_default=""),  # 退出 | 停用 | 改密 | 管理员结束 | 恢复备份
)
Index("ix_session_account_id", session.c.account_id)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),  # no gaps: a missing number is a missing row
    Column("at", Moment, nullable=False),
    Column("account_id", Integer),  # null: the system or the console; no foreign key, the trail outlives accounts
    Column("actor", String(80), nullable=False),
    Column("display", String(80), nullable=False),
    Column("role", String(16), nullable=False),
    Column("address", String(64), nullable=False),
    Column("session", String(16), nullable=False),
    Column("action", String(40), nullable=False),
    Column("kind", String(20), nullable=False),  # kind of record: source, account, story …
    Column("target", String(80), nullable=False),
    Column("region", String(6), nullable=False),
    Column("outcome", String(4), nullable=False),  # 成功 | 拒绝 | 失败
    Column("before", Text, nullable=False),  # canonical JSON: its very bytes are signed
    Column("after", Text, nullable=False),
    Column("mac", String(64), nullable=False),
)
Index("ix_audit_at", audit.c.at)
Index("ix_audit_actor_at", audit.c.actor, audit.c.at)
Index("ix_audit_target", audit.c.kind, audit.c.target)

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True),  # always 1
    Column("seq", Integer, nullable=False),
    Column("mac", String(64), nullable=False),
)

restricted = Table(
    "restricted",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(20), nullable=False),  # kind of record it belongs to: story, later clue and case
    Column("target", String(40), nullable=False),
    Column("region", String(6), nullable=False),  # of that record when written; the record's present one decides
    Column("sealed", LargeBinary, nullable=False),  # AES-256-GCM of the fields as JSON; key outside the database
    Column("fields", JSON, nullable=False),  # which fields are filled, for lists; never their values
    Column("created_by", String(80), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("revision", Integer, nullable=False, server_default="1"),
)
Index("uq_restricted_kind_target", restricted.c.kind, restricted.c.target, unique=True)  # one set of fields per record

label = Table(
    "label",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item_id", Integer, ForeignKey("item.id", ondelete="CASCADE"), nullable=False),
    Column("field", String(12), nullable=False),  # labels.FIELDS
    Column("was", JSON, nullable=False),  # columns of the item as the judge left them
    Column("said", JSON, nullable=False),  # {"value": …}: what is right
    Column("story_id", Integer, ForeignKey("story.id", ondelete="SET NULL")),  # where the report stood when labelled
    Column("model", String(80), nullable=False),  # version of the model that judged
    Column("account_id", Integer),  # null: the console; no foreign key, as in the trail
    Column("author", String(80), nullable=False),  # the person's name, shown
    Column("at", Moment, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
)
Index("uq_label_item_id_field", label.c.item_id, label.c.field, unique=True)  # one standing label per output
Index("ix_label_story_id", label.c.story_id)
