"""Every format that a queue goes out in, by the word that `--to` takes."""

from __future__ import annotations

from doubtcli.relabel.formats import argilla, doccano, label_studio, plain, prodigy

FORMATS = {
    "csv": plain.CSV,
    "jsonl": plain.JSONL,
    "parquet": plain.PARQUET,
    "label-studio": label_studio.FORMAT,
    "argilla": argilla.FORMAT,
    "prodigy": prodigy.FORMAT,
    "doccano": doccano.FORMAT,
}
