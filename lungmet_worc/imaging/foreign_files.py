"""Files that hold an image or a mask in a form that is not read: what they are, and the way out."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Literal

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.imaging import nifti
from lungmet_worc.imaging.private_name import neighbours

#: What a file shall be.
Kind = Literal["image", "mask"]

_DICOM_SUFFIXES = (".dcm", ".ima", ".dicom")
#: SOP class UIDs (DICOM PS3.4, annex B.5).
_RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
_SEGMENTATIONS = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.5")
#: (0002,0002) and (0008,0016), each with the type "UI" that follows where types are written.
_SOP_CLASS_TAGS = (b"\x02\x00\x02\x00UI", b"\x08\x00\x16\x00UI")
#: First bytes of other files that lie among images, and what these are.
_MAGIC = (
    (
        b"\x1f\x8b",
        Sentence("The file is compressed twice (gzip)."),
        Sentence("Unpack it once, and give what comes out."),
    ),
    (b"PK\x03\x04", Sentence("This is a zip archive."), Sentence("Unpack it, and give the image.")),
    (
        b"\x93NUMPY",
        Sentence("This is an array of NumPy: it says nothing of the size and place of voxels."),
        Sentence("Write it as NIfTI with the geometry of the image that it was made from."),
    ),
    (
        b"MATLAB 5.0 MAT-file",
        Sentence("This is a MATLAB file, not an image."),
        Sentence("Write the array as NIfTI with the geometry of the image (niftiwrite)."),
    ),
    (
        b"<",
        Sentence("This is a text with markup (XML or a web page), not an image."),
        Sentence("Look what it is; a download may have failed."),
    ),
)


def dicom_problem(path: Path, entry: str, kind: Kind) -> Problem | None:
    """Return what is wrong with a DICOM file, and how to convert just this; None for others.

    Parameters
    ----------
    path : Path
        An ordinary file.
    entry : str
        The path as the user wrote it.
    kind : {"image", "mask"}
        What the file shall be.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as stream:
        start = stream.read(8192)
    if start[128:132] != b"DICM" and path.suffix.lower() not in _DICOM_SUFFIXES:
        return None
    what, remedy = _of_class(_sop_class(start), kind)
    return Problem(what, remedy, file=entry)


def _sop_class(start: bytes) -> str:
    """Return the SOP class UID of a DICOM file, "" if its first bytes do not tell."""
    for tag in _SOP_CLASS_TAGS:
        place = start.find(tag)
        if place >= 0 and place + 8 <= len(start):
            (length,) = struct.unpack_from("<H", start, place + 6)
            return start[place + 8 : place + 8 + length].decode("latin-1").rstrip("\0 ")
    return ""


def _of_class(sop_class: str, kind: Kind) -> tuple[Sentence, Sentence]:
    """Return what a DICOM file is, and the way out."""
    contours, voxels = sop_class == _RTSTRUCT, sop_class in _SEGMENTATIONS
    if contours:
        what = Sentence("This is a DICOM RTSTRUCT: contours, not voxels.")
    elif voxels:
        what = Sentence("This is a DICOM segmentation (SEG).")
    else:
        what = Sentence("This is a DICOM file; DICOM is not read directly.")
    if kind == "image" and (contours or voxels):
        remedy = Sentence(
            "Give the image that it was drawn on: convert its DICOM series to NIfTI, for example "
            "with dcm2niix."
        )
    elif contours:
        remedy = Sentence(
            "Convert the tumour's contour to a mask on the voxels of the image, with the DICOM "
            "series that it was drawn on: dcmrtstruct2nii, platipy or plastimatch do so. Give "
            "the .nii.gz."
        )
    elif voxels:
        remedy = Sentence(
            "Convert the tumour's segment to NIfTI with segimage2itkimage of dcmqi, or export it "
            "from 3D Slicer as a labelmap with the image as reference. Give the .nii.gz."
        )
    elif kind == "mask" and not sop_class:
        remedy = Sentence(
            "If it holds contours (RTSTRUCT), convert them with dcmrtstruct2nii, platipy or "
            "plastimatch; if it is a segmentation (SEG), with segimage2itkimage of dcmqi; if it "
            "is an image, its whole series with dcm2niix. Give the .nii.gz."
        )
    else:
        remedy = Sentence(
            "Convert it to NIfTI first, for example with dcm2niix (whole series), and give the "
            ".nii.gz."
        )
    return what, remedy


