"""Names of files and folders that are made from names of patients, arms and studies."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

#: A name is at most so long (bytes), so that with what is put before and behind it fits on every
#: disk: 255 bytes on most, 143 on an encrypted home folder.
LONGEST = 100
#: The longest name of an arm or a modality, of which several may stand in one file name.
LONGEST_NAME = 60


def file_name(patient_id: str) -> str:
    """Return a patient's id as a file name; most ids stay as they are.

    Letters that are not plain are written as in an address (9 bytes for one Chinese letter); what
    is too long then ends with a hash.
    """
    # "%-" is in no other name: a percent sign has two digits behind it.
    return shortened(quote(patient_id, safe=""), before_hash="%-")


def shortened(name: str, longest: int = LONGEST, *, before_hash: str = "-") -> str:
    """Return a name, its end replaced by a hash of it if it is too long.

    Parameters
    ----------
    name : str
        Of a file or a folder.
    longest : int
        Bytes that it may have.
    before_hash : str
        What stands between the beginning and the hash.
    """
    encoded = name.encode("utf-8", "surrogateescape")
    if len(encoded) <= longest:
        return name
    end = before_hash + hashlib.sha256(encoded).hexdigest()[:16]
    return encoded[: longest - len(end)].decode("utf-8", "ignore") + end
