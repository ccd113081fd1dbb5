"""Reading an image file, or saying why it cannot be read."""

from __future__ import annotations

import math
import re
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.regular_file import refuse_irregular
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.imaging import foreign_files, nifti, nifti_geometry
from lungmet_worc.imaging.files import data_names, other_files
from lungmet_worc.imaging.foreign_files import Kind
from lungmet_worc.imaging.itk_output import collected
from lungmet_worc.imaging.private_name import linked

if TYPE_CHECKING:
    import SimpleITK as sitk

_COPY_AGAIN = Sentence("Copy or export the file again.")
#: Readers that open other files than those that `file_digest` reads.
_SCATTERED = ("Bruker2dseqImageIO", "GDCMImageIO", "GE4ImageIO", "GE5ImageIO", "StimulateImageIO")


class UnreadableImageError(Exception):
    """An image file cannot be used; carries the problem to show."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)  # so that a worker process can hand it over
        self.problem = problem

    def __str__(self) -> str:
        """Return what is wrong."""
        return str(self.problem.what)


def read_volume(path: Path, entry: str, kind: Kind = "image") -> tuple[sitk.Image, list[Problem]]:
    """Read a three-dimensional image with one value per voxel.

    What lies beside the file is not read in its place (see `private_name`).

    Parameters
    ----------
    path : Path
        NIfTI or any other file that SimpleITK reads.
    entry : str
        The path as the user wrote it, for the message.
    kind : {"image", "mask"}
        What it shall be, for the message.

    Returns
    -------
    SimpleITK.Image, list of Problem
        And what its header, and ITK's reader, warn of.

    Raises
    ------
    UnreadableImageError
        The file is missing, DICOM, cut off, damaged, no image, or not 3D with one value
        per voxel.
    """
    try:
        _refuse(_irregular_problem(path, entry))
        _refuse(_lost_part_problem(path, entry))
        _refuse(foreign_files.dicom_problem(path, entry, kind))
        _check_whole(path, entry)
        _refuse(foreign_files.misnamed_problem(path, entry))
        _refuse(_scattered_problem(path, entry))
        with tempfile.TemporaryDirectory(prefix="lungmet-") as folder:
            return _read(linked(path, Path(folder), "volume"), path, entry, kind)
    except OSError as error:
        what = Sentence("The file cannot be read ({reason}).", reason=error.strerror or str(error))
        raise _unreadable(entry, what, Sentence("Check the path and who may read it.")) from None
    except EOFError:
        what = Sentence("The file is cut off: the compressed data end too early.")
        raise _unreadable(entry, what, _COPY_AGAIN) from None
    except zlib.error as error:
        what = Sentence(
            "The file is damaged: it cannot be decompressed ({error}).", error=str(error)
        )
        raise _unreadable(entry, what, _COPY_AGAIN) from None
    except MemoryError:
        what = Sentence("The image does not fit into the memory of this computer.")
        remedy = Sentence("Look whether its header is right, or crop it around the tumour.")
        raise _unreadable(entry, what, remedy) from None


def stored_type(path: Path) -> str | None:
    """Return what type of number an image file holds, from its header alone.

    Parameters
    ----------
    path : Path
        An image that `read_volume` reads.

    Returns
    -------
    str or None
        As SimpleITK names it; None if the file is gone since it was checked.
    """
    import SimpleITK as sitk

    try:
        with tempfile.TemporaryDirectory(prefix="lungmet-") as folder:
            link = linked(path, Path(folder), "volume")
            reader = sitk.ImageFileReader()
            reader.SetFileName(str(link))
            with collected():
                reader.ReadImageInformation()
    except (OSError, EOFError, zlib.error, RuntimeError):
        return None
    return str(sitk.GetPixelIDValueAsString(reader.GetPixelID()))


def _irregular_problem(path: Path, entry: str) -> Problem | None:
    """Return what is wrong with a path to no ordinary file; of folders, how to convert DICOM."""
    if path.is_dir():
        what = Sentence("This is a folder, not an image file; DICOM folders are not read directly.")
        remedy = Sentence(
            "Convert it to NIfTI first, for example with dcm2niix, and give the .nii.gz."
        )
        return Problem(what, remedy, file=entry)
    of_path = refuse_irregular(path, entry)
    if of_path is not None:
        return of_path
    found = (refuse_irregular(part, entry) for part in other_files(path))
    return next((problem for problem in found if problem is not None), None)


def _lost_part_problem(path: Path, entry: str) -> Problem | None:
    """Return which file is missing of an image that lies in two: a header and its voxels."""
    pair = nifti.pair(path)
    if pair is not None:
        header, data = pair
        upper = header.suffix.isupper()
        parts = [header, data or header.with_suffix(".IMG" if upper else ".img")]
    elif path.is_file():
        parts = [path.parent / name for name in data_names(path) if _is_one_file(name)]
    else:
        parts = []
    lost = [part.name for part in parts if part != path and not part.exists()]
    if not lost:
        return None
    what = Sentence('The image lies in two files, and "{name}" is missing.', name=lost[0])
    return Problem(what, Sentence("Copy both files to the same folder."), file=entry)


def _is_one_file(name: str) -> bool:
    """Return whether what a header says of its voxels is the name of a file."""
    return name.upper() != "LOCAL" and not name.upper().startswith("LIST") and "%" not in name


def _refuse(problem: Problem | None) -> None:
    if problem is not None:
        raise UnreadableImageError(problem)


def _unreadable(entry: str, what: str, remedy: str) -> UnreadableImageError:
    return UnreadableImageError(Problem(what, remedy, file=entry))


def _scattered_problem(path: Path, entry: str) -> Problem | None:
    """Refuse headers whose voxels lie in more files than one: these would not all be hashed."""
    if any(name.upper().startswith("LIST") or "%" in name for name in data_names(path)):
        what = Sentence("The header names several files in which the voxels lie.")
        remedy = Sentence("Write the image as one file (.nii.gz), for example with 3D Slicer.")
        return Problem(what, remedy, file=entry)
    return None


def _read(link: Path, path: Path, entry: str, kind: Kind) -> tuple[sitk.Image, list[Problem]]:
    """Read a file by a name of its own."""
    import SimpleITK as sitk

    reader = sitk.ImageFileReader()
    reader.SetFileName(str(link))
    header = nifti_geometry.geometry_of(path)
    _refuse(None if header is None else nifti_geometry.header_error(header, entry))
    try:
        with collected() as said:
            if reader.GetImageIOFromFileName(str(link)) in _SCATTERED:
                raise UnreadableImageError(foreign_files.unknown_problem(path, entry))
            reader.ReadImageInformation()
            _check_shape(reader, path, entry, kind)
            _refuse_short(reader, path, entry)
            volume = reader.Execute()
    except RuntimeError as error:
        raise _unreadable_by_itk(error, path, entry) from None
    warnings = [] if header is None else nifti_geometry.header_warnings(header, volume, entry)
    return volume, warnings + _told_by_itk(said, link, entry, known=header is not None)


def _told_by_itk(said: list[str], link: Path, entry: str, *, known: bool) -> list[Problem]:
    """Return ITK's warnings; of sform our own words tell more where the header is NIfTI."""
    texts = [text.replace(str(link), "").strip() for text in said]
    return [
        Problem(
            Sentence('ITK, by which WORC reads images, warns: "{warning}".', warning=text),
            Sentence("Look in a viewer whether image and mask fit."),
            "warning",
            file=entry,
        )
        for text in texts
        if not (known and "sform" in text)
    ]


