"""Paths of images and masks as people paste them into a table, and where they lead."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from lungmet_worc.basics.errors import Problem, nearest_name
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study.reading.cell_text import clean

_DRIVE = re.compile(r"([A-Za-z]):[\\/]+(.*)")
_SHARE = re.compile(r"\\\\([^\\/]+)[\\/]+([^\\/]+)(?:[\\/]+(.*))?")
#: The names under which Windows shows the disk of WSL itself.
_WSL = ("wsl$", "wsl.localhost")


def is_there(path: Path | None) -> bool:
    """Return whether a path leads to something that may be looked at."""
    if path is None:
        return False
    try:
        return path.exists()
    except (OSError, ValueError):  # no access on the way, or a name that no file can have
        return False


def resolve(folder: Path, entry: str) -> Path:
    """Return the absolute path of an entry.

    The entry may use the separators of Windows. A name that is not there is looked for among
    names that look the same: in the other form of Unicode, or with a hard space.

    Parameters
    ----------
    folder : Path
        What a relative path is relative to.
    entry : str
        A path, cleaned by `clean`.
    """
    written = folder / (Path(entry).expanduser() if entry.startswith("~/") else Path(entry))
    for path in (written, folder / entry.replace("\\", "/")):
        if is_there(path):
            return path
        same = _looks_the_same(path)
        if same is not None:
            return same
    return written


def absolute(folder: Path, entry: str) -> Path:
    """Return the absolute path of an entry, links followed; one that cannot be is told when read.

    Parameters
    ----------
    folder : Path
        Where relative paths begin.
    entry : str
        As the user wrote it.
    """
    path = resolve(folder, entry)
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # links that lead to each other, odd characters
        return path


def _looks_the_same(path: Path) -> Path | None:
    """Return the one file that is there and whose path looks like this one."""
    found = Path(path.anchor)
    for part in path.parts[1:]:
        if is_there(found / part):
            found /= part
            continue
        decomposed = found / unicodedata.normalize("NFD", part)
        if is_there(decomposed):
            found = decomposed
            continue
        try:
            alike = [item for item in found.iterdir() if clean(item.name) == clean(part)]
        except OSError:
            return None
        if len(alike) != 1:
            return None
        found = alike[0]
    return found


def path_problems(folder: Path, path: Path, entry: str, column: str) -> Iterator[Problem]:
    """Report a path that leads nowhere.

    Parameters
    ----------
    folder : Path
        The folder of the manifest.
    path : Path
        As of `resolve`.
    entry : str
        The path as the manifest has it.
    column : str
        The column of the manifest.
    """
    if is_there(path):
        return
    windows = of_windows(folder, entry)
    if windows is not None:
        yield Problem(*windows, file=entry, column=column)
        return
    what = Sentence("The file does not exist.")
    remedy = Sentence("Correct the path; it is relative to the manifest.")
    parent = path.parent
    if not is_there(parent):
        what = Sentence("The file does not exist, nor does its folder.")
    else:
        try:
            nearest = nearest_name(path.name, (item.name for item in parent.iterdir()))
        except OSError:
            what, nearest = Sentence("The folder of the file cannot be read."), None
            remedy = Sentence("Check who may read it.")
        if nearest is not None:
            remedy = Sentence('Did you mean "{nearest}" in the same folder?', nearest=nearest)
    yield Problem(what, remedy, file=entry, column=column)


def of_windows(folder: Path, entry: str) -> tuple[Sentence, Sentence] | None:
    """Return what to say of a path that only Windows knows, None if it is no such path.

    Parameters
    ----------
    folder : Path
        The folder of the manifest or study file, in which the file may lie as well.
    entry : str
        A path as somebody wrote it.
    """
    drive, share = _DRIVE.fullmatch(entry), _SHARE.fullmatch(entry)
    if drive:
        what = Sentence("This is a path of Windows, on drive {drive}:.", drive=drive[1].upper())
        rest, mounted = drive[2], f"/mnt/{drive[1].lower()}"
        mount = f"sudo mount -t drvfs {drive[1].upper()}: {mounted}"
    elif share:
        what = Sentence("This is a path of Windows, on the share {share}.", share=share[2])
        rest, mounted = share[3] or "", f"/mnt/{clean(share[2]).replace(' ', '_')}"
        mount = f"sudo mount -t drvfs '\\\\{share[1]}\\{share[2]}' {mounted}"
        if share[1].lower() in _WSL:
            return what, Sentence('Write "{path}".', path=_joined("", rest))
    else:
        return None
    beside = _beside(folder, rest)
    if beside:
        remedy = Sentence(
            'Write "{path}": that file is there, in the folder of this table.', path=beside
        )
    elif is_there(Path(_joined(mounted, rest))):
        remedy = Sentence('Write "{path}": that file is there.', path=_joined(mounted, rest))
    elif drive and is_there(Path(mounted)):
        remedy = Sentence(
            'Here drive {drive}: is {mounted}, but the file is not there; correct it to '
            '"{path}" or what is right.',
            drive=drive[1].upper(), mounted=mounted, path=_joined(mounted, rest),
        )  # fmt: skip
    else:
        remedy = Sentence(
            'Under WSL write "{path}", after: {mount}. On another Linux, mount it and write the '
            "path that it has there.",
            path=_joined(mounted, rest), mount=mount,
        )  # fmt: skip
    return what, remedy


def _joined(start: str, rest: str) -> str:
    return "/".join([start, *(part for part in re.split(r"[\\/]+", rest) if part)])


def _beside(folder: Path, rest: str) -> str:
    """Return the longest end of a path that leads to a file from the folder, "" if none does."""
    parts = [part for part in re.split(r"[\\/]+", rest) if part]
    ends = ("/".join(parts[number:]) for number in range(len(parts)))
    return next((end for end in ends if is_there(folder / end)), "")