def misnamed_problem(path: Path, entry: str) -> Problem | None:
    """Return the name that a NIfTI file should have, if ITK does not read it under its own.

    Parameters
    ----------
    path : Path
        An ordinary file, whole.
    entry : str
        The path as the user wrote it.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    if nifti.pair(path) is not None or not nifti.is_in_one_file(path):
        return None
    stem, ending = nifti.split_name(path)
    compressed = nifti.is_gzip(path)
    allowed = (".nii.gz", ".NII.GZ") if compressed else (".nii", ".NII", *_PLAIN_TOO)
    if ending in allowed:
        return None
    stem = stem if ending else path.name.removesuffix(".gz")
    right = f"{stem}{'.nii.gz' if compressed else '.nii'}"
    if compressed:
        what = Sentence("This is a compressed NIfTI file (gzip), whose name does not say so.")
    else:
        what = Sentence("This is a NIfTI file, whose name does not say so.")
    return Problem(what, Sentence('Rename it to "{name}", here too.', name=right), file=entry)


#: ITK reads files that are not compressed under these names too.
_PLAIN_TOO = (".nii.gz", ".NII.GZ", ".nia")


def neighbour_problem(path: Path, entry: str) -> Problem | None:
    """Warn of a file beside an image that other programs open in its place.

    Parameters
    ----------
    path : Path
        An image that is read.
    entry : str
        The path as the user wrote it.
    """
    beside = neighbours(path)
    if not beside:
        return None
    what = Sentence(
        'Beside it lies "{name}", which ITK-SNAP, 3D Slicer and plain WORC may open instead.',
        name=beside[0].name,
    )
    remedy = Sentence(
        "This study reads the file that the manifest names. Look whether it was drawn or "
        "looked at with the right one, and move the other away."
    )
    return Problem(what, remedy, "warning", file=entry)


def unknown_problem(path: Path, entry: str) -> Problem:
    """Return what is wrong with a file that no reader takes, by its first bytes if these tell.

    Parameters
    ----------
    path : Path
        An ordinary file.
    entry : str
        The path as the user wrote it.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    start = nifti.content_start(path)
    if len(start) >= 4 and start[:4] in (b"\x1c\x02\x00\x00", b"\x00\x00\x02\x1c"):
        what = Sentence("This is a NIfTI-2 file, which SimpleITK does not read.")
        remedy = Sentence("Write it as NIfTI-1 (.nii.gz), for example with nibabel.")
        return Problem(what, remedy, file=entry)
    for magic, what, remedy in _MAGIC:
        if start.startswith(magic):
            return Problem(what, remedy, file=entry)
    what = Sentence("The file is no image that can be read, or it is damaged.")
    return Problem(what, Sentence("Export it again as NIfTI (.nii.gz)."), file=entry)


def segments_problem(path: Path, entry: str, names: list[str], layers: int) -> Problem:
    """Return what is wrong with a segmentation whose voxels have several values each.

    Parameters
    ----------
    path : Path
        The file.
    entry : str
        The path as the user wrote it.
    names : list of str
        Of the segments, if it is a segmentation of 3D Slicer.
    layers : int
        How many values each voxel has.
    """
    if names or path.name.lower().endswith(".seg.nrrd"):
        what = Sentence(
            "The segments overlap ({names}), so that they lie in {n} layers: a voxel has {n} "
            "values.",
            names=", ".join(names) or "?",
            n=layers,
        )
        remedy = Sentence(
            "Open it in 3D Slicer with the image, and export the tumour's segment alone as a "
            "labelmap (Segmentations, Export to files, .nii.gz, reference volume: the image)."
        )
    else:
        what = Sentence("Each voxel of the mask has {n} values: this is no mask.", n=layers)
        remedy = Sentence("Export the tumour alone, with one value per voxel.")
    return Problem(what, remedy, file=entry)
