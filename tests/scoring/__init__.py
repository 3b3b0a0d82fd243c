"""The pinned-score gate: figures of the judge on labelled reports, held against floors (`./run score`)."""
