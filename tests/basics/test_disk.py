"""What is told of a disk that takes nothing more."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path

import pytest

from lungmet_worc.basics import disk


def full(number: int = errno.ENOSPC) -> OSError:
    return OSError(number, os.strerror(number), "some/file")


def test_one_sentence_with_folder_and_space(tmp_path: Path) -> None:
    error = disk.as_disk_error(full(), tmp_path)
    assert error is not None
    assert error.exit_code == 3
    assert f'"{tmp_path}": the disk is full (' in error.message
    assert "free" in error.message
    again = full(errno.EROFS)
    again.__context__ = error
    assert disk.as_disk_error(again, tmp_path) is error
    assert disk.as_disk_error(ValueError(), tmp_path) is None
    assert "about 12 MB more needed" in str(
        disk.disk_error("the disk is full", tmp_path, 12_000_000)
    )


def test_the_disk_is_asked_where_a_library_does_not_tell(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with (
        pytest.raises(OSError, match="File too large") as caught,
        disk.blaming_a_full_disk(tmp_path),
    ):
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        message = "truncated file"
        raise RuntimeError(message)
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert disk.disk_cause(caught.value) == "a file may not grow further"
    with pytest.raises(RuntimeError, match="other"), disk.blaming_a_full_disk(tmp_path):
        message = "other"
        raise RuntimeError(message)
    assert list(tmp_path.iterdir()) == []
