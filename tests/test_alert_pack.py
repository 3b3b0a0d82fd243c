"""The evidence pack: every sentence cites what is stored, both files open, nobody else's alert is packed."""

from __future__ import annotations

import hashlib
import io
import re
from datetime import timedelta

import pytest
from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from sqlalchemy import insert, select, update

from monitors import typeset
from monitors.desk import pack, pack_docx, pack_files, pack_pdf, pack_sections
from monitors.desk.pack import PACK_KINDS, Sentence
from monitors.errors import InputError, MonitorsError, RefusedError
from monitors.opinion.alerts import append_event
from monitors.settings import load
from monitors.store import tables as t
from tests import ledger_house as ledger
from tests import seed
from tests.access_house import trail
from tests.ledger_house import NOW

SETTINGS = load(environ={})
TEXT = "示例项目三十名工人称半年没有拿到工资。多次讨薪未果，有人拉起横幅。项目部称正在筹款。"


def planted(store, **other):
    """One orange story of three reports; returns the number of its alert."""
    one = seed.Planted("数十名工人在示例项目部门口聚集讨薪", level="II", text=TEXT, reports=3, **other)
    story = seed.plant(store, one, NOW)
    with store.write() as connection:
        for row in connection.execute(select(t.item).where(t.item.c.story_id == story)).all():
            digest = hashlib.sha256(f"{row.title}\n{row.text}".encode()).hexdigest()
            connection.execute(update(t.item).where(t.item.c.id == row.id).values(text_hash=digest))
        return connection.scalar(select(t.alert.c.number).where(t.alert.c.story_id == story))


def made(store, number, actor=None, kind="专报", now=NOW):
    with store.read() as connection:
        return pack.build(connection, actor or ledger.DUTY, number, kind, settings=SETTINGS, now=now)


def sentences(found):
    return [*found.core, *(one for section in found.sections for one in section.sentences)]


def changed(store, number, **values):
    with store.write() as connection:
        connection.execute(update(t.alert).where(t.alert.c.number == number).values(values))


@pytest.mark.parametrize("kind", PACK_KINDS)
def test_every_sentence_cites_a_source_that_is_listed(store, kind):
    found = made(store, planted(store), kind=kind)
    listed = {one.key for one in found.sources}
    assert sentences(found)
    for one in sentences(found):
        assert set(one.sources) <= listed, one
    assert {key for one in sentences(found) for key in one.sources} == listed, "what is listed is cited"
    assert sum(len(one.text) for one in found.core) <= pack.CORE_CHARS


@pytest.mark.parametrize("wrong", [("", ("报道1",)), ("有人讨薪。", ())])
def test_a_sentence_without_words_or_source_cannot_be_made(wrong):
    with pytest.raises(ValueError, match="source"):
        Sentence(*wrong)


def test_the_annex_holds_time_link_and_a_digest_that_can_be_checked(store):
    found = made(store, planted(store))
    assert [one.key for one in found.reports] == ["报道1", "报道2", "报道3"]
    for one in found.reports:
        assert one.digest == hashlib.sha256(f"{one.title}\n{TEXT}".encode()).hexdigest()
        assert one.url.startswith("https://news.invalid/")
    assert found.left_out == 0


def test_quotes_are_the_reports_own_words(store):
    found = made(store, planted(store))
    views = next(section for section in found.sections if section.title == "三、主要观点")
    quoted = [words for one in views.sentences for words in re.findall("“(.+?)”。$", one.text)]
    assert quoted
    assert all(words in TEXT for words in quoted)


def test_handling_is_told_as_it_was_recorded(store):
    number = planted(store, state="已签收")
    with store.write() as connection:
        alert = connection.execute(select(t.alert).where(t.alert.c.number == number)).one()
        append_event(connection, alert.id, "state", at=NOW, actor="值班员甲", before={"state": "核查中"},
                     after={"state": "处置中"})  # fmt: skip
        connection.execute(
            insert(t.response).values(
                alert_id=alert.id, kind="权威信息", state="已发布", body="正在核查。", author="甲", approver="带班乙",
                channel="示例发布", published_at=NOW - timedelta(minutes=5), url="https://news.invalid/a",
                created_at=NOW, updated_at=NOW,
            )
        )  # fmt: skip
    changed(store, number, unit="示例区劳动监察大队", person="张示例", verified="工资确有拖欠", verified_workers=28,
            verified_fen=1_234_500, fact_at=NOW)  # fmt: skip
    handling = next(one for one in made(store, number).sections if one.title == "四、处置情况")
    told = "".join(one.text for one in handling.sentences)
    assert "值班员甲签收" in told
    assert "转示例区劳动监察大队张示例核查" in told
    assert "核查情况：工资确有拖欠，查实 28 人、1.23 万元。" in told
    assert "经带班乙批准，在示例发布发布权威信息" in told
    cited = {key for one in handling.sentences for key in one.sources}
    assert "回应1" in cited
    assert any(key.startswith("记录") for key in cited)


