"""A rule for a source nobody bears would never hit and nobody would know: it is said, with the source that is meant."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitors.access.roles import Role
from monitors.opinion import rule_sources
from monitors.opinion.lexicon import shipped
from monitors.opinion.mentions import read
from monitors.opinion.rule_grammar import parse
from monitors.opinion.rule_match import Matcher, Origin
from pages import rules_draft
from tests import seed
from tests.test_page_rules import page

NAMES = ("zt-daily", "昭通日报", "地方媒体", "昭通日报社", "微博热搜榜", "热榜", "ABC News")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("来源：昭通日抱", ["“来源：昭通日抱”：没有这个来源，是否指“昭通日报”"]),
        ("来源：zt-dialy", ["“来源：zt-dialy”：没有这个来源，是否指“zt-daily”"]),
        ("来源：“abc news”", ["“来源：abc news”：没有这个来源，是否指“ABC News”"]),
        ("来源：某县融媒体中心客户端", ["“来源：某县融媒体中心客户端”：没有这个来源"]),
        ("平台：微薄热搜", ["“平台：微薄热搜”：没有来源的名称含有这几个字，是否指“微博热搜榜”"]),
        ("来源：昭通日报、热榜、zt-daily、地方媒体\n平台：微博", []),
        ("级别：III", []),
    ],
)
def test_a_name_no_source_bears_is_told_with_the_nearest(line, told):
    found = rule_sources.remarks(parse(f"【车队】\n车队\n{line}"), NAMES)
    assert list(found) == [f"规则“车队”的{one}" for one in told]


def test_whatever_hits_a_source_is_no_remark():
    """The remark asks what the matcher asks."""
    for name in NAMES:
        rules = parse(f"【甲】\n车队\n来源：“{name}”\n\n【乙】\n车队\n平台：“{name[1:3]}”")
        assert rule_sources.remarks(rules, NAMES) == ()
        for origin in (Origin(name=name), Origin(id=name), Origin(group=name), Origin(outlet=name)):
            assert len(hits(rules, origin)) == 2


def hits(rules, origin):
    document = read("车队", shipped()), read("", shipped())
    return Matcher(rules).find(*document, origin=origin, region="", scope="本省")


def test_many_mistakes_are_bounded():
    text = "\n\n".join(f"【规则{n}】\n车队\n来源：没有{n}" for n in range(100))
    assert len(rule_sources.remarks(parse(text), NAMES)) == rule_sources.MOST


def test_asked_of_the_store(store):
    seed.plant(store, seed.Planted("镇雄工地工人讨薪"), datetime.now(UTC))
    with store.read() as connection:
        (told,) = rule_sources.unknown(connection, "【车队】\n车队\n来源：没有这样的来源啊")
        assert told.startswith("规则“车队”的“来源：没有这样的来源啊”")
        assert rule_sources.unknown(connection, "【车队】\n车队") == ()
        assert rule_sources.unknown(connection, "没有名称") == ()


def test_the_page_says_so_before_a_trial(house, signed):
    seed.plant(house, seed.Planted("镇雄工地工人讨薪"), datetime.now(UTC))
    signed(Role.ADMINISTRATOR)
    app = page()
    app.text_area(key=rules_draft.TEXT).input("【车队】\n讨薪车队\n来源：没有的报").run()
    assert any("规则“车队”的“来源：没有的报”：没有这个来源" in one.value for one in app.warning)
    assert not app.button(key="rules-try").disabled
    app.text_area(key=rules_draft.TEXT).input("【车队】\n讨薪车队").run()
    assert not [one for one in app.warning if "来源" in one.value]
