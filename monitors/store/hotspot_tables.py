"""Tables of the regional hotspots (重点地区): what each scan found, episodes people were told of, known changes.

Each column is explained once; no business logic. Days are Shanghai calendar days. Nothing here decides anything: a run
can be thrown away and computed again from the stories and cases, an episode's mark and a known change are people's own.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Date, Float, ForeignKey, Index, Integer, String, Table, Text, text

from monitors.store.columns import Moment, metadata

VERSIONED = ("hotspot_run", "hotspot_episode", "known_change")

hotspot_run = Table(
    "hotspot_run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("data_set", String(4), nullable=False),  # 舆情 | 台账
    Column("kind", String(4), nullable=False),  # 县级 | 州市 | 严重: which events, at which level
    Column("day", Date, nullable=False),  # the last day scanned, still running
    Column("at", Moment, nullable=False),
    Column(
        "fingerprint", String(64), nullable=False
    ),  # sha256 of counts, changes and parameters: same input, same answer
    Column("days", Integer, nullable=False),  # length of the baseline in days
    Column("total", Integer, nullable=False),  # events in it
    Column("unplaced", Integer, nullable=False),  # of Yunnan, known to no county: in no county's count
    Column("tau_county", Float, nullable=False),  # over-dispersion of counties beyond their prefecture's
    Column("tau_prefecture", Float, nullable=False),
    Column("parameters", JSON, nullable=False),  # windows, neighbours, replicates, seed, thresholds
    Column("left_out", JSON, nullable=False),  # counties whose baseline is being rebuilt
    Column("reason", Text, nullable=False, server_default=""),  # why there is no answer, where there is none
    Column("milliseconds", Integer, nullable=False),
    Column("demo", Boolean, nullable=False, server_default=text("false")),  # rests on demonstration data
)
Index("ix_hotspot_run_data_set_day", hotspot_run.c.data_set, hotspot_run.c.kind, hotspot_run.c.day)

hotspot_episode = Table(
    "hotspot_episode",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("data_set", String(4), nullable=False),
    Column("kind", String(4), nullable=False),
    Column("regions", JSON, nullable=False),  # codes, every county that was ever part of it
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),  # of the last cluster that belongs to it
    Column("tier", String(4), nullable=False),  # 关注 | 预警: the gravest it had
    Column("opened_at", Moment, nullable=False),  # when it was first shown
    Column("seen_at", Moment, nullable=False),  # last run that found it
    Column("closed_at", Moment),
    Column("told_tier", String(4), nullable=False, server_default=""),  # what people were told last, and of how many
    Column("told_events", Integer, nullable=False, server_default="0"),
    Column("told_at", Moment),
    Column("verdict", String(4), nullable=False, server_default=""),  # 属实 | 误报 | 不明
    Column("verdict_words", Text, nullable=False, server_default=""),
    Column("verdict_by_id", Integer),
    Column("verdict_by", String(60), nullable=False, server_default=""),
    Column("verdict_at", Moment),
    Column("demo", Boolean, nullable=False, server_default=text("false")),
    Column("revision", Integer, nullable=False, server_default="1"),
)
Index("ix_hotspot_episode_data_set_closed_at", hotspot_episode.c.data_set, hotspot_episode.c.closed_at)

hotspot_cluster = Table(
    "hotspot_cluster",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("hotspot_run.id", ondelete="CASCADE"), nullable=False),
    Column("episode_id", Integer, ForeignKey("hotspot_episode.id", ondelete="SET NULL")),
    Column("place", Integer, nullable=False),  # 1 is the likeliest of its run
    Column("regions", JSON, nullable=False),  # county codes; prefecture codes where kind is 州市
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("observed", Integer, nullable=False),
    Column("expected", Float, nullable=False),
    Column("statistic", Float, nullable=False),  # log likelihood ratio
    Column("p_value", Float, nullable=False),
    Column("tier", String(4), nullable=False),  # 关注 | 预警 | empty: not shown as a cluster
    Column("events", JSON, nullable=False),  # ids of the stories or cases counted
)
Index("ix_hotspot_cluster_run_id", hotspot_cluster.c.run_id)
Index("ix_hotspot_cluster_episode_id", hotspot_cluster.c.episode_id)

known_change = Table(
    "known_change",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("region", String(6), nullable=False),  # county or prefecture
    Column("data_set", String(4), nullable=False),
    Column("day", Date, nullable=False),  # from this day on the county's habit is another
    Column("reason", Text, nullable=False),
    Column("by_id", Integer),
    Column("by", String(60), nullable=False),
    Column("at", Moment, nullable=False),
    Column("ended_at", Moment),  # taken back
    Column("ended_by", String(60), nullable=False, server_default=""),
    Column("ended_why", Text, nullable=False, server_default=""),
    Column("demo", Boolean, nullable=False, server_default=text("false")),
)
Index("ix_known_change_data_set_region", known_change.c.data_set, known_change.c.region)
