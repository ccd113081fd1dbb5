"""``lungmet init``: a manifest to fill in, a commented study file, a script to launch it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from lungmet_worc.basics.errors import LungmetError, Problem
from lungmet_worc.basics.sentences import Sentence

HELP = "lay out a new study: manifest, study file and launch script"
FILES = ("manifest.csv", "study.toml", "run_study.py")


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("folder", metavar="DIR")


def run(options: argparse.Namespace) -> int:
    """Lay out a new study."""
    from lungmet_worc.cli.spoken import spoken

    say = spoken(options)
    for path in init_study(Path(options.folder), language=say.code):
        print(say("wrote {path}", path=path))
    study = Path(options.folder) / "study.toml"
    print("\n" + say('Next: fill in the manifest, then "lungmet check {study}".', study=study))
    return 0


def init_study(folder: Path, *, language: str = "en") -> list[Path]:
    """Write the files that a new study begins with.

    Parameters
    ----------
    folder
        Where to write; made when it does not exist.
    language : {"en", "nl"}
        What the study file says under ``[report] language``.

    Returns
    -------
    list of Path
        The files written: ``manifest.csv``, ``study.toml`` and ``run_study.py``.

    Raises
    ------
    LungmetError
        If one of the files is there already, the folder holds anything else, or it cannot be
        written; nothing is written.
    """
    from importlib import resources

    from lungmet_worc.tasks.run_folder.mark import require_new

    problems = [
        Problem(
            Sentence("This file is there already."),
            Sentence("Choose another folder, or move it."),
            file=name,
        )
        for name in FILES
        if os.path.lexists(folder / name)
    ]
    if problems:
        message = Sentence('"{folder}" holds a study already; nothing was written.', folder=folder)
        raise LungmetError(message, problems)
    require_new(folder)
    templates = resources.files("lungmet_worc.study") / "templates"
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            path = folder / name
            # "x": never over a file that came in between.
            with path.open("x", encoding="utf-8", newline="\n") as file:
                text = (templates / name).read_text(encoding="utf-8")
                if language != "en":
                    text = text.replace('#language = "en"', f'language = "{language}"')
                file.write(text)
            written.append(path)
    except OSError as error:
        message = Sentence(
            '"{folder}" cannot be written: {cause}. Choose another folder.',
            folder=folder,
            cause=error.strerror or error,
        )
        raise LungmetError(message) from error
    return written
