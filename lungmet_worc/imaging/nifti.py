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


def data_files(path: Path) -> list[Path]:
    """Return where the voxels of a header file may lie."""
    return [path.with_suffix(".img"), path.with_suffix(".img.gz")]


def is_in_one_file(path: Path) -> bool:
    """Return whether a file is NIfTI with header and voxels together.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    header = parse_header(_content_start(path))
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
    head, held = _content_length(path)
    header = parse_header(head)
    if header is None:
        return held, 0
    if not header.in_one_file:
        data = next((file for file in data_files(path) if file.is_file()), None)
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
    header = parse_header(_content_start(path))
    if header is None or header.datatype not in _FLOAT_TYPES:
        return 0
    data = path
    if not header.in_one_file:
        data = next((file for file in data_files(path) if file.is_file()), path)
    voxel = np.dtype(f"{header.order}{_FLOAT_TYPES[header.datatype]}")
    left = header.n_voxels
    count = 0
    with _open(data) as stream:
        stream.seek(header.offset)
        while left > 0:
            chunk = stream.read(min(left, _CHUNK) * voxel.itemsize)
            values = np.frombuffer(chunk[: len(chunk) // voxel.itemsize * voxel.itemsize], voxel)
            if len(values) == 0:
                break
            count += len(values) - int(np.count_nonzero(np.isfinite(values)))
            left -= len(values)
    return count


def _content_start(path: Path) -> bytes:
    with _open(path) as stream:
        return stream.read(_LONGEST_HEADER)


def _open(path: Path) -> gzip.GzipFile | io.BufferedReader:
    with path.open("rb") as stream:
        compressed = stream.read(2) == _GZIP
    return gzip.open(path) if compressed else path.open("rb")
