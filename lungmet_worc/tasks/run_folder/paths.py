"""Where everything lies in a run folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lungmet_worc.basics.errors import RunFolderError
from lungmet_worc.basics.file_names import file_name
from lungmet_worc.basics.sentences import Sentence


@dataclass(frozen=True)
class RunPaths:
    """Every path of a run folder.

    Parameters
    ----------
    folder : Path
        The run folder, absolute.
    """

    folder: Path

    @property
    def run_json(self) -> Path:
        """Return the file that says what was run and how each task went."""
        return self.folder / "run.json"

    @property
    def log(self) -> Path:
        """Return the log."""
        return self.folder / "log.txt"

    @property
    def lock(self) -> Path:
        """Return the file that the process that works in the folder has locked."""
        return self.folder / ".lock"

    @property
    def console(self) -> Path:
        """Return what a detached run says."""
        return self.folder / "console.txt"

    @property
    def splits(self) -> Path:
        """Return the splits that all arms share, in WORC's fixed-splits format."""
        return self.folder / "splits.csv"

    @property
    def patients(self) -> Path:
        """Return outcome and clinical values of the patients of all arms."""
        return self.folder / "patients.json"

    @property
    def inspections(self) -> Path:
        """Return what was found in the images, so that they need not be read again."""
        return self.folder / "inspections.json"

    @property
    def scratch(self) -> Path:
        """Return where workers, WORC and fastr may write what nobody needs afterwards."""
        return self.folder / "scratch"

    @property
    def tables(self) -> Path:
        """Return the folder of the study tables."""
        return self.folder / "tables"

    @property
    def figures(self) -> Path:
        """Return the folder of the figures."""
        return self.folder / "figures"

    @property
    def report(self) -> Path:
        """Return the report."""
        return self.folder / "report.html"

    @property
    def report_files(self) -> Path:
        """Return the record of tables, figures and report: from what they were made."""
        return self.folder / "report_files.json"

    @property
    def made_from(self) -> Path:
        """Return the record of what each output was made from."""
        return self.folder / "made_from.json"

    @property
    def old(self) -> Path:
        """Return where earlier results are kept that were made again."""
        return self.folder / "old"

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
