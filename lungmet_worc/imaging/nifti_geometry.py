"""What a NIfTI header says of voxel size and place: three times, and not always the same.

``pixdim`` has the size of voxels, the quaternion (qform) with it their place, and a matrix (sform)
both once more (https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h). ITK takes the size from
``pixdim`` and the place from one of the two, and reads nothing whose only matrix is sheared.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.imaging import nifti

if TYPE_CHECKING:
    import SimpleITK as sitk

_Matrix = npt.NDArray[np.float64]

#: Axes that are off a right angle by at most this are a rounded matrix (degrees): 0.4 mm in the
#: 100 mm of a tumour. Gantries are tilted by whole degrees.
_ROUNDED = 0.25
#: ITK's tolerance for axes at right angles (radians), with room for its single precision.
_RIGHT_ANGLE = 5e-5
#: ITK's tolerance for the two sizes of voxels (mm).
_SAME_SIZE = 1e-3


@dataclass(frozen=True)
class NiftiGeometry:
    """Size and place of voxels as a NIfTI-1 header has them, in mm to the right, front and top.

    Parameters
    ----------
    size : tuple of int
        Voxels along the three axes.
    pixdim : tuple of float
        Size of a voxel along the three axes.
    qform, sform : array or None
        Matrix of three rows and four columns, from places in the file to mm; None where the
        header's code says that there is none.
    """

    size: tuple[int, ...]
    pixdim: tuple[float, ...]
    qform: _Matrix | None
    sform: _Matrix | None

    @cached_property
    def skew(self) -> float:
        """By how many degrees the axes of sform are off a right angle, at most."""
        if self.sform is None:
            return 0.0
        axes = self.sform[:, :3]
        with np.errstate(invalid="ignore", divide="ignore"):
            axes = axes / np.linalg.norm(axes, axis=0)
        cosines = np.abs((axes.T @ axes)[np.triu_indices(3, 1)])
        return float(np.degrees(np.arcsin(np.clip(cosines, 0, 1))).max())

    @property
    def is_refused(self) -> bool:
        """Whether ITK may read nothing of such a file."""
        return self.qform is None and self.skew > np.degrees(_RIGHT_ANGLE)

    @property
    def is_rounded(self) -> bool:
        """Whether ITK may refuse it for so little that the nearest axes at right angles will do."""
        return self.is_refused and self.skew <= _ROUNDED

    @property
    def straight_sform(self) -> _Matrix:
        """The matrix with the nearest axes at right angles, of the lengths in pixdim."""
        matrix = np.zeros((3, 4)) if self.sform is None else self.sform
        left, _, right = np.linalg.svd(matrix[:, :3] / self.sform_size)
        return np.column_stack([(left @ right) * self.pixdim, matrix[:, 3]])

    @property
    def sform_size(self) -> tuple[float, ...]:
        """Size of a voxel by the matrix; that of pixdim where there is none."""
        if self.sform is None:
            return self.pixdim
        return tuple(float(length) for length in np.linalg.norm(self.sform[:, :3], axis=0))

    @property
    def displacement(self) -> float:
        """By how many mm a corner of the image lies apart by qform and by sform, at most."""
        if self.qform is None or self.sform is None:
            return 0.0
        ends = product(*((0, extent - 1) for extent in self.size))
        corners = np.array([[*corner, 1] for corner in ends], dtype=np.float64)
        return float(np.linalg.norm(corners @ (self.qform - self.sform).T, axis=1).max())


def geometry_of(path: Path) -> NiftiGeometry | None:
    """Return what a NIfTI-1 file of three dimensions says of its voxels; None for any other file.

    Parameters
    ----------
    path : Path
        An image file, whole.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    pair = nifti.pair(path)
    content = nifti.content_start(path if pair is None else pair[0])
    header = nifti.parse_header(content)
    if header is None or content[344:347] not in (b"n+1", b"ni1"):
        return None
    order = header.order
    extents = struct.unpack_from(f"{order}8h", content, 40)
    pixdim = struct.unpack_from(f"{order}8f", content, 76)
    q_code, s_code = struct.unpack_from(f"{order}2h", content, 252)
    quaternion = struct.unpack_from(f"{order}6f", content, 256)
    rows = np.array(struct.unpack_from(f"{order}12f", content, 280), dtype=np.float64)
    return NiftiGeometry(
        size=tuple(max(1, extent) for extent in extents[1:4]),
        # Of axes that an image does not have, nothing need be said.
        pixdim=tuple(
            abs(length) if axis <= extents[0] else 1.0
            for axis, length in enumerate(pixdim[1:4], start=1)
        ),
        qform=_quaternion_matrix(quaternion, pixdim) if q_code > 0 else None,
        sform=rows.reshape(3, 4) if s_code > 0 else None,
    )