def _unreadable_by_itk(error: RuntimeError, path: Path, entry: str) -> UnreadableImageError:
    reason = _itk_reason(error)
    if "Unable to determine ImageIO reader" in reason:
        return UnreadableImageError(foreign_files.unknown_problem(path, entry))
    what = Sentence("The file cannot be read as an image ({reason}).", reason=reason)
    if reason.startswith("Reason:"):  # MetaImage: the last error of the system, whatever it was
        what = Sentence("The file is cut off or damaged.")
    return _unreadable(entry, what, _COPY_AGAIN)


def _itk_reason(error: RuntimeError) -> str:
    """Return the telling line of an ITK error: the last, without the place in ITK's source."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = lines[-1] if lines else "no reason given"
    reason = reason.removeprefix("sitk::ERROR:").strip()
    return re.sub(r"^.*?\(0x[0-9a-f]+\):\s*", "", reason).rstrip(".")


def _check_shape(reader: sitk.ImageFileReader, path: Path, entry: str, kind: Kind) -> None:
    """Refuse what WORC cannot take, before the voxels are read."""
    import SimpleITK as sitk

    components = reader.GetNumberOfComponents()
    if kind == "mask" and components != 1:
        names = _segment_names(reader)
        raise UnreadableImageError(foreign_files.segments_problem(path, entry, names, components))
    size = " x ".join(map(str, reader.GetSize()))
    dimension = reader.GetDimension()
    if dimension != 3:
        what = Sentence(
            "The image has {dimension} dimensions ({size}), not 3.", dimension=dimension, size=size
        )
        few = Sentence("Give a volume with all slices.")
        raise _unreadable(entry, what, few if dimension < 3 else Sentence("Give one volume of it."))
    if components != 1:
        what = Sentence("Each voxel has {n} values: this is a vector image.", n=components)
        if components in (3, 4):
            what = Sentence(
                "Each voxel has {n} values: this is a colour (RGB) image.", n=components
            )
        raise _unreadable(entry, what, Sentence("Export the original grey values."))
    if reader.GetPixelID() in (sitk.sitkComplexFloat32, sitk.sitkComplexFloat64):
        what = Sentence("The voxels are complex numbers.")
        raise _unreadable(entry, what, Sentence("Export the magnitude image."))


def _refuse_short(reader: sitk.ImageFileReader, path: Path, entry: str) -> None:
    """Refuse what ITK reads without a word although its end is missing: VTK."""
    import SimpleITK as sitk

    if path.suffix.lower() != ".vtk":
        return
    with path.open("rb") as stream:
        is_binary = b"\nBINARY" in stream.read(1000)
    bytes_of_one = sitk.GetArrayViewFromImage(sitk.Image(1, 1, 1, reader.GetPixelID())).itemsize
    expected = math.prod(reader.GetSize()) * bytes_of_one
    if is_binary and path.stat().st_size < expected:
        raise _cut_off(entry, path.stat().st_size, expected)


def _cut_off(entry: str, held: int, expected: int) -> UnreadableImageError:
    what = Sentence(
        "The file is cut off: it holds {held:,} of {expected:,} bytes.",
        held=held,
        expected=expected,
    )
    return _unreadable(entry, what, _COPY_AGAIN)


def _segment_names(reader: sitk.ImageFileReader) -> list[str]:
    """Return the segments that a segmentation of 3D Slicer names."""
    keys = [key for key in reader.GetMetaDataKeys() if re.fullmatch(r"Segment\d+_Name", key)]
    return [reader.GetMetaData(key) for key in sorted(keys)]


def _check_whole(path: Path, entry: str) -> None:
    """Refuse files that are empty, cut off or damaged, where SimpleITK would not.

    Raises
    ------
    EOFError, zlib.error
        Compressed data end too early, or are damaged.
    """
    if path.stat().st_size == 0:
        raise _unreadable(entry, Sentence("The file is empty."), _COPY_AGAIN)
    held, expected = nifti.file_length(path)
    if held < expected:
        raise _cut_off(entry, held, expected)
