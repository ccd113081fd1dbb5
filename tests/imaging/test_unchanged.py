"""Files that change or vanish while a task reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lungmet_worc.basics.errors import InputChangedError
from lungmet_worc.imaging.files import file_digest
from lungmet_worc.imaging.unchanged import Input, unchanged


@pytest.fixture
def planned(tmp_path: Path) -> Input:
    path = tmp_path / "image.nii"
    path.write_bytes(b"as planned")
    return str(path), file_digest(path), "MRI image of STS_007"


def test_files_that_stay(planned: Input) -> None:
    with unchanged([planned]):
        pass


def test_a_change_before(planned: Input) -> None:
    Path(planned[0]).write_bytes(b"other")
    expected = "image of STS_007 changed while the study ran"
    with pytest.raises(InputChangedError, match=expected), unchanged([planned]):
        pytest.fail("it was read")


def test_a_change_in_between(planned: Input) -> None:
    expected = "changed while the study ran; run again"
    with pytest.raises(InputChangedError, match=expected), unchanged([planned]):
        Path(planned[0]).write_bytes(b"other")


def test_a_failure_to_read_what_vanished_is_the_changes(planned: Input) -> None:
    with pytest.raises(InputChangedError, match="can no longer be read"), unchanged([planned]):
        Path(planned[0]).unlink()
        Path(planned[0]).read_bytes()


def test_another_failure_stays_what_it_is(planned: Input) -> None:
    with pytest.raises(ValueError, match="broken"), unchanged([planned]):
        message = "broken"
        raise ValueError(message)
