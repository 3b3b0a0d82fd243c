"""Opinion and ledger meet (见报与台账): the only room that knows stories and cases both."""