def test_limits_that_passed_are_risks_and_those_to_come_are_advice(store):
    number = planted(store)
    changed(store, number, sign_due_at=NOW - timedelta(minutes=10), fact_due_at=NOW + timedelta(minutes=30))
    found = {one.title: [s.text for s in one.sentences] for one in made(store, number).sections}
    assert any(words.startswith("签收已超过时限 10 分钟") for words in found["五、风险研判"])
    assert "建议立即完成签收。" in found["六、工作建议"]
    assert any("前完成核查事实，尚余 30 分钟" in words for words in found["六、工作建议"])
    changed(store, number, state="误报", closed_at=NOW)
    closed = {one.title: one.sentences for one in made(store, number).sections}
    assert closed["六、工作建议"] == ()


def test_a_linked_case_is_told_to_whom_it_belongs_alone(store):
    number = planted(store, region=ledger.COUNTY)
    with store.write() as connection:
        case, other = ledger.entered(connection), ledger.entered(connection, ledger.ELSEWHERE, region="530627")
        alert = connection.scalar(select(t.alert.c.id).where(t.alert.c.number == number))
        for one in (case, other):
            held = connection.scalar(select(t.wage_case.c.number).where(t.wage_case.c.id == one))
            connection.execute(
                insert(t.alert_link).values(
                    alert_id=alert, kind="case", record_id=one, number=held, why=[], by="甲", at=NOW
                )
            )
    whole = "".join(one.text for one in sentences(made(store, number)))
    assert whole.count("已关联案件") == 2
    own = "".join(one.text for one in sentences(made(store, number, ledger.CLERK)))
    assert own.count("已关联案件") == 1


def test_another_county_and_an_auditor_get_nothing(store):
    number = planted(store, region="530627")
    with pytest.raises(RefusedError):
        made(store, number, ledger.CLERK)
    with pytest.raises(RefusedError):
        made(store, number, ledger.AUDITOR)
    with pytest.raises(InputError, match="没有警情"):
        made(store, "YJ20990101-0001")


@pytest.mark.parametrize("title", seed.HOSTILE_TITLES)
def test_hostile_titles_stay_words_in_both_files(store, title):
    story = seed.plant(store, seed.Planted(title + "\x1b\x08", level="II", url="javascript:alert(1)", text=title), NOW)
    with store.read() as connection:
        number = connection.scalar(select(t.alert.c.number).where(t.alert.c.story_id == story))
    found = made(store, number)
    document = Document(io.BytesIO(pack_docx.write(found)))
    assert [r for r in document.part.rels.values() if r.reltype == RELATIONSHIP_TYPE.HYPERLINK] == []
    assert document.paragraphs[1].text
    assert pdf_or_skip(found).startswith(b"%PDF-")


def pdf_or_skip(found):
    try:
        typeset.chinese_font()
    except MonitorsError:
        pytest.skip("no Chinese font on this machine")
    return pack_pdf.render(found)


def test_the_word_file_says_all_of_it(store):
    found = made(store, planted(store))
    document = Document(io.BytesIO(pack_docx.write(found)))
    words = [one.text for one in document.paragraphs]
    assert words[0] == "欠薪舆情专报"
    for one in sentences(found):
        assert one.text + pack_docx.cite(one) in words
    table = document.tables[0]
    assert len(table.rows) == 1 + len(found.reports)
    assert table.rows[1].cells[4].text == found.reports[0].digest
    links = [r.target_ref for r in document.part.rels.values() if r.reltype == RELATIONSHIP_TYPE.HYPERLINK]
    assert sorted(links) == sorted(one.url for one in found.reports)


def test_each_file_leaves_its_line_in_the_trail(store):
    number, actor = planted(store), ledger.DUTY
    body = pack_files.file(store, actor, number, "快报", "docx", settings=SETTINGS, now=NOW)
    assert Document(io.BytesIO(body)).paragraphs[0].text == "欠薪舆情快报"
    last = trail(store)[-1]
    assert (last["action"], last["target"], last["outcome"]) == ("alert.pack", number, "成功")
    with pytest.raises(RefusedError):
        pack_files.file(store, ledger.AUDITOR, number, "快报", "docx", settings=SETTINGS, now=NOW)
    assert trail(store)[-1]["outcome"] == "拒绝"


@pytest.mark.parametrize(
    ("fen", "words"),
    [(None, "未知"), (0, "0 元"), (850_000, "8,500 元"), (850_050, "8,500.50 元"), (12_600_000, "12.60 万元")],
)
def test_money_in_words(fen, words):
    assert pack_sections.money(fen) == words
