"""How many workers are unpaid and how much they are owed.

The rules of ``persons`` and ``amounts`` each take a figure; every figure of the report is then weighed beside it
(``choice``), for rules alone miss what nobody foresaw.
"""

from __future__ import annotations

from monitors.opinion import amounts, choice, persons
from monitors.opinion.candidates import Fields
from monitors.opinion.figures import Fact
from monitors.opinion.mentions import Reading
from monitors.opinion.person_candidates import of_persons
from monitors.opinion.sum_candidates import of_sums

__all__ = ["Fact", "amount", "workers"]


def workers(title: Reading, text: Reading) -> Fact | None:
    """Persons whose wages are (or were) owed: the stated floor (50余人 → 50), None for ranges (数十人).

    ``why`` tells which words speak for this count and which other one could have been meant.
    """
    fields: Fields = (("title", title), ("text", text))
    pick = persons.workers(title, text)
    return choice.choose(of_persons(fields, pick, "涉及人数："), choice.shipped().persons, pick)


def amount(title: Reading, text: Reading) -> Fact | None:
    """Wages owed, or recovered where only that is stated, in 分; None for ranges (十几万, 数百万).

    ``why`` tells which words speak for this sum and which other one could have been meant.
    """
    fields: Fields = (("title", title), ("text", text))
    pick = amounts.amount(title, text)
    return choice.choose(of_sums(fields, pick, "欠薪金额："), choice.shipped().sums, pick)
