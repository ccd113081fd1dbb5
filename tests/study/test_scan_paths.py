"""Paths as people paste them: of Windows, in another form of Unicode, with a hard space."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from lungmet_worc.study.scan_paths import is_there, of_windows, path_problems, resolve


@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
@pytest.mark.parametrize("written", ["NFC", "NFD"])
def test_either_form_of_unicode(tmp_path: Path, on_disk: str, written: str) -> None:
    name = "Zoë Müller/scan é.nii"
    file = tmp_path / unicodedata.normalize(on_disk, name)
    file.parent.mkdir()
    file.touch()
    assert resolve(tmp_path, unicodedata.normalize(written, name)).samefile(file)


def test_what_looks_the_same_on_disk(tmp_path: Path) -> None:
    file = tmp_path / "scan\u202f12.nii"  # as a Mac names a screenshot
    file.touch()
    assert resolve(tmp_path, "scan 12.nii") == file
    (tmp_path / "scan\u00a012.nii").touch()  # now two look the same: neither is taken
    assert not is_there(resolve(tmp_path, "scan 12.nii"))


def test_a_drive_whose_file_lies_beside_the_table(tmp_path: Path) -> None:
    (tmp_path / "img").mkdir()
    (tmp_path / "img" / "P9.nii").touch()
    for entry in ("E:\\trial\\img\\P9.nii", "e:/trial/img/P9.nii", "\\\\srv\\x\\img\\P9.nii"):
        found = list(path_problems(tmp_path, tmp_path / entry, entry, "image"))
        assert [problem.severity for problem in found] == ["error"]
        assert 'Write "img/P9.nii"' in found[0].remedy


def test_a_drive_and_a_share_under_wsl(tmp_path: Path) -> None:
    what, remedy = of_windows(tmp_path, "Q:\\trial\\scans\\P9.nii") or ("", "")
    assert "drive Q:" in what
    assert '"/mnt/q/trial/scans/P9.nii"' in remedy
    assert "mount -t drvfs Q: /mnt/q" in remedy
    what, remedy = of_windows(tmp_path, "\\\\srv01\\Onderzoek MDL\\scans\\P9.nii") or ("", "")
    assert "Onderzoek MDL" in what
    assert '"/mnt/Onderzoek_MDL/scans/P9.nii"' in remedy
    assert "'\\\\srv01\\Onderzoek MDL' /mnt/Onderzoek_MDL" in remedy
    _, remedy = of_windows(tmp_path, "\\\\wsl.localhost\\Ubuntu\\home\\me\\P9.nii") or ("", "")
    assert remedy == 'Write "/home/me/P9.nii".'


@pytest.mark.parametrize("entry", ["a/b.nii", "c.nii", "/data/x.nii", "..\\b.nii", "P1:2.nii"])
def test_other_paths_are_not_of_windows(tmp_path: Path, entry: str) -> None:
    assert of_windows(tmp_path, entry) is None


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    for entry in ("a\x00b", "x" * 3000, "\ud800"):
        assert not is_there(resolve(tmp_path, entry))
