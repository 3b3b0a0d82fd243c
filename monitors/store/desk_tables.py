"""The alert desk's tables (警情处置, domain.md 4.2, 4.3): links, answers, shifts, silences, rules, the outbox.

Each column is explained once; no business logic. The alert itself and its events stand in ``tables``. Of whoever
acted, the account's number and the name shown are kept: the number outlives no account, the name does.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, text

from monitors.store.columns import Moment, metadata

VERSIONED = (
    *("alert_link", "response", "shift", "handover", "silence", "rule_set", "lab_run"),
    *("channel", "contact", "notice", "message"),
)

alert_link = Table(
    "alert_link",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", Integer, ForeignKey("alert.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(4), nullable=False),  # case | clue
    Column("record_id", Integer, nullable=False),  # of wage_case or clue
    Column("number", String(20), nullable=False),  # as people call that record
    Column("confidence", Float),  # 0…1 of the suggestion that was followed; null: chosen by number
    Column("why", JSON, nullable=False),  # its reasons, Chinese
    Column("opened", Boolean, nullable=False, server_default=text("false")),  # the record was entered from the alert
    Column("by_id", Integer),
    Column("by", String(60), nullable=False),
    Column("at", Moment, nullable=False),
    Column("ended_at", Moment),  # taken back
    Column("ended_by", String(60), nullable=False, server_default=""),
    Column("ended_why", Text, nullable=False, server_default=""),
)
Index("ix_alert_link_alert_id", alert_link.c.alert_id)
Index("ix_alert_link_kind_record_id", alert_link.c.kind, alert_link.c.record_id)
Index(
    "uq_alert_link_standing",
    alert_link.c.alert_id,
    alert_link.c.kind,
    alert_link.c.record_id,
    unique=True,
    sqlite_where=text("ended_at IS NULL"),
    postgresql_where=text("ended_at IS NULL"),
)

response = Table(
    "response",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", Integer, ForeignKey("alert.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(6), nullable=False),  # 权威信息 | 发布会 | 回应
    Column("state", String(4), nullable=False),  # 草稿 | 待批 | 已批准 | 已发布
    Column("body", Text, nullable=False),
    Column("unit", String(60), nullable=False, server_default=""),  # 发布单位
    Column("author_id", Integer),
    Column("author", String(60), nullable=False),
    Column("approver_id", Integer),
    Column("approver", String(60), nullable=False, server_default=""),
    Column("approved_at", Moment),
    Column("returned", Text, nullable=False, server_default=""),  # why it was sent back, until sent in again
    Column("channel", String(60), nullable=False, server_default=""),  # 发布渠道
    Column("published_at", Moment),
    Column("url", Text, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("revision", Integer, nullable=False, server_default="1"),
)
Index("ix_response_alert_id", response.c.alert_id)

shift = Table(
    "shift",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("region", String(6), nullable=False),  # whose desk: the province's, a prefecture's, a county's
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("officer_id", Integer),  # account of the 值班员; null with a name: somebody without an account
    Column("officer", String(60), nullable=False, server_default=""),  # empty: an unnamed shift, shown red (R24)
    Column("leader_id", Integer),
    Column("leader", String(60), nullable=False, server_default=""),  # 带班领导
    Column("note", Text, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("revision", Integer, nullable=False, server_default="1"),
)
Index("ix_shift_region_starts_at", shift.c.region, shift.c.starts_at)

handover = Table(
    "handover",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("region", String(6), nullable=False),
    Column("from_at", Moment, nullable=False),  # what happened since …
    Column("to_at", Moment, nullable=False),  # … until the outgoing officer signed
    Column("out_id", Integer),
    Column("out_name", String(60), nullable=False),
    Column("out_at", Moment, nullable=False),
    Column("in_id", Integer),
    Column("in_name", String(60), nullable=False, server_default=""),  # empty: not yet taken over
    Column("in_at", Moment),
    Column("notes", Text, nullable=False, server_default=""),  # 交接事项
    Column("in_notes", Text, nullable=False, server_default=""),  # what the incoming officer adds
    Column("snapshot", JSON, nullable=False),  # the figures and open items as they were signed
    Column("revision", Integer, nullable=False, server_default="1"),
)
Index("ix_handover_region_to_at", handover.c.region, handover.c.to_at)

silence = Table(
    "silence",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("region", String(6), nullable=False),  # within this division; 530000: everywhere
    Column("levels", JSON, nullable=False),  # levels concerned, never empty
    Column("words", Text, nullable=False, server_default=""),  # any of these, parted by blanks, in title or employer
    Column("story_id", Integer),  # this story alone
    Column("reason", Text, nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("by_id", Integer),
    Column("by", String(60), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),  # ended early
    Column("ended_by", String(60), nullable=False, server_default=""),
)
Index("ix_silence_ends_at", silence.c.ends_at)

rule_set = Table(
    "rule_set",
    metadata,
    Column("id", Integer, primary_key=True),  # the highest is in force; none is ever changed
    Column("at", Moment, nullable=False),
    Column("by_id", Integer),
    Column("by", String(60), nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("text", Text, nullable=False),  # the keyword rules as they were written
    Column("thresholds", JSON, nullable=False),  # what differs from config.toml: {name: number}
    Column("aliases", JSON, nullable=False),  # [{word, means, note}]
    Column("figures", JSON, nullable=False),  # what the laboratory measured before saving
)

lab_run = Table(
    "lab_run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("by_id", Integer),
    Column("by", String(60), nullable=False),
    Column("draft", JSON, nullable=False),  # {text, thresholds, aliases} that was tried
    Column("against", Integer, nullable=False),  # rule_set.id in force then; 0: as shipped
    Column("days", Integer, nullable=False),
    Column("state", String(4), nullable=False),  # 运行 | 完成 | 失败 | 取消
    Column("done", Integer, nullable=False, server_default="0"),  # reports looked at
    Column("total", Integer, nullable=False, server_default="0"),
    Column("result", JSON, nullable=False),
    Column("error", Text, nullable=False, server_default=""),
)

channel = Table(
    "channel",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(40), nullable=False, unique=True),
    Column("kind", String(8), nullable=False),  # wecom | dingtalk | feishu | smtp | webhook
    Column("shown", String(200), nullable=False),  # where it leads, without any secret: host, mailbox
    Column("sealed", LargeBinary, nullable=False),  # AES-256-GCM of its settings as JSON; key outside the database
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("region", String(6), nullable=False),  # alerts within this division go there
    Column("levels", JSON, nullable=False),  # of these levels
    Column("quiet_from", Integer),  # minutes after midnight (Asia/Shanghai) between which …
    Column("quiet_to", Integer),  # … III and IV wait for the morning; null: never
    Column("per_minute", Integer, nullable=False, server_default="20"),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("last_ok_at", Moment),
    Column("last_error_at", Moment),
    Column("last_error", Text, nullable=False, server_default=""),
    Column("revision", Integer, nullable=False, server_default="1"),
)

contact = Table(
    "contact",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("region", String(6), nullable=False),  # whose list
    Column("step", Integer, nullable=False),  # 1, 2, 3: told at the first, second, third escalation
    Column("name", String(60), nullable=False),
    Column("account_id", Integer),
    Column("channel_id", Integer, ForeignKey("channel.id", ondelete="CASCADE"), nullable=False),
    Column("recipient", String(120), nullable=False, server_default=""),  # mailbox or member id within the channel
)
Index("ix_contact_region_step", contact.c.region, contact.c.step)

notice = Table(
    "notice",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", Integer, ForeignKey("alert.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(8), nullable=False),  # opened | raised | reopened
    Column("at", Moment, nullable=False),
    Column("state", String(4), nullable=False),  # 待处理 | 已编发 | 已静默 | 已抑制 | 已合并 | 无渠道
    Column("why", Text, nullable=False, server_default=""),
    Column("decided_at", Moment),
)
Index("ix_notice_state_at", notice.c.state, notice.c.at)
Index("ix_notice_alert_id", notice.c.alert_id)

message = Table(
    "message",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),  # sha256 of what it is: sent twice it is the same message
    Column("channel_id", Integer, ForeignKey("channel.id", ondelete="CASCADE"), nullable=False),
    Column("recipient", String(120), nullable=False, server_default=""),
    Column("kind", String(10), nullable=False),  # alert | digest | escalation | hotspot | dead | test
    Column("alert_id", Integer, ForeignKey("alert.id", ondelete="CASCADE")),  # null: about several, or none
    Column("alert_ids", JSON, nullable=False),
    Column("step", Integer, nullable=False, server_default="0"),  # of the escalation
    Column("level", String(4), nullable=False, server_default=""),  # the gravest in it
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(4), nullable=False),  # 待发 | 发送 | 已发 | 死信 | 作废
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", Moment, nullable=False),
    Column("next_at", Moment, nullable=False),  # not before
    Column("expires_at", Moment, nullable=False),  # given up after
    Column("owner", String(120), nullable=False, server_default=""),
    Column("lease_until", Moment),
    Column("generation", Integer, nullable=False, server_default="0"),  # of the lease: a sleeper's answer is refused
    Column("sent_at", Moment),
    Column("status", Integer),  # HTTP status or SMTP code of the last answer
    Column("error", Text, nullable=False, server_default=""),
)
Index("ix_message_state_next_at", message.c.state, message.c.next_at)
Index("ix_message_alert_id", message.c.alert_id)
Index("ix_message_channel_id_sent_at", message.c.channel_id, message.c.sent_at)

attempt = Table(
    "attempt",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("message_id", Integer, ForeignKey("message.id", ondelete="CASCADE"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("status", Integer),
    Column("told", Text, nullable=False),  # the channel's own words, or ours; never a secret
)
Index("ix_attempt_message_id", attempt.c.message_id)
