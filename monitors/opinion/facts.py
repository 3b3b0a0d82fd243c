"""How many workers are unpaid (``persons``) and how much they are owed (``amounts``)."""

from monitors.opinion.amounts import amount
from monitors.opinion.figures import Fact
from monitors.opinion.persons import workers

__all__ = ["Fact", "amount", "workers"]
