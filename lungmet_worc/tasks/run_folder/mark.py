"""Which folders are ours to write into: new ones, empty ones, and those with our mark.

The mark is a small file, ``lungmet.json``, that every folder gets which lungmet writes more than
once. Everything else is somebody's, and is refused before a byte is written.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

from lungmet_worc.basics.disk import disk_cause
from lungmet_worc.basics.errors import RunFolderError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.stamped_files import half_written, write_text
from lungmet_worc.basics.words import listed

Kind = Literal["run", "comparison", "demo", "night"]

MARK = "lungmet.json"
#: It lies in a scratch folder that lungmet made; without it nothing there is deleted.
SCRATCH_MARK = "made_by_lungmet.txt"
FORMAT = 1

#: So many of the files that lie in a folder are named.
_NAMED = 5
#: What file managers put into any folder that they show; nobody misses it, and it is never touched.
_OF_FILE_MANAGERS = {".DS_Store", "Thumbs.db", "desktop.ini"}

#: Below an ``--out``, the longest path of a file that is written (bytes), with some room.
_LONGEST_BELOW = 500
_LONGEST_PATH = 4096

#: What is written into without being renamed into place, or tells what the folder is. Behind a
#: link it would be somebody else's file, and a pipe would be waited for.
_PLAIN_FILES = (MARK, ".lock", "log.txt", "console.txt", "run.json", "report_files.json")

_KINDS: tuple[Kind, ...] = get_args(Kind)


def claim(folder: Path, kind: Kind) -> None:
    """Make a folder ours, so that everything below may be written.

    Parameters
    ----------
    folder : Path
        Absolute. Made if it is missing.
    kind : {"run", "comparison", "demo", "night"}
        What will lie in it.

    Raises
    ------
    RunFolderError
        The folder is not ours, or nothing can be written to it; nothing was written.
    """
    require_ours(folder, kind)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if _marked(folder) is None:
            _write_mark(folder, kind)
    except OSError as error:
        if disk_cause(error):  # whoever runs the study tells how much room is left
            raise
        raise not_writable(folder, error) from error


def require_ours(folder: Path, kind: Kind) -> None:
    """Refuse a folder that is not ours; see :func:`claim`. Nothing is written."""
    _refuse_long_path(folder)
    there = _names(folder)
    found = kind_of(folder)
    if found is None and there:
        raise foreign(folder, there)
    if found is not None and found != kind:
        raise _of_another_kind(folder, found)
    _refuse_what_is_in_the_way(folder)


def require_new(folder: Path) -> None:
    """Refuse a folder that holds anything.

    Raises
    ------
    RunFolderError
        Names the folder and what lies in it.
    """
    _refuse_long_path(folder)
    there = _names(folder)
    if there:
        message = Sentence(
            '"{folder}" is not empty ({names}). Nothing was written. Use a new or an empty folder.',
            folder=folder,
            names=listed(there, _NAMED),
        )
        raise RunFolderError(message)


def resolved(folder: Path | str) -> Path:
    """Return a folder as the user named it as an absolute path; links to folders are followed.

    Raises
    ------
    RunFolderError
        Links lead round in a circle, or the name cannot be that of a folder.
    """
    try:
        return Path(folder).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise not_writable(Path(folder), error) from error


def kind_of(folder: Path) -> Kind | None:
    """Return what lies in a folder of ours, None if it is not ours or not there."""
    earlier = (kind for kind in _KINDS if _is_of_an_earlier_version(folder, kind))
    return _marked(folder) or next(earlier, None)


def _of_another_kind(folder: Path, kind: Kind) -> RunFolderError:
    holds = {
        "run": Sentence(
            '"{folder}" is the folder of a run, and its own tables lie there.', folder=folder
        ),
        "comparison": Sentence('"{folder}" holds a comparison of runs.', folder=folder),
        "demo": Sentence('"{folder}" holds the cohort of the demo.', folder=folder),
        "night": Sentence('"{folder}" is the folder of a night of several studies.', folder=folder),
    }
    return RunFolderError(Sentence("{holds} Use another folder for --out.", holds=holds[kind]))


def is_our_scratch(scratch: Path) -> bool:
    """Return whether a scratch folder may be deleted: it has its mark, or holds nothing."""
    names = [path.name for path in scratch.iterdir()]
    return SCRATCH_MARK in names or all(map(_is_half_a_mark, names))


def foreign(folder: Path, names: Sequence[str]) -> RunFolderError:
    """Return the error that names a folder and what lies in it."""
    message = Sentence(
        '"{folder}" holds what lungmet did not write ({shown}). Nothing was written. Use a new or '
        "an empty folder.",
        folder=folder,
        shown=listed(names, _NAMED, fewest=1),
    )
    return RunFolderError(message)


def inner_folders(folder: Path) -> Iterator[Path]:
    """Yield what is there of the folders that lungmet writes into, links and files among them.

    A folder with a mark of its own, such as another run that somebody put there, is none of ours.
    """
    for pattern in _INNER:
        for path in sorted(folder.glob(pattern)):
            above = path.relative_to(folder).parents
            inner = [path, *(folder / each for each in list(above)[:-1])]
            if not any(each.is_symlink() for each in inner[1:]) and not any(map(_is_whole, inner)):
                yield path


_INNER = (
    "features", "features/*", "features/*/combat",
    "arms", "arms/*", "arms/*/splits", "arms/*/permutations", "arms/*/permutations/*",
    "tables", "figures", "old", "scratch",
)  # fmt: skip
#: In these, other files than folders lie beside the folders.
_MIXED = ("features/*", "arms/*", "arms/*/permutations/*")


def _is_whole(folder: Path) -> bool:
    """Return whether a folder is another run, or something else that has a mark of its own."""
    return (folder / MARK).exists() or (folder / "run.json").exists()


def _is_in_the_way(path: Path, *, beside_files: bool) -> bool:
    """Return whether something takes the place of a folder of ours, or leads elsewhere."""
    if beside_files:  # a file, or a link to one, is replaced if need be, never what it leads to
        return path.is_symlink() and path.is_dir()
    return path.is_symlink() or not path.is_dir()


def _refuse_what_is_in_the_way(folder: Path) -> None:
    """Refuse what lies where we write and is not ours: links, pipes, a folder "scratch"."""
    scratch = folder / "scratch"
    if scratch.is_dir() and not is_our_scratch(scratch):
        message = Sentence(
            'In "{folder}" lies a folder "{scratch}" that lungmet did not mark as its own, and it '
            "would be deleted. Move it away. (If a run of an earlier version left it there, delete "
            "it.)",
            folder=folder,
            scratch=scratch.name,
        )
        raise RunFolderError(message)
    for path in inner_folders(folder):
        inside = path.relative_to(folder)
        if _is_in_the_way(path, beside_files=any(inside.match(each) for each in _MIXED)):
            raise _in_the_way(folder, inside)
    for name in _PLAIN_FILES:
        path = folder / name
        if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
            raise _in_the_way(folder, Path(name))


def _in_the_way(folder: Path, inside: Path) -> RunFolderError:
    return RunFolderError(
        Sentence(
            'In "{folder}", "{inside}" is a link, or not what lungmet writes there. Nothing '
            "was written. Move it away, or use another folder for --out.",
            folder=folder,
            inside=inside.as_posix(),
        )
    )


def _names(folder: Path) -> list[str]:
    """Return what lies in a folder, but for what does not count; nothing if there is none."""
    try:
        names = sorted(path.name for path in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, ValueError) as error:
        raise not_writable(folder, error) from error
    return [name for name in names if name not in _OF_FILE_MANAGERS and not _is_half_a_mark(name)]


def _is_half_a_mark(name: str) -> bool:
    """Return whether a mark is being written, perhaps by a process that begins at this moment."""
    return half_written(name) in (MARK, SCRATCH_MARK)


def _marked(folder: Path) -> Kind | None:
    """Return of what kind a folder is by its mark, None without one."""
    kind = _json(folder / MARK).get("lungmet")
    return kind if kind in _KINDS else None


def _write_mark(folder: Path, kind: Kind) -> None:

    about = "lungmet_worc wrote this folder, and replaces what it wrote in it."
    text = json.dumps({"lungmet": kind, "format": FORMAT, "about": about}, indent=1)
    write_text(folder / MARK, text + "\n")


def _is_of_an_earlier_version(folder: Path, kind: Kind) -> bool:
    """Return whether a folder without a mark was written by a version that had none."""
    if kind == "run":
        state = _json(folder / "run.json")
        study = state.get("study")
        return state.get("format") == 1 and isinstance(study, dict) and "arms" in study
    if kind == "demo":
        template = resources.files("lungmet_worc.study") / "templates" / "demo.toml"
        return _plain_bytes(folder / "study.toml") == template.read_bytes()
    if kind == "night":
        names = set(_names(folder)) - {".lock", "digest.txt"}
        inner = [folder / name for name in names]
        runs = (_marked(each) or _is_of_an_earlier_version(each, "run") for each in inner)
        return bool(inner) and all(each in ("run", True) for each in runs)
    return False


def is_json(path: Path) -> bool:
    """Return whether a file holds a JSON object, as those of lungmet do."""
    try:
        return isinstance(json.loads(_plain_bytes(path) or b""), dict)
    except (ValueError, RecursionError):
        return False


def _json(path: Path) -> dict[str, Any]:
    """Return what a JSON file says, nothing if it is not there or holds something else."""
    said: dict[str, Any] = json.loads(path.read_bytes()) if is_json(path) else {}
    return said


def _plain_bytes(path: Path) -> bytes | None:
    """Return what a file holds, None without one; a pipe would be waited for."""
    try:
        return path.read_bytes() if stat.S_ISREG(path.lstat().st_mode) else None
    except (OSError, ValueError):
        return None


def _refuse_long_path(folder: Path) -> None:
    length = len(os.fsencode(folder))
    if length + _LONGEST_BELOW > _LONGEST_PATH:
        message = Sentence(
            "The path of the folder for --out has {length} bytes, and at most {most} leave room "
            "for the files in it. Use a shorter one.",
            length=length,
            most=_LONGEST_PATH - _LONGEST_BELOW,
        )
        raise RunFolderError(message)


def not_writable(folder: Path, error: Exception) -> RunFolderError:
    """Return the error that tells why nothing can be written to a folder."""
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        message = Sentence(
            'The name "{name}" is too long for this disk. Use a shorter one for --out.',
            name=folder.name,
        )
    else:
        message = Sentence(
            'Nothing can be written to "{folder}": {cause}. Use another folder for --out.',
            folder=folder,
            cause=getattr(error, "strerror", None) or error,
        )
    return RunFolderError(message)
