"""Telling people (通知): what is to be told, to whom, by which channel, until somebody signs."""
