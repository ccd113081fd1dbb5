"""Which Python is taken for the virtual environment, and what is said when something is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.set_up import BASH, ROOT, find_python, make_program

PYENV_STUB = 'echo "pyenv: command not found" >&2; exit 127'


def fake_python(path: Path, answer: str) -> Path:
    """Make what answers the question for its version, and what it lacks, with ``answer``."""
    return make_program(path, f"echo {answer}")


@pytest.mark.parametrize(
    ("programs", "taken"),
    [
        pytest.param({"a/python3.12": "3.12"}, "a/python3.12", id="only 3.12"),
        pytest.param({"a/python3.11": "3.11"}, "a/python3.11", id="only 3.11"),
        pytest.param({"a/python3.12": "3.12", "b/python3.11": "3.11"}, "b/python3.11", id="both"),
        pytest.param(
            {"a/python3.11": "3.11 venv", "b/python3.12": "3.12"}, "b/python3.12", id="one complete"
        ),
        pytest.param(
            {"a/python3.11": "3.11 Python.h", "b/python3.11": "3.11"}, "b/python3.11", id="second"
        ),
        pytest.param({"a/python3": "3.12", "a/python": "2.7"}, "a/python3", id="python3"),
        pytest.param({"a/python3": "3.14", "b/python": "3.11"}, "b/python", id="python"),
        pytest.param(
            {"a/python3.11": "3.13", "a/python3.12": "3.12"}, "a/python3.12", id="wrong name"
        ),
    ],
)
def test_the_python_that_is_there(tmp_path: Path, programs: dict[str, str], taken: str) -> None:
    for name, answer in programs.items():
        fake_python(tmp_path / name, answer)
    done = find_python(path=(tmp_path / "a", tmp_path / "b"))
    assert (done.stdout, done.stderr) == (f"{tmp_path / taken}\n", "")


@pytest.mark.parametrize("wanted", ["", "3.12"])
def test_a_command_of_pyenv_that_does_not_start(tmp_path: Path, wanted: str) -> None:
    for version in ("3.11", "3.12"):
        make_program(tmp_path / "shims" / f"python{version}", PYENV_STUB)
    beside = fake_python(tmp_path / "bin" / "python3.12", "3.12")
    done = find_python(wanted, path=(tmp_path / "shims", tmp_path / "bin"))
    assert done.stdout == f"{beside}\n"
    beside.unlink()
    own = fake_python(tmp_path / ".pyenv" / "versions" / "3.12.4" / "bin" / "python3.12", "3.12")
    done = find_python(wanted, path=(tmp_path / "shims",), HOME=str(tmp_path))
    assert done.stdout == f"{own}\n"


def test_the_version_that_is_asked_for(tmp_path: Path) -> None:
    for version in ("3.11", "3.12"):
        program = fake_python(tmp_path / f"python{version}", version)
        assert find_python(version, path=(tmp_path,)).stdout == f"{program}\n"


@pytest.mark.parametrize(
    ("programs", "wanted", "said"),
    [
        ({}, "", "There is no Python 3.11 or 3.12."),
        ({"python3": "3.13"}, "", "There is no Python 3.11 or 3.12; python3 is Python 3.13."),
        ({"python3.11": "3.11"}, "3.12", "There is no Python 3.12."),
        ({}, "python3.12", "There is no python3.12 that starts."),
        ({"mine": "3.10"}, "mine", "mine is Python 3.10. WORC and fastr run on"),
        ({"mine": "3.13 venv"}, "mine", "mine is Python 3.13. WORC and fastr run on"),
        ({"python3.13": "3.13"}, "3.13", "WORC and fastr run on Python 3.11 and 3.12 only"),
    ],
)
def test_no_such_python(tmp_path: Path, programs: dict[str, str], wanted: str, said: str) -> None:
    for name, answer in programs.items():
        fake_python(tmp_path / name, answer)
    done = find_python(wanted, path=(tmp_path,))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(said)
    assert "make PYTHON=" in done.stderr
    assert "docs/install.md" in done.stderr


@pytest.mark.parametrize("version", ["3.11", "3.12"])
@pytest.mark.parametrize(
    ("lacking", "said", "packages"),
    [
        ("venv", ["no venv module"], "python{}-venv."),
        ("compiler", ["no C compiler"], "gcc."),
        ("Python.h", ["no Python.h"], "python{}-dev."),
        (
            "venv compiler Python.h",
            ["no venv module", "no C compiler", "no Python.h"],
            "python{0}-venv gcc python{0}-dev.",
        ),
    ],
)
def test_all_that_a_python_lacks(
    tmp_path: Path, version: str, lacking: str, said: list[str], packages: str
) -> None:
    fake_python(tmp_path / f"python{version}", f"{version} {lacking}")
    for wanted in ("", version, f"python{version}"):
        done = find_python(wanted, path=(tmp_path,))
        assert (done.returncode, done.stdout) == (1, "")
        assert all(each in done.stderr for each in said)
        assert f"apt install {packages.format(version)} " in done.stderr


def test_a_real_python_is_examined(tmp_path: Path) -> None:
    tools = os.environ["PATH"].split(":")
    done = find_python(sys.executable, path=map(Path, tools))
    assert (done.stdout, done.stderr) == (f"{sys.executable}\n", "")
    without = find_python(sys.executable, path=map(Path, tools), CC=str(tmp_path / "no-cc") + " -O")
    assert without.returncode == 1
    assert without.stderr.startswith("There is no C compiler")
    make_program(tmp_path / "my-cc", "exit 0")
    other = find_python(sys.executable, path=(tmp_path,), CC="my-cc -pthread")
    assert other.returncode == 0


class Environment:
    """A made-up virtual environment; what it is told to do is in ``told``."""

    def __init__(self, folder: Path, version: str = "3.11", *, pip: str = "exit 0") -> None:
        self.folder = folder
        self.told = folder / "told"
        self.stamp = folder / ".installed"
        self.program = make_program(
            folder / "bin" / "python",
            f'[ "$1" = -m ] || {{ echo {version}; exit; }}\n'
            f'echo "${{PYTHONPATH-}} $*" >>{self.told}; {pip}',
        )
        (folder / "pyvenv.cfg").touch()

    def set_up(self, *wanted: str, path: str = "") -> subprocess.CompletedProcess[str]:
        return set_up(self.folder, *wanted, path=path)


def set_up(folder: Path, *wanted: str, path: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BASH, str(ROOT / "tools" / "set_up"), str(folder), *wanted],
        cwd=folder.parent,
        env={**os.environ, "PATH": path or os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_environment_is_installed_once(tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv")
    (environment.folder / "wheels").mkdir()
    (environment.folder / "wheels" / "xgboost-3.whl").touch()
    assert environment.set_up().returncode == 0
    orders = environment.told.read_text().splitlines()
    assert all("-c constraints.txt" in each for each in orders)
    shim = str(ROOT / "tools" / "pyradiomics")
    assert ["pyradiomics" in each.split() for each in orders] == [shim in each for each in orders]
    assert environment.set_up("3.11").returncode == 0
    assert environment.told.read_text().splitlines() == orders


def test_constraints_that_changed_are_installed(tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv")
    environment.stamp.touch()
    os.utime(environment.stamp, (0, 0))
    environment.set_up()
    assert "install numpy" in environment.told.read_text()


def test_a_pip_that_fails_is_not_taken_for_installed(tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv", pip="exit 1")
    done = environment.set_up()
    assert done.returncode == 1
    assert "docs/install.md" in done.stderr.splitlines()[-1]
    assert len(environment.told.read_text().splitlines()) == 1
    assert not environment.stamp.exists()


def test_an_environment_of_another_python_is_kept(tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv", "3.11")
    other = fake_python(tmp_path / "python3.12", "3.12")
    done = environment.set_up(str(other))
    assert done.returncode == 1
    assert "venv has Python 3.11" in done.stderr
    assert "make clean" in done.stderr
    assert not environment.told.exists()


def test_an_environment_whose_python_is_gone_is_made_again(tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv")
    environment.stamp.touch()
    environment.program.unlink()
    environment.program.symlink_to(tmp_path / "removed")
    maker = make_program(
        tmp_path / "python3.12",
        f'[ "$1" != - ] || {{ echo 3.12; exit; }}\necho "$*" >>{tmp_path}/asked; exit 3',
    )
    assert environment.set_up(str(maker)).returncode == 3
    assert f"-m venv --clear {environment.folder}" in (tmp_path / "asked").read_text()


def test_a_folder_that_is_no_environment_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.docx").write_text("all of it")
    done = set_up(folder, str(fake_python(tmp_path / "python3.12", "3.12")))
    assert done.returncode == 1
    assert "no virtual environment" in done.stderr
    assert [each.name for each in folder.iterdir()] == ["thesis.docx"]


@pytest.mark.parametrize("system", ["Darwin", "MINGW64_NT-10.0"])
def test_another_system_than_linux(tmp_path: Path, system: str) -> None:
    environment = Environment(tmp_path / "venv")
    make_program(tmp_path / "uname", f"echo {system}")
    done = environment.set_up(path=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 1
    assert done.stderr.startswith("lungmet_worc runs on Linux only.")
    assert not environment.told.exists()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_names_the_python_that_it_was_told(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "MAKEFLAGS"}
    done = subprocess.run(
        ["make", "--silent", "venv", f"VENV={tmp_path / 'venv'}", "PYTHON=python2.6"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "There is no python2.6 that starts." in done.stderr
    assert not (tmp_path / "venv").exists()
