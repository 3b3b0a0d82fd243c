"""The wage-arrears ledger and opinion watch (治欠薪台账与舆情值守): everything but the screens."""

__version__ = "0.1.0"
