"""Options that several commands have."""

from __future__ import annotations

import argparse


def add_study(parser: argparse.ArgumentParser) -> None:
    """Add the study file, as ``options.study``."""
    parser.add_argument("study", metavar="STUDY.toml", help="the study file")


def add_out(parser: argparse.ArgumentParser) -> None:
    """Add the folder to write into, as ``options.out``."""
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder to write into")


def add_cores(parser: argparse.ArgumentParser) -> None:
    """Add the number of tasks at the same time, as ``options.cores``."""
    parser.add_argument(
        "--cores",
        type=_positive,
        metavar="N",
        help="tasks that run at the same time; default: the study file's, or all cores",
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        message = "at least 1"
        raise argparse.ArgumentTypeError(message)
    return number
