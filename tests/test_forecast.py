"""The forecast: what it says with much, little and too little data, and that its back-test is honest."""

from datetime import date, timedelta

import numpy as np
import pytest

from monitors.hotspots import backtest, ramp
from monitors.hotspots.festivals import SPRING_FESTIVALS
from monitors.hotspots.forecast import Forecast, TooShort, forecast

PREFECTURES = 16


def days_up_to(last, number):
    return [last - timedelta(days=number - 1 - i) for i in range(number)]


def ramped(days, height=2.5):
    """Relative counts a day: a ramp over 60 days, a quiet week, fewer at weekends."""
    ahead = np.array([min((f - day).days for f in SPRING_FESTIVALS if f >= day) for day in days])
    since = np.array([min((day - f).days for f in SPRING_FESTIVALS if f <= day) for day in days])
    week = np.array([0.7 if day.weekday() > 4 else 1.1 for day in days])
    return week * (1 + (height - 1) * np.maximum(0, 60 - ahead) / 60) * np.where((since > 0) & (since <= 7), 0.4, 1)


def world(days, daily, seed=1, height=2.5):
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(PREFECTURES, 3.0))
    rates = daily * ramped(days, height)[:, None] * shares
    return {i: rng.poisson(rates[:, i]) for i in range(PREFECTURES)}, rates


@pytest.fixture(scope="module")
def grown():
    """Four years ending 30 days before a festival, with its forecast and the true rates to come."""
    days = days_up_to(date(2026, 1, 18), 1460)
    future = [days[-1] + timedelta(days=i) for i in range(1, 29)]
    history, rates = world([*days, *future], 30.0)
    found = forecast({key: row[:1460] for key, row in history.items()}, days, SPRING_FESTIVALS)
    return found, rates[1460:], {key: row[1460:] for key, row in history.items()}


def test_the_ramp_is_foretold_and_not_only_carried_on(grown):
    found, rates, _ = grown
    assert isinstance(found, Forecast)
    assert found.kind == "模型"
    assert found.festivals == 3
    true = rates.sum()
    assert found.province.total.mean == pytest.approx(true, rel=0.08)
    assert found.province.total.low < true < found.province.total.high
    weekly = rates.sum(axis=1).reshape(4, 7).sum(axis=1)
    assert [week.mean for week in found.province.weeks] == pytest.approx(weekly, rel=0.12)
    assert found.province.weeks[3].mean > 1.15 * found.province.weeks[0].mean


def test_weeks_join_without_a_gap_and_add_up(grown):
    found, _, _ = grown
    assert [one.prefecture for one in found.outlooks] == list(range(PREFECTURES))
    for outlook in (*found.outlooks, found.province):
        assert outlook.total.first == outlook.weeks[0].first == date(2026, 1, 19)
        assert outlook.total.last == outlook.weeks[-1].last == date(2026, 2, 15)
        assert all(
            b.first - a.last == timedelta(days=1) for a, b in zip(outlook.weeks, outlook.weeks[1:], strict=False)
        )
        assert sum(week.mean for week in outlook.weeks) == pytest.approx(outlook.total.mean)
        assert all(week.low <= week.mean + 1 and week.low <= week.high for week in outlook.weeks)


def test_intervals_cover_about_what_they_say(grown):
    found, _, came = grown
    inside = [
        week.low <= came[one.prefecture][7 * i : 7 * i + 7].sum() <= week.high
        for one in found.outlooks
        for i, week in enumerate(one.weeks)
    ]
    assert 0.65 <= np.mean(inside) <= 0.98


def test_the_backtest_beats_the_plain_rules_where_there_is_a_ramp(grown):
    found, _, _ = grown
    every, near = found.backtests
    assert (every.name, near.name) == ("全部", "春节前 60 天")
    assert len(near.origins) < len(every.origins)
    assert list(every.origins) == sorted(every.origins)
    wape = {score.method: score.wape for score in near.scores}
    assert wape[backtest.MODEL] < 0.75 * wape[backtest.FLAT]
    assert wape[backtest.MODEL] < wape[backtest.LAST_YEAR]
    province = {score.method: score.province for score in near.scores}
    assert province[backtest.MODEL] < 0.12
    assert 0.7 <= every.coverage <= 0.97
    bias = {score.method: score.bias for score in near.scores}
    assert abs(bias[backtest.MODEL]) < 0.08


def test_the_backtest_knows_nothing_of_later_days():
    days = days_up_to(date(2025, 12, 1), 700)
    history, _ = world(days, 12.0)
    rows = np.stack([*history.values(), sum(history.values())])
    one = backtest.backtests(rows, days, SPRING_FESTIVALS, 28)[0]
    # What comes after every horizon is another world: the same origins must say the same.
    spoilt = np.concatenate((rows, np.full((len(rows), 14), 999)), axis=1)
    longer = [*days, *(days[-1] + timedelta(days=i) for i in range(1, 15))]
    other = backtest.backtests(spoilt, longer, SPRING_FESTIVALS, 28)[0]
    assert other.origins[-1] == one.origins[-1] + timedelta(days=14)
    at = backtest._look(rows, days, SPRING_FESTIVALS, 600, 28)
    again = backtest._look(spoilt, longer, SPRING_FESTIVALS, 600, 28)
    for mine, theirs in zip(at.foretold, again.foretold, strict=True):
        assert mine == pytest.approx(theirs)


