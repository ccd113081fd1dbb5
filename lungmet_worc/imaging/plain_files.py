"""Images and masks as plain WORC can read them, which knows nothing of labels and neighbours."""

from __future__ import annotations

import tempfile
from pathlib import Path

from lungmet_worc.imaging.private_name import linked, neighbours
from lungmet_worc.imaging.segmentation import tumour_file


def plain_image(path: Path, out: Path, target: Path) -> str:
    """Return a file from which plain WORC reads the image that we read.

    Parameters
    ----------
    path : Path
        An image without an error in the check.
    out, target : Path
        Folder of the export, and where in it a file is written if need be, without ending.

    Returns
    -------
    str
        The image itself, or a path within the export.
    """
    with tempfile.TemporaryDirectory(prefix="lungmet-") as folder:
        return _plain(path, linked(path, Path(folder), "image"), out, target)


def plain_mask(path: Path, label: int | None, out: Path, target: Path) -> str:
    """Return a file of the binary mask of a tumour: WORC takes every value above 0.

    Parameters
    ----------
    path : Path
        A segmentation without an error in the check.
    label : int or None
        The label of the tumour; None for everything that is not 0.
    out, target : Path
        As in `plain_image`.
    """
    with tempfile.TemporaryDirectory(prefix="lungmet-") as folder:
        return _plain(path, tumour_file(path, label, Path(folder), "mask"), out, target)


def _plain(path: Path, file: Path, out: Path, target: Path) -> str:
    import SimpleITK as sitk

    as_it_is = file.is_symlink() or file == path.absolute()
    if as_it_is and not neighbours(path):
        return str(path)
    target = target.with_name(f"{target.name}.nii.gz")
    (out / target).parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(sitk.ReadImage(str(file)), str(out / target), True)
    return str(target)
