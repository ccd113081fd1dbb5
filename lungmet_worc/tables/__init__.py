"""The tables of a study: what they hold, how they are made, and their files."""

from __future__ import annotations

from lungmet_worc.tables.files import csv_text, read_all_tables, read_table, write_table
from lungmet_worc.tables.schema import TABLES, Table
from lungmet_worc.tables.study import make_all_tables, write_all_tables

__all__ = [
    "TABLES",
    "Table",
    "csv_text",
    "make_all_tables",
    "read_all_tables",
    "read_table",
    "write_all_tables",
    "write_table",
]