def _quaternion_matrix(quaternion: tuple[float, ...], pixdim: tuple[float, ...]) -> _Matrix:
    """Return the matrix of a quaternion, as nifti1.h has it."""
    b, c, d, *offset = quaternion
    a = np.sqrt(max(0.0, 1.0 - (b * b + c * c + d * d)))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    handed = -1.0 if pixdim[0] < 0 else 1.0
    scales = np.abs(pixdim[1:4]) * (1.0, 1.0, handed)
    with np.errstate(invalid="ignore"):  # a voxel without a size is told by `header_error`
        return np.column_stack([rotation * scales, offset])


def straightened(content: bytes, geometry: NiftiGeometry) -> bytes:
    """Return a NIfTI-1 header with its matrix at right angles.

    ITK's own way, ITK_NIFTI_SFORM_PERMISSIVE, gives the transposed matrix up to ITK 5.4
    (InsightSoftwareConsortium/ITK pull request 4847).

    Parameters
    ----------
    content : bytes
        The header, or a file that begins with it.
    geometry : NiftiGeometry
        What it says.
    """
    header = nifti.parse_header(content[:540])
    order = "<" if header is None else header.order
    matrix = struct.pack(f"{order}12f", *geometry.straight_sform.ravel())
    return content[:280] + matrix + content[280 + len(matrix) :]


def header_error(geometry: NiftiGeometry, entry: str) -> Problem | None:
    """Return why a header cannot be used, before ITK reads it.

    Parameters
    ----------
    geometry : NiftiGeometry
        Of the file.
    entry : str
        The path as the user wrote it.
    """
    if 0.0 in geometry.pixdim or not np.isfinite(geometry.pixdim).all():
        what = Sentence(
            "The header has no voxel size ({size} mm in pixdim).", size=_triple(geometry.pixdim)
        )
        remedy = Sentence("Export it again from the DICOM series, for example with dcm2niix.")
        return Problem(what, remedy, file=entry)
    if geometry.is_refused and geometry.skew > _ROUNDED:
        what = Sentence(
            "The axes in the header are not at right angles, but off by {degrees:.1f} degrees: a "
            "tilted gantry, or a registration. ITK, and so WORC, does not read such an image.",
            degrees=geometry.skew,
        )
        remedy = Sentence(
            "Of a tilted CT dcm2niix writes a straightened image too, whose name ends in _Tilt; "
            "after a registration, let that program resample the image instead of changing its "
            "header. Do the same with the mask (nearest neighbour), or draw it on the new image."
        )
        return Problem(what, remedy, file=entry)
    return None


def header_warnings(geometry: NiftiGeometry, volume: sitk.Image, entry: str) -> list[Problem]:
    """Return where a header contradicts itself, and which part ITK goes by.

    Parameters
    ----------
    geometry : NiftiGeometry
        Of the file.
    volume : SimpleITK.Image
        As ITK reads it.
    entry : str
        The path as the user wrote it.
    """
    found = []
    if geometry.is_rounded:
        what = Sentence(
            "The axes in the header are off a right angle by {degrees:.2f} degrees, as if "
            "rounded; the nearest right angles are taken.",
            degrees=geometry.skew,
        )
        remedy = Sentence("There is nothing to do if image and mask fit in a viewer.")
        found.append(Problem(what, remedy, "warning", file=entry))
    if np.max(np.abs(np.subtract(geometry.pixdim, geometry.sform_size))) > _SAME_SIZE:
        what = Sentence(
            "The header has two voxel sizes: {size} mm (pixdim), which WORC uses, and {other} mm "
            "(sform).",
            size=_triple(volume.GetSpacing()),
            other=_triple(geometry.sform_size),
        )
        remedy = Sentence("Compare with the DICOM series, and export again what is wrong.")
        found.append(Problem(what, remedy, "warning", file=entry))
    elif geometry.displacement > 0.5 * min(geometry.pixdim):
        what = Sentence(
            "The header places the image twice, up to {distance:.1f} mm apart: by qform and by "
            "sform; WORC uses {used}.",
            distance=geometry.displacement,
            used=_used(geometry, volume),
        )
        remedy = Sentence(
            "Look in a viewer whether image and mask fit, and export again what is wrong."
        )
        found.append(Problem(what, remedy, "warning", file=entry))
    return found


def _used(geometry: NiftiGeometry, volume: sitk.Image) -> str:
    """Return by which of the two the image is placed."""
    axes = np.reshape(volume.GetDirection(), (3, 3)) * volume.GetSpacing()
    # ITK counts mm to the left and to the back.
    matrix = np.column_stack([axes, volume.GetOrigin()]) * [[-1], [-1], [1]]
    apart = {
        name: float(np.abs(matrix - form).max())
        for name, form in (("qform", geometry.qform), ("sform", geometry.sform))
        if form is not None
    }
    return min(apart, key=lambda name: apart[name])


def _triple(lengths: tuple[float, ...]) -> str:
    return " x ".join(f"{length:.4g}" for length in lengths)
