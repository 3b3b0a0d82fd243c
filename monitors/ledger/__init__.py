"""The wage-arrears ledger (欠薪工作台账): records, transitions, deadlines, workbooks, statistics and the form 附件2."""
