"""Version, constraints and files that have to agree with one another."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from importlib import metadata

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import lungmet_worc
from tests.set_up import ROOT, find_python


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
        if (requirement.marker is None or requirement.marker.evaluate())
        and metadata.version(requirement.name) != pins()[canonicalize_name(requirement.name)]
    }
    assert wrong == {}, 'the environment is not that of constraints.txt: run "make venv"'


def test_versions_of_python_agree() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    allowed = SpecifierSet(setup["options"]["python_requires"])
    named = re.findall(r"Python :: (3\.\d+)", setup["metadata"]["classifiers"])
    assert named == [f"3.{minor}" for minor in range(30) if f"3.{minor}" in allowed]
    for version in (f"3.{minor}" for minor in range(8, 20)):
        found = find_python(version, path=(), HOME="/nowhere").stderr
        refused = f"on Python {' and '.join(named)} only" in found
        assert refused == (version not in named), version


def test_what_python_3_12_lacks_while_pyradiomics_is_built() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", VERSIONEER],
        env={"PYTHONPATH": str(ROOT / "tools" / "pyradiomics")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "git\n"


#: As PyRadiomics' setup reads its setup.cfg.
VERSIONEER = """
import configparser, io
parser = configparser.SafeConfigParser()
parser.readfp(io.StringIO("[versioneer]\\nVCS = git\\n"))
print(parser.get("versioneer", "VCS"))
"""
