"""The alert desk (警情处置): who handles an alert, by when, and what came of it."""
