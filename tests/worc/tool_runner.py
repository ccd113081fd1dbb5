"""Runs scripts as commands in one fresh process, so that WORC is imported once.

Usage: ``python tool_runner.py commands.json``, where the file has a list of commands, each the
path of a Python script and its arguments. Nothing of lungmet_worc is imported.
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path


def main() -> None:
    for command in json.loads(Path(sys.argv[1]).read_text("utf-8")):
        sys.argv = command
        sys.path[0] = str(Path(command[0]).parent)
        try:
            runpy.run_path(command[0], run_name="__main__")
        except SystemExit as end:
            if end.code not in (None, 0):
                sys.exit(f"{command[0]} ended with {end.code}")


if __name__ == "__main__":
    main()
