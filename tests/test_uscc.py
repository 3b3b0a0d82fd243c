"""Unified social credit codes: check digits, and the ways people write them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum.cn.uscc import calc_check_digit

from monitors.ledger.uscc import normalise, valid

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
BODIES = st.tuples(st.text("0123456789", min_size=8, max_size=8), st.text(ALPHABET, min_size=9, max_size=9)).map(
    "".join
)


def code(body: str) -> str:
    return body + calc_check_digit(body)


def test_a_code_worked_out_by_hand():
    # Body 91530100 + nine zeros; weights of GB 32100: 9·1+1·3+5·9+3·27+0+1·26 = 164; 31 − 164 mod 31 = 22 → N.
    assert valid("91530100000000000N")
    assert not valid("91530100000000000M")


@pytest.mark.parametrize(
    "written",
    ["91530100000000000n", "９１５３０１００" + "０" * 9 + "Ｎ", "9153 0100 0000 0000 0N", " 91530100-00000000-0N\t",
     "\ufeff91530100000000000N\u200b", "91530100\n000000000N"],
)  # fmt: skip
def test_the_ways_people_write_it(written):
    assert normalise(written) == "91530100000000000N"
    assert valid(written)


@pytest.mark.parametrize(
    "wrong",
    ["", "N", "91530100000000000", "91530100000000000N0", "9153010000000000IN", "91530100000000000Ｏ", "无", "一" * 18,
     "A1530100000000000N"],
)  # fmt: skip
def test_what_cannot_be_a_code(wrong):
    assert not valid(wrong)


@given(BODIES)
def test_the_right_check_digit_and_no_other(body):
    right = code(body)
    assert valid(right)
    assert [last for last in ALPHABET if valid(body + last)] == [right[-1]]


@given(BODIES, st.integers(0, 16), st.sampled_from("0123456789"))
def test_one_wrong_digit_is_always_noticed(body, place, digit):
    right = code(body)
    wrong = right[:place] + digit + right[place + 1 :]
    assert valid(wrong) == (wrong == right)


@given(st.text(max_size=40))
@example("A´")  # the accent composes once the blank before it is gone
def test_any_text_is_answered_and_normalising_twice_changes_nothing(text):
    assert normalise(normalise(text)) == normalise(text)
    assert not valid(text) or len(normalise(text)) == 18