def test_too_short_says_what_is_there_and_what_is_needed():
    days = days_up_to(date(2026, 11, 23), 40)
    found = forecast({0: np.full(40, 3), 1: np.zeros(40, dtype=int)}, days, SPRING_FESTIVALS)
    assert found == TooShort(found.reason, 40, 120)
    assert "现有 40 天、120 起" in found.reason
    assert "至少要有 120 天、60 起" in found.reason
    many = days_up_to(date(2026, 11, 23), 400)
    assert isinstance(forecast({0: np.zeros(400, dtype=int)}, many, SPRING_FESTIVALS), TooShort)
    assert isinstance(forecast({}, [], SPRING_FESTIVALS), TooShort)


def test_one_festival_gives_two_scenarios_and_no_middle():
    days = days_up_to(date(2026, 1, 18), 500)  # holds one festival with the 60 days before it
    history, _ = world(days, 10.0)
    found = forecast(history, days, SPRING_FESTIVALS)
    assert (found.kind, found.festivals, found.backtests) == ("情景", 1, ())
    assert "只有 1 个" in found.words
    assert "2.2 倍" in found.words
    last28 = sum(int(row[-28:].sum()) for row in history.values())
    assert found.province.total.mean is None
    assert found.province.total.low < last28 < found.province.total.high
    # Two weeks past a festival the upper scenario falls, and the bounds never cross.
    later = days_up_to(date(2026, 3, 1), 500)
    after = forecast(world(later, 10.0)[0], later, SPRING_FESTIVALS[:-1])
    assert all(span.low <= span.high for one in after.outlooks for span in (*one.weeks, one.total))


def test_a_prefecture_without_any_event_is_quiet_and_nothing_diverges():
    days = days_up_to(date(2026, 1, 18), 1460)
    history, _ = world(days, 0.6, seed=5)
    history[3] = np.zeros(1460, dtype=int)
    found = forecast(history, days, SPRING_FESTIVALS)
    empty = found.outlooks[3].total
    assert empty.mean < 0.5
    assert (empty.low, empty.high) in {(0, 0), (0, 1)}
    for one in (*found.outlooks, found.province):
        assert all(np.isfinite(span.mean) and 0 <= span.low <= span.high < 500 for span in (*one.weeks, one.total))


def test_silence_before_a_single_outbreak_does_not_diverge():
    days = days_up_to(date(2026, 1, 18), 1200)
    row = np.zeros(1200, dtype=int)
    row[::80] = 1  # with longer silences it would be no history at all
    row[-3:] = 40
    found = forecast({0: row, 1: np.zeros(1200, dtype=int)}, days, SPRING_FESTIVALS)
    assert np.isfinite(found.province.total.mean)
    assert 0 < found.province.total.high < 20_000


def test_bad_input_is_refused():
    days = days_up_to(date(2026, 1, 18), 200)
    ones = np.ones(200, dtype=int)
    with pytest.raises(ValueError, match="gaps"):
        forecast({0: ones}, [*days[:100], *[day + timedelta(days=1) for day in days[100:]]], SPRING_FESTIVALS)
    with pytest.raises(ValueError, match="one count per day"):
        forecast({0: ones[:-1]}, days, SPRING_FESTIVALS)
    with pytest.raises(ValueError, match="whole weeks"):
        forecast({0: ones}, days, SPRING_FESTIVALS, horizon=10)


def test_days_to_the_festival_and_its_columns():
    days = [date(2026, 2, 15), date(2026, 2, 17), date(2026, 2, 18), date(2027, 2, 6), date(2040, 3, 1)]
    assert list(ramp.days_to(days, SPRING_FESTIVALS)[:4]) == [2, 0, 353, 0]
    assert ramp.days_to(days, SPRING_FESTIVALS)[4] > 1_000
    x = ramp.columns(days, SPRING_FESTIVALS)
    assert x.shape == (5, 15)
    assert x[1, 6:14] == pytest.approx(np.ones(8))  # on the day every hinge is at its top
    assert x[0, 6] == pytest.approx(0.5)  # two of four days to go
    assert x[2, 14] == pytest.approx(14 / 15)
    assert [int(np.argmax(row)) + 1 for row in x[:3, :6]] == [6, 1, 2]  # Sunday, Tuesday, Wednesday
    assert ramp.columns(days, ()).shape == (5, 15)


def test_the_fit_finds_a_known_shape():
    days = days_up_to(date(2026, 3, 1), 1460)
    totals = np.random.default_rng(2).poisson(40 * ramped(days))
    shape = ramp.fit(totals, days, SPRING_FESTIVALS)
    near = [date(2026, 2, 16), date(2025, 10, 6)]  # both Mondays: one day before, months before
    ratio = np.divide(*shape.factors(ramp.columns(near, SPRING_FESTIVALS)))
    assert ratio == pytest.approx(1 + 1.5 * 59 / 60, rel=0.12)
    weekend = [date(2025, 10, 11), date(2025, 10, 7)]
    assert np.divide(*shape.factors(ramp.columns(weekend, SPRING_FESTIVALS))) == pytest.approx(0.7 / 1.1, rel=0.06)
