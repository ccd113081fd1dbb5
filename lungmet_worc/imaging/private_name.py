"""A name of its own for an image file, under which ITK reads this file and no other.

ITK's NIfTI reader takes the folder and the name without its ending, and opens the first file of
a list of endings that is there: beside ``mask.nii.gz`` it reads the voxels of ``mask.nii``
(NIFTI-Imaging/nifti_clib issue 129). Under a link in an empty folder there is nothing beside.
What ITK would refuse for a rounding in its header is written there with the header mended, so
that all readers, WORC's too, see the same.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from lungmet_worc.imaging import nifti, nifti_geometry
from lungmet_worc.imaging.nifti_geometry import NiftiGeometry


def linked(path: Path, folder: Path, stem: str) -> Path:
    """Give a NIfTI or Analyze file a name in a folder where nothing of that stem lies beside it.

    Parameters
    ----------
    path : Path
        An image file. The readers of other formats open the files that they are told to, so
        that these keep their name.
    folder : Path
        Where links may be made; it exists.
    stem : str
        Name of the link without its ending, which says what the file is.

    Returns
    -------
    Path
        From which every reader of ITK reads what is in the file.

    Raises
    ------
    OSError
        The file cannot be read, or nothing can be written into the folder.
    """
    pair = nifti.pair(path)
    geometry = nifti_geometry.geometry_of(path)
    rounded = geometry if geometry is not None and geometry.is_rounded else None
    if pair is not None:
        header, data = pair
        if data is not None:
            ending = ".img.gz" if data.name.lower().endswith(".gz") else ".img"
            _link(data, folder / f"{stem}{ending}")
        return _header(header, folder / f"{stem}.hdr", rounded)
    if not nifti.is_in_one_file(path):
        return path.absolute()
    if rounded is not None:
        return _header(path, folder / f"{stem}.nii", rounded)
    return _header(path, folder / f"{stem}{'.nii.gz' if nifti.is_gzip(path) else '.nii'}", None)


def _header(path: Path, target: Path, rounded: NiftiGeometry | None) -> Path:
    """Make a link to a header, or a copy whose axes ITK takes."""
    if rounded is None:
        return _link(path, target)
    with nifti.open_plain(path) as stream, target.open("xb") as copy:
        copy.write(nifti_geometry.straightened(stream.read(352), rounded))
        shutil.copyfileobj(stream, copy)
    return target


def neighbours(path: Path) -> list[Path]:
    """Return the files beside a NIfTI file that ITK may read in its place.

    Parameters
    ----------
    path : Path
        Any image file.
    """
    stem, ending = nifti.split_name(path)
    if not ending:
        return []
    pair = nifti.pair(path) or ()
    others = [path.with_name(f"{stem}{other}") for other in nifti.ENDINGS]
    return [other for other in others if other not in (path, *pair) and other.is_file()]


def _link(path: Path, link: Path) -> Path:
    """Make a link, or a copy on a disk that has no links (a Windows share, a USB stick)."""
    try:
        link.symlink_to(path.absolute())
    except FileExistsError:
        raise
    except OSError:
        shutil.copyfile(path, link)
    return link
