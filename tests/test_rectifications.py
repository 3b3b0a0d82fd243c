"""Orders to mend what was found wanting on a project (责令改正): issued, heeded, run out. All invented."""

from __future__ import annotations

from datetime import date

import pytest
from ledger_house import ADMIN, CLERK, COUNTY, ELSEWHERE, LEADER, NOW, SETTINGS, TODAY, employer, faults, later, project
from sqlalchemy import select

from monitors.errors import ConflictError, InputError, RefusedError
from monitors.ledger import history_words, inspections, project_file, projects, rectifications
from monitors.ledger.faults import LedgerError
from monitors.ledger.inspections import InspectionDraft
from monitors.ledger.measures import MeasureDraft
from monitors.ledger.model import CHECKS, MeasureType, Record
from monitors.ledger.projects import Checked
from monitors.ledger.record_rows import NAMES
from monitors.store import tables as t

ORDER = MeasureDraft(MeasureType.ORDER, "示例监改〔2026〕3号", date(2026, 11, 10), due=date(2026, 11, 20))


def site(connection, wanting=("专用账户",), on=date(2026, 11, 9), **more):
    """A project with a main contractor, inspected: all duties fulfilled but ``wanting``."""
    builder = employer(connection, "示例总包有限公司")
    made = project(connection, contractor_id=builder, **more)
    found = {name: Checked("否" if name in wanting else "是", on) for name in CHECKS}
    inspections.add(
        connection, CLERK, InspectionDraft(builder, COUNTY, on, "示例区人社局", 40, 30, 20, made, found),
        today=TODAY, now=NOW,
    )  # fmt: skip
    return made


def issue(connection, made, duties=("专用账户",), draft=ORDER, who=CLERK):
    return rectifications.issue(connection, who, made, duties, draft, settings=SETTINGS, now=NOW)


def read(connection, made, who=CLERK, today=TODAY):
    return project_file.read(connection, who, made, settings=SETTINGS, today=today)


def answer(connection, made, measure_id, done_on=date(2026, 11, 22), revision=1, **more):
    rectifications.answered(
        connection, CLERK, measure_id, done_on, revision,
        project_id=made, settings=SETTINGS, now=later(minutes=5), **more,
    )  # fmt: skip


def test_an_order_runs_out_is_proposed_to_be_fined_and_ends_with_its_answer(store):
    with store.write() as connection:
        made = site(connection)
        assert read(connection, made).unordered == ("专用账户",)
        measure_id = issue(connection, made)
        assert read(connection, made).unordered == ()
        assert read(connection, made, today=ORDER.due).proposals == (), "the last day itself is still in time"
        (proposal,) = read(connection, made).proposals
        assert proposal.rule == "《保障农民工工资支付条例》第五十五条"
        assert "示例监改〔2026〕3号" in proposal.why[0]
        assert "责令项目停工，并处5万—10万元罚款" in proposal.why[1]
        answer(connection, made, measure_id)
        found = read(connection, made)
    assert found.proposals == ()
    assert found.project.checks["专用账户"] == Checked("是", date(2026, 11, 22))
    assert found.documents[0].measure.done_on == date(2026, 11, 22)
    told = [line for event in found.history for line in history_words.lines(event, {}, NAMES[Record.PROJECT])]
    assert "专用账户：否（2026-11-09） → 是（2026-11-22）" in told
    assert "改正事项：专用账户" in told


def test_the_measure_is_the_contractors_and_counts_in_the_county(store):
    with store.write() as connection:
        made = site(connection)
        measure_id = issue(connection, made)
        row = connection.execute(select(t.measure).where(t.measure.c.id == measure_id)).one()
        builder = connection.scalar(select(t.project.c.contractor_id).where(t.project.c.id == made))
        trail = connection.execute(select(t.audit.c["action", "region"]).order_by(t.audit.c.seq.desc())).first()
    assert (row.employer_id, row.region, row.case_id, row.type) == (builder, COUNTY, None, "责令改正")
    assert tuple(trail) == ("measure.add", COUNTY)


def test_a_fine_after_the_last_day_ends_the_proposal_and_one_before_does_not(store):
    with store.write() as connection:
        made = site(connection)
        issue(connection, made)
        early = MeasureDraft(MeasureType.PENALTY, "示例监罚〔2026〕1号", date(2026, 11, 20))
        issue(connection, made, draft=early)
        assert len(read(connection, made).proposals) == 1
        issue(connection, made, draft=MeasureDraft(MeasureType.PENALTY, "示例监罚〔2026〕2号", date(2026, 11, 21)))
        assert read(connection, made).proposals == ()


def test_a_duty_no_article_names_falls_under_the_general_one(store):
    with store.write() as connection:
        made = site(connection, wanting=("总包代发", "维权公示"))
        issue(connection, made, ("总包代发",))
        (proposal,) = read(connection, made).proposals
        assert proposal.rule == "《劳动保障监察条例》第三十条"
        issue(connection, made, ("总包代发", "维权公示"))
        both = read(connection, made).proposals[1]
    assert both.rule == "《保障农民工工资支付条例》第五十六条"
    assert any("第三十条" in words for words in both.why)


def test_what_a_later_inspection_found_mended_is_no_longer_proposed(store):
    with store.write() as connection:
        made = site(connection)
        issue(connection, made)
        projects.observe(connection, CLERK, made, {"专用账户": Checked("是", TODAY)}, now=later(minutes=1))
        assert read(connection, made).proposals == ()


def test_everything_wrong_is_said_at_once_and_nothing_is_written(store):
    with store.write() as connection:
        made = project(connection)
        with pytest.raises(LedgerError) as caught:
            issue(connection, made, ("食堂",), MeasureDraft("公布", "", date(2026, 11, 25)))
        assert set(faults(caught)) == {"duties", "type", "contractor_id", "doc_no", "on"}
        with pytest.raises(LedgerError) as caught:
            issue(connection, made, (), ORDER)
        assert "duties" in faults(caught)
        assert connection.scalar(select(t.measure.c.id)) is None


def test_an_answer_needs_a_day_the_present_state_and_a_document_of_this_project(store):
    with store.write() as connection:
        made, other = site(connection), project(connection, "示例安置房二标段")
        measure_id = issue(connection, made)
        with pytest.raises(LedgerError) as caught:
            answer(connection, made, measure_id, None)
        assert "done_on" in faults(caught)
        with pytest.raises(LedgerError):
            answer(connection, made, measure_id, date(2026, 11, 9))
        with pytest.raises(ConflictError):
            answer(connection, made, measure_id, revision=7)
        with pytest.raises(InputError, match="已不存在"):
            answer(connection, other, measure_id)
        answer(connection, made, measure_id, mended=False)
        assert read(connection, made).project.checks["专用账户"].value == "否"


def test_only_who_may_and_only_where(store):
    with store.write() as connection:
        made = site(connection)
        with pytest.raises(RefusedError):
            issue(connection, made, who=LEADER)
        with pytest.raises(InputError, match="没有编号"):
            issue(connection, made, who=ELSEWHERE)
        with pytest.raises(RefusedError):
            read(connection, made, who=ELSEWHERE)
        assert read(connection, made + 99, who=ADMIN) is None
        assert read(connection, made, who=LEADER).project.id == made
