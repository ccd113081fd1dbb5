"""NIfTI files as bytes, for the two things that SimpleITK hides when it reads them.

A file that was cut off is read without a word, with zeros for what is missing; voxels that
are no number or infinite become 0 (both seen with SimpleITK 2.5). WORC reads through
SimpleITK, so neither would ever be noticed.
"""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_CHUNK = 1 << 16
_GZIP = b"\x1f\x8b"
_LONGEST_HEADER = 540
#: Endings of the files that ITK's NIfTI reader opens, longer ones first.
ENDINGS = (".nii.gz", ".img.gz", ".nii", ".hdr", ".img", ".nia")
_FLOAT_TYPES = {16: "f4", 64: "f8"}  # NIfTI datatype codes


@dataclass(frozen=True)
class NiftiHeader:
    """What is needed of a NIfTI-1, NIfTI-2 or Analyze header.

    Parameters
    ----------
    order : {"<", ">"}
        Byte order.
    in_one_file : bool
        Whether the voxels follow in the same file.
    offset : int
        Bytes before the voxels.
    n_voxels : int
        Number of voxels.
    bits : int
        Bits of a voxel.
    datatype : int
        NIfTI's code for the type of a voxel.
    """

    order: str
    in_one_file: bool
    offset: int
    n_voxels: int
    bits: int
    datatype: int

    @property
    def length(self) -> int:
        """Bytes that the file with the voxels must hold."""
        return self.offset + self.n_voxels * self.bits // 8


def parse_header(content: bytes) -> NiftiHeader | None:
    """Return the header in the first 540 bytes of a file, None if there is none.

    NIfTI-1.1 and NIfTI-2 standards; ``sizeof_hdr`` is 348 or 540 and tells the byte order.
    """
    for order in "<>":
        if len(content) >= 348 and struct.unpack_from(f"{order}i", content)[0] == 348:
            dimensions = struct.unpack_from(f"{order}8h", content, 40)
            datatype, bits = struct.unpack_from(f"{order}2h", content, 70)
            offset = struct.unpack_from(f"{order}f", content, 108)[0]
            in_one_file = content[344:347] == b"n+1"
        elif len(content) >= 540 and struct.unpack_from(f"{order}i", content)[0] == 540:
            dimensions = struct.unpack_from(f"{order}8q", content, 16)
            datatype, bits = struct.unpack_from(f"{order}2h", content, 12)
            offset = struct.unpack_from(f"{order}q", content, 168)[0]
            in_one_file = content[4:7] == b"n+2"
        else:
            continue
        if not 1 <= dimensions[0] <= 7 or not math.isfinite(offset):
            return None
        n_voxels = math.prod(max(1, extent) for extent in dimensions[1 : dimensions[0] + 1])
        return NiftiHeader(order, in_one_file, int(offset), n_voxels, bits, datatype)
    return None


def split_name(path: Path) -> tuple[str, str]:
    """Return the name of a file before and from an ending of NIfTI or Analyze, if it has one."""
    lower = path.name.lower()
    ending = next((ending for ending in ENDINGS if lower.endswith(ending)), "")
    split = len(path.name) - len(ending)
    return path.name[:split], path.name[split:]


def pair(path: Path) -> tuple[Path, Path | None] | None:
    """Return the header and the file of the voxels, if a name says that these are two files.

    Parameters
    ----------
    path : Path
        Of either of the two.

    Returns
    -------
    (Path, Path or None), or None
        The second is None where there is no file of voxels; None for any other file.
    """
    stem, ending = split_name(path)
    if ending.lower() not in (".hdr", ".img", ".img.gz"):
        return None
    upper = ending.isupper()
    names = [f"{stem}{each.upper() if upper else each}" for each in (".hdr", ".img", ".img.gz")]
    header, *data = (path.with_name(name) for name in names)
    if ending.lower() != ".hdr":
        return header, path
    return header, next((file for file in data if file.exists()), None)


def is_gzip(path: Path) -> bool:
    """Return whether a file is compressed, whatever its name."""
    with path.open("rb") as stream:
        return stream.read(2) == _GZIP


def is_in_one_file(path: Path) -> bool:
    """Return whether a file is NIfTI with header and voxels together.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    header = parse_header(content_start(path))
    return header is not None and header.in_one_file


def file_length(path: Path) -> tuple[int, int]:
    """Return the bytes that the voxels' file holds, and those that it must hold.

    Compressed files are decompressed to the end, which also compares their checksum. For a
    file that is not NIfTI the second number is 0.

    Raises
    ------
    EOFError
        Compressed data end before their end mark.
    zlib.error
        Compressed data are damaged, or do not fit their checksum.
    OSError
        The file cannot be read.
    """
    files = pair(path)
    head, held = _content_length(path if files is None else files[0])
    header = parse_header(head)
    if header is None:
        return held, 0
    if not header.in_one_file:
        data = _voxels_of(path)
        # Without a data file SimpleITK refuses the header by itself.
        held = _content_length(data)[1] if data is not None else header.length
    return held, header.length


def _content_length(path: Path) -> tuple[bytes, int]:
    """Return the first bytes and the length of a file, decompressed if it is gzip."""
    with path.open("rb") as stream:
        head = stream.read(_LONGEST_HEADER)
    if not head.startswith(_GZIP):
        return head, path.stat().st_size
    head = b""
    length = 0
    inflater = None
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            while chunk:
                if inflater is None or inflater.eof:
                    if inflater is not None and not chunk.startswith(_GZIP):
                        return head, length  # readers ignore what follows the end mark
                    inflater = zlib.decompressobj(wbits=31)
                plain = inflater.decompress(chunk)
                length += len(plain)
                head += plain[: max(0, _LONGEST_HEADER - len(head))]
                chunk = inflater.unused_data
    if inflater is None or not inflater.eof:
        raise EOFError
    return head, length


def count_not_finite(path: Path) -> int:
    """Return how many voxels of a whole NIfTI file are no number or infinite.

    0 for any other file: SimpleITK shows those voxels as they are.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    files = pair(path)
    header = parse_header(content_start(path if files is None else files[0]))
    if header is None or header.datatype not in _FLOAT_TYPES:
        return 0
    data = path if header.in_one_file else _voxels_of(path) or path
    voxel = np.dtype(f"{header.order}{_FLOAT_TYPES[header.datatype]}")
    left = header.n_voxels
    count = 0
    with open_plain(data) as stream:
        stream.seek(header.offset)
        while left > 0:
            chunk = stream.read(min(left, _CHUNK) * voxel.itemsize)
            values = np.frombuffer(chunk[: len(chunk) // voxel.itemsize * voxel.itemsize], voxel)
            if len(values) == 0:
                break
            count += len(values) - int(np.count_nonzero(np.isfinite(values)))
            left -= len(values)
    return count


def _voxels_of(path: Path) -> Path | None:
    """Return the file of the voxels of a header file."""
    files = pair(path)
    return None if files is None else files[1]


def content_start(path: Path) -> bytes:
    """Return the first bytes of a file, decompressed if it is gzip: a header lies in them."""
    with open_plain(path) as stream:
        return stream.read(_LONGEST_HEADER)


def open_plain(path: Path) -> gzip.GzipFile | io.BufferedReader:
    """Open a file, which is decompressed on the way if it is gzip."""
    return gzip.open(path) if is_gzip(path) else path.open("rb")
