"""Where everything lies in a run folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lungmet_worc.basics.errors import RunFolderError
from lungmet_worc.basics.file_names import file_name
from lungmet_worc.basics.sentences import Sentence


class _Inside:
    """What lies in a run folder under a name that is always the same."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, paths: RunPaths, _: type) -> Path:
        return paths.folder / self._name


@dataclass(frozen=True)
class RunPaths:
    """Every path of a run folder.

    Parameters
    ----------
    folder : Path
        The run folder, absolute.
    """

    folder: Path

    run_json = _Inside("run.json")  #: What was run, and how each task went.
    log = _Inside("log.txt")
    lock = _Inside(".lock")  #: Locked by the process that works in the folder.
    console = _Inside("console.txt")  #: What a detached run says.
    splits = _Inside("splits.csv")  #: Shared by all arms, in WORC's fixed-splits format.
    patients = _Inside("patients.json")  #: Outcome and clinical values, of all arms.
    inspections = _Inside("inspections.json")  #: What was found in images, to read them once.
    scratch = _Inside("scratch")  #: What workers, WORC and fastr write that nobody needs later.
    tables = _Inside("tables")
    figures = _Inside("figures")
    report = _Inside("report.html")
    report_files = _Inside("report_files.json")  #: From what tables, figures and report were made.
    made_from = _Inside("made_from.json")  #: What each output was made from.
    old = _Inside("old")  #: Earlier results that were made again.

    def features(self, modality: str, patient_id: str) -> Path:
        """Return the feature file of a patient in a modality."""
        return self.folder / "features" / modality / f"{file_name(patient_id)}.hdf5"

    def harmonised(self, modality: str) -> Path:
        """Return the features of a modality after ComBat, of all patients together."""
        return self.folder / "features" / modality / "combat" / "features.hdf5"

    def fingerprint(self, modality: str) -> Path:
        """Return WORC's settings of a modality, after fingerprinting."""
        return self.folder / "features" / modality / "worc.ini"

    def arm(self, arm: str) -> Path:
        """Return the folder of an arm."""
        return self.folder / "arms" / arm

    def matrix(self, arm: str) -> Path:
        """Return the features of an arm, all modalities side by side."""
        return self.arm(arm) / "features.hdf5"

    def settings(self, arm: str, modality: str) -> Path:
        """Return WORC's settings of an arm for one modality."""
        return self.arm(arm) / f"worc_{modality}.ini"

    def labels(self, arm: str) -> Path:
        """Return the outcomes of an arm in WORC's label format."""
        return self.arm(arm) / "labels.csv"

    def semantics(self, arm: str) -> Path:
        """Return the clinical features of an arm in WORC's semantics format."""
        return self.arm(arm) / "semantics.csv"

    def split(self, arm: str, index: int) -> Path:
        """Return the result of one split of an arm."""
        return self.arm(arm) / "splits" / f"{index}.hdf5"

    def permuted(self, arm: str, permutation: int, index: int) -> Path:
        """Return the result of one split of an arm with permuted outcomes."""
        return self.arm(arm) / "permutations" / str(permutation) / f"{index}.json"

    def performance(self, arm: str) -> Path:
        """Return WORC's own evaluation of an arm."""
        return self.arm(arm) / "performance_all_0.json"


def found_run(folder: Path | str) -> RunPaths | None:
    """Return the paths of a run folder as the user named it, None if there is no run in it.

    Raises
    ------
    RunFolderError
        The folder cannot be looked at.
    """
    try:
        paths = RunPaths(Path(folder).resolve())
        return paths if paths.run_json.exists() else None
    # Links that lead round in a circle, or a name that no disk can have: nothing is there.
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, PermissionError):
            message = Sentence(
                'The folder "{folder}" cannot be looked at: {cause}.',
                folder=folder,
                cause=error.strerror or error,
            )
            raise RunFolderError(message) from error
        return None
