"""The opinion watch (舆情): sources → fetch → parse → judge → stories → alerts, tied together in ``watch``."""
