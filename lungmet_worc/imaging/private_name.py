"""A name of its own for an image file, under which ITK reads this file and no other.

ITK's NIfTI reader takes the folder and the name without its ending, and opens the first file of
a list of endings that is there: beside ``mask.nii.gz`` it reads the voxels of ``mask.nii``
(NIFTI-Imaging/nifti_clib issue 129). Under a link in an empty folder there is nothing beside.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from lungmet_worc.imaging import nifti


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
        What ITK shall read.

    Raises
    ------
    OSError
        The file cannot be read, or nothing can be written into the folder.
    """
    pair = nifti.pair(path)
    if pair is not None:
        header, data = pair
        if data is not None:
            ending = ".img.gz" if data.name.lower().endswith(".gz") else ".img"
            _link(data, folder / f"{stem}{ending}")
        return _link(header, folder / f"{stem}.hdr")
    if not nifti.is_in_one_file(path):
        return path.absolute()
    return _link(path, folder / f"{stem}{'.nii.gz' if nifti.is_gzip(path) else '.nii'}")


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
