"""What the scripts in experiments/ have in common: their options, and the study that these make."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lungmet_worc.basics.errors import LungmetError, StudyFileError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.pipeline.run import Run
from lungmet_worc.pipeline.study import Study
from lungmet_worc.study.config import ArmConfig, StudyConfig

#: Name of a modality here -> WORC's image type.
IMAGE_TYPES = {"MRI": "MR", "CT": "CT"}
KINDS = ("image", "segmentation")


class Experiment:
    """One question, asked of whatever table the command line names.

    Parameters
    ----------
    question : str
        What is asked, for ``--help``.
    name : str
        Name of the study and of its run folder.
    arms : mapping of str to sequence of str
        Arm -> its modalities, out of "MRI" and "CT".
    """

    def __init__(self, question: str, name: str, arms: Mapping[str, Sequence[str]]) -> None:
        self.name = name
        self.arms = arms
        self.modalities = list(dict.fromkeys(used for arm in arms.values() for used in arm))
        columns = [f"{name.lower()}_{kind}" for name in self.modalities for kind in KINDS]
        #: Of options that a study file stands for.
        self._defaults = {
            "manifest": "manifest.csv",
            "outcome": "lung_metastasis",
            "id": "patient_id",
            **{column: column for column in columns},
            "preset": "coarse",
        }
        self.options = self._parsed(question)

    def study(self) -> Study:
        """Return the study: its table and columns as the command line or a study file says.

        Raises
        ------
        StudyFileError
            The study file cannot be used, or has no such modality.
        """
        options = self.options
        if options.study is not None:
            return self._of_file(Study.from_toml(options.study))
        modalities = {
            name: {kind: getattr(options, f"{name.lower()}_{kind}") for kind in KINDS}
            | {"image_type": IMAGE_TYPES[name]}
            for name in self.modalities
        }
        return Study(
            name=self.name,
            manifest=options.manifest,
            outcome=options.outcome,
            modalities=modalities,
            arms={name: {"modalities": used} for name, used in self.arms.items()},
            cohort={"patient_id": options.id},
            search={"preset": options.preset},
        )

    def run(self) -> Run:
        """Run the study into the folder that the command line names, and return its results."""
        return self.study().run(out=self.options.out)

    def _of_file(self, study: Study) -> Study:
        """Return a study with the arms of this question in place of its own."""
        config = study.config
        own = {name: _own_name(name, config) for name in self.modalities}
        arms = {
            name: ArmConfig(modalities=tuple(own[modality] for modality in used))
            for name, used in self.arms.items()
        }
        modalities = {name: config.modalities[name] for name in own.values()}
        update = {"arms": arms, "modalities": modalities, "clinical": {}}
        study.config = config.model_copy(update=update)
        return study

    def _parsed(self, question: str) -> argparse.Namespace:
        parser = argparse.ArgumentParser(description=question)
        parser.add_argument("manifest", nargs="?", help="CSV or XLSX (default: manifest.csv)")
        for name, default in self._defaults.items():
            if name not in ("manifest", "preset"):
                option = f"--{name.replace('_', '-')}"
                parser.add_argument(option, metavar="COLUMN", help=f"default: {default}")
        presets = ["smoke", "coarse", "full"]
        parser.add_argument("--preset", choices=presets, help="default: coarse")
        parser.add_argument(
            "--study",
            metavar="STUDY.toml",
            help="take everything but the arms from a study file, in place of what is above",
        )
        parser.add_argument("--out", type=Path, default=Path("runs") / self.name, metavar="DIR")
        options = parser.parse_args()
        given = [name for name in self._defaults if getattr(options, name) is not None]
        if options.study is not None and given:
            parser.error(f"--study stands in place of: {', '.join(given)}")
        for name, default in self._defaults.items():
            if getattr(options, name) is None:
                setattr(options, name, default)
        return options


def _own_name(modality: str, config: StudyConfig) -> str:
    """Return what a study file calls MRI or CT: the same, or the one of its image type."""
    if modality in config.modalities:
        return modality
    kinds = (modality, IMAGE_TYPES[modality])
    of_kind = [name for name, each in config.images.items() if each.image_type in kinds]
    if len(of_kind) == 1:
        return of_kind[0]
    message = Sentence(
        "The study file has {n} modalities that may be {modality}, and this script needs one. Call "
        'the one that it is to use {modality}, or use "lungmet run" with the study file.',
        n=len(of_kind),
        modality=modality,
    )
    raise StudyFileError(message)


def as_command(experiment: Callable[[], None]) -> int:
    """Run a script as a command: errors of the user's making are sentences, with exit status.

    Parameters
    ----------
    experiment : callable
        The script's own main function.
    """
    try:
        experiment()
    except LungmetError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    return 0
