"""Tokens of the full-text index: overlapping character pairs, so that two-character Chinese words are found.

A text becomes its pairs plus the last character of each run, e.g. ``农民工`` → ``农民 民工 工``. A query of one
character is a prefix search, a longer one a phrase of pairs; both databases use the same tokens.
"""
