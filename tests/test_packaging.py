"""Version, constraints and files that have to agree with one another."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import lungmet_worc

ROOT = Path(__file__).parents[1]


def requirements(*, dev: bool = True) -> list[Requirement]:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    text = setup["options"]["install_requires"]
    if dev:
        text += setup["options.extras_require"]["dev"]
    return [Requirement(line) for line in text.split("\n") if line]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def test_one_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text()
    assert re.search(r"(?m)^version: (.+)$", citation)[1] == lungmet_worc.__version__  # type: ignore[index]
    assert metadata.version("lungmet_worc") == lungmet_worc.__version__


def test_every_requirement_is_pinned_within_its_bounds() -> None:
    for requirement in requirements():
        pinned = pins()[canonicalize_name(requirement.name)]
        assert pinned in requirement.specifier, f"{requirement} but {pinned}"


def test_pins_are_what_is_installed() -> None:
    wrong = {
        requirement.name: metadata.version(requirement.name)
        for requirement in requirements()
        if metadata.version(requirement.name) != pins()[canonicalize_name(requirement.name)]
    }
    assert wrong == {}, 'the environment is not that of constraints.txt: run "make venv"'


@pytest.mark.parametrize("version", ["3.10", "3.12", "none"])
def test_make_refuses_another_python(tmp_path: Path, version: str) -> None:
    python = tmp_path / "python"
    if version != "none":
        # Answers the check as that version would, and its name.
        python.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo Python {version} || exit 1\n')
        python.chmod(0o755)
    environment = {key: value for key, value in os.environ.items() if key != "MAKEFLAGS"}
    done = subprocess.run(
        ["make", "--silent", "python", f"PYTHON={python}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "Install Python 3.11" in done.stdout
    if version != "none":
        assert f"Python {version}" in done.stdout
