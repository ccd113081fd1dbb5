"""Image files: whether they are whole and readable, and their digests."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lungmet_worc.errors import Problem
from lungmet_worc.imaging import nifti

if TYPE_CHECKING:
    import SimpleITK as sitk

_CHUNK = 1 << 16
_HEADER_SUFFIXES = (".mhd", ".mha", ".nhdr", ".nrrd")  # their voxels may lie in another file
_DICOM_SUFFIXES = (".dcm", ".ima", ".dicom")
_COPY_AGAIN = "Copy or export the file again."
_TO_NIFTI = "Convert it to NIfTI first, for example with dcm2niix"


class UnreadableImageError(Exception):
    """An image file cannot be used; carries the problem to show."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.what)
        self.problem = problem


def file_digest(path: Path) -> str:
    """Return the SHA-256 of an image file's bytes, as hexadecimal text.

    Where the voxels lie in a second file (``.mhd``, ``.nhdr``, ``.hdr``), its bytes count too.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    digest = hashlib.sha256()
    for part in (path, *_detached_data(path)):
        with part.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def _detached_data(path: Path) -> list[Path]:
    """Return the files in which the voxels of a header lie, if they lie apart from it."""
    suffix = path.suffix.lower()
    if suffix == ".hdr":
        candidates = nifti.data_files(path)
    elif suffix in _HEADER_SUFFIXES:
        candidates = [path.parent / name for name in _data_names(path)]
    else:
        candidates = []
    return [candidate for candidate in candidates if candidate.is_file()]


def _data_names(path: Path) -> list[str]:
    """Return what a MetaImage or NRRD header says of where its voxels lie."""
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
        return all(data.upper() == "LOCAL" for data in _data_names(path))
    return False


def read_volume(path: Path, entry: str) -> sitk.Image:
    """Read a three-dimensional image with one value per voxel.

    Parameters
    ----------
    path : Path
        NIfTI or any other file that SimpleITK reads.
    entry : str
        The path as the user wrote it, for the message.

    Raises
    ------
    UnreadableImageError
        The file is missing, DICOM, cut off, damaged, no image, or not 3D with one value
        per voxel.
    """
    import SimpleITK as sitk

    _refuse_dicom(path, entry)
    try:
        _check_whole(path, entry)
        reader = sitk.ImageFileReader()
        reader.SetFileName(str(path))
        with _quiet_stderr():
            reader.ReadImageInformation()
            _check_shape(reader, entry)
            return reader.Execute()
    except OSError as error:
        what = f"The file cannot be read ({error.strerror or error})."
        raise _unreadable(entry, what, "Check the path and who may read it.") from None
    except RuntimeError as error:
        reason = _itk_reason(error)
        if "Unable to determine ImageIO reader" in reason:
            what = "The file is no image that can be read, or it is damaged."
            raise _unreadable(entry, what, "Export it again as NIfTI (.nii.gz).") from None
        what = f"The file cannot be read as an image ({reason})."
        raise _unreadable(entry, what, _COPY_AGAIN) from None


def _unreadable(entry: str, what: str, remedy: str) -> UnreadableImageError:
    return UnreadableImageError(Problem(what, remedy, file=entry))


def _itk_reason(error: RuntimeError) -> str:
    """Return the telling line of an ITK error: the last, without the place in ITK's source."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = lines[-1] if lines else "no reason given"
    reason = reason.removeprefix("sitk::ERROR:").strip()
    return re.sub(r"^.*?\(0x[0-9a-f]+\):\s*", "", reason).rstrip(".")


def _refuse_dicom(path: Path, entry: str) -> None:
    if path.is_dir():
        what = "This is a folder, not an image file; DICOM folders are not read directly."
        raise _unreadable(entry, what, f"{_TO_NIFTI}, and give the .nii.gz.")
    suffix = path.suffix.lower()
    if path.is_file() and (suffix in _DICOM_SUFFIXES or not suffix):
        with path.open("rb") as stream:
            named_dicom = stream.read(132)[128:] == b"DICM" or suffix in _DICOM_SUFFIXES
        if named_dicom:
            what = "This is a DICOM file; DICOM is not read directly."
            raise _unreadable(entry, what, f"{_TO_NIFTI} (whole series), and give the .nii.gz.")


def _check_shape(reader: sitk.ImageFileReader, entry: str) -> None:
    """Refuse what WORC cannot take, before the voxels are read."""
    import SimpleITK as sitk

    size = " x ".join(map(str, reader.GetSize()))
    dimension = reader.GetDimension()
    if dimension != 3:
        what = f"The image has {dimension} dimensions ({size}), not 3."
        remedy = "Give a volume with all slices." if dimension < 3 else "Give one volume of it."
        raise _unreadable(entry, what, remedy)
    components = reader.GetNumberOfComponents()
    if components != 1:
        colour = "a colour (RGB) image" if components in (3, 4) else "a vector image"
        what = f"Each voxel has {components} values: this is {colour}."
        raise _unreadable(entry, what, "Export the original grey values.")
    if reader.GetPixelID() in (sitk.sitkComplexFloat32, sitk.sitkComplexFloat64):
        what = "The voxels are complex numbers."
        raise _unreadable(entry, what, "Export the magnitude image.")


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Keep what ITK's file readers print themselves from the user: the error says it.

    They write to the process's error stream past Python, so only its descriptor helps.
    """
    sys.stderr.flush()
    try:
        saved = os.dup(2)
    except OSError:  # no error stream to keep clean
        yield
        return
    try:
        with Path(os.devnull).open("wb") as sink:
            os.dup2(sink.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def _check_whole(path: Path, entry: str) -> None:
    """Refuse files that are empty, cut off or damaged, where SimpleITK would not."""
    if path.stat().st_size == 0:
        raise _unreadable(entry, "The file is empty.", _COPY_AGAIN)
    try:
        held, expected = nifti.file_length(path)
    except EOFError:
        what = "The file is cut off: the compressed data end too early."
        raise _unreadable(entry, what, _COPY_AGAIN) from None
    except zlib.error as error:
        what = f"The file is damaged: it cannot be decompressed ({error})."
        raise _unreadable(entry, what, _COPY_AGAIN) from None
    if held < expected:
        what = f"The file is cut off: it holds {held:,} of {expected:,} bytes."
        raise _unreadable(entry, what, _COPY_AGAIN)
