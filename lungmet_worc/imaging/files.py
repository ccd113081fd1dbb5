"""The files that an image lies in, and their digests: what is hashed is what is read."""

from __future__ import annotations

import errno
import hashlib
import re
from pathlib import Path

from lungmet_worc.basics.regular_file import refuse_irregular
from lungmet_worc.imaging import nifti

_CHUNK = 1 << 16
_HEADER_SUFFIXES = (".mhd", ".mha", ".nhdr", ".nrrd")  # their voxels may lie in another file


def file_digest(path: Path) -> str:
    """Return the SHA-256 of an image file's bytes, as hexadecimal text.

    Where the voxels lie in a second file (``.mhd``, ``.nhdr``, ``.hdr``), its bytes count too.

    Raises
    ------
    OSError
        The file cannot be read, or is a folder, a named pipe, a device.
    """
    digest = hashlib.sha256()
    for part in (path, *other_files(path)):
        if refuse_irregular(part, part.name) is not None:
            # Reading it might never end.
            raise OSError(errno.EINVAL, "not a file")
        with part.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def other_files(path: Path) -> list[Path]:
    """Return the files that belong to an image beside the one that is named.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    pair = nifti.pair(path)
    if pair is not None:
        return [part for part in pair if part is not None and part != path and part.exists()]
    candidates = [path.parent / name for name in data_names(path)]
    return [candidate for candidate in candidates if candidate.exists()]


def data_names(path: Path) -> list[str]:
    """Return what a MetaImage or NRRD header says of where its voxels lie.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    if path.suffix.lower() not in _HEADER_SUFFIXES:
        return []
    with path.open("rb") as stream:
        header = stream.read(100_000).decode("latin-1")
    return re.findall(r"(?im)^(?:ElementDataFile|data ?file)\s*[=:]\s*(\S.*?)\s*$", header)


def in_one_file(path: Path) -> bool:
    """Return whether it is sure that an image lies in one file, header and voxels.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    name = path.name.lower()
    if name.endswith((".nii", ".nii.gz")):
        return nifti.is_in_one_file(path)
    if name.endswith((".mha", ".nrrd")):
        return all(data.upper() == "LOCAL" for data in data_names(path))
    return False
