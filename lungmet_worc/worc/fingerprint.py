"""WORC's decisions about a data set, by WORC's own Fingerprinter, written down.

Two kinds: how a modality's images are treated, and whether a search resamples the classes.
The Fingerprinter overwrites settings that the user has set on purpose, without a word
(errata E25); here the user's settings are laid over its decisions again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from lungmet_worc.basics.held_folder import make_folder
from lungmet_worc.basics.stamped_files import write_stamped_text
from lungmet_worc.imaging.private_name import linked
from lungmet_worc.imaging.segmentation import tumour_file
from lungmet_worc.imaging.unchanged import Input, unchanged
from lungmet_worc.study import worc_settings
from lungmet_worc.worc.environment import quiet

#: A label name of one character: WORC compares the length of the name with 1 (errata E6).
_ONE_CHARACTER = "y"


def fingerprint_images(
    *,
    settings: worc_settings.Settings,
    overrides: worc_settings.Settings,
    images: Sequence[str],
    segmentations: Sequence[str],
    label: int | None = None,
    scratch: str,
    output: str,
    stamp: str,
    inputs: Sequence[Input] = (),
) -> None:
    """Decide on normalisation, binning and 2D, 2.5D or 3D features of one modality.

    Parameters
    ----------
    settings : mapping
        WORC's settings of the modality.
    overrides : mapping
        What the user set on purpose, which wins.
    images, segmentations : sequence of str
        Files of all patients that enter an arm with this modality, in the manifest's order.
    label : int, optional
        Value of the segmentations that is the tumour; every value but 0 if None.
    scratch : str
        Folder for intermediate files, which are deleted.
    output : str
        WORC's ini file of the modality.
    stamp : str
        Content hash of everything that the decisions depend on.
    inputs : sequence of Input, optional
        What the files must hold, before and after they are read.

    Raises
    ------
    InputChangedError
        One of them is not as planned.
    """
    decided = worc_settings.merge(settings)
    if settings["General"]["Fingerprint"] == "True":
        Path(scratch).mkdir(parents=True, exist_ok=True)
        with (
            unchanged(inputs),
            tempfile.TemporaryDirectory(dir=scratch, prefix="given-") as folder,
        ):
            given = Path(folder)
            decided = _execute(
                settings,
                "images",
                scratch,
                images=[
                    str(linked(Path(image), given, f"{number}-image"))
                    for number, image in enumerate(images)
                ],
                # WORC counts the slices of every label: a muscle beside the tumour is no tumour.
                segmentations=[
                    str(tumour_file(Path(mask), label, given, f"{number}-mask"))
                    for number, mask in enumerate(segmentations)
                ],
            )
    text = worc_settings.to_ini(worc_settings.merge(decided, overrides))
    write_stamped_text(Path(output), text, stamp=stamp)


def fingerprint_arm(
    *,
    settings: worc_settings.Settings,
    overrides: worc_settings.Settings,
    outcomes: Mapping[str, int],
    mended: bool,
    scratch: str,
    output: str,
    stamp: str,
) -> None:
    """Decide whether the search of an arm resamples the classes.

    Parameters
    ----------
    settings : mapping
        WORC's settings of the arm.
    overrides : mapping
        What the user set on purpose, which wins.
    outcomes : mapping of str to int
        WORC's patient id -> outcome.
    mended : bool
        Let WORC's rule see the outcome (errata E6); otherwise it never runs, as in WORC 3.7.0.
    scratch, output, stamp : str
        As in :func:`fingerprint_images`.
    """
    decided = worc_settings.merge(settings)
    if settings["General"]["Fingerprint"] == "True" and mended:
        renamed = worc_settings.merge(settings, {"Labels": {"label_names": _ONE_CHARACTER}})
        balance = _execute(renamed, "classification", scratch, outcomes=outcomes)
        decided["Resampling"]["Use"] = balance["Resampling"]["Use"]
    text = worc_settings.to_ini(worc_settings.merge(decided, overrides))
    write_stamped_text(Path(output), text, stamp=stamp)


def _execute(
    settings: worc_settings.Settings,
    kind: str,
    scratch: str,
    *,
    images: list[str] | None = None,
    segmentations: list[str] | None = None,
    outcomes: Mapping[str, int] | None = None,
) -> dict[str, dict[str, str]]:
    from WORC.tools.fingerprinting import Fingerprinter

    make_folder(Path(scratch))
    with tempfile.TemporaryDirectory(dir=scratch, prefix="fingerprint-") as folder, quiet():
        ini, labels = Path(folder, "config.ini"), Path(folder, "labels.csv")
        ini.write_text(worc_settings.to_ini(settings), "utf-8")
        rows = [f"{name},{value}" for name, value in (outcomes or {}).items()]
        labels.write_text("\n".join([f"Patient,{_ONE_CHARACTER}", *rows]) + "\n", "utf-8")
        fingerprinter = Fingerprinter()
        fingerprinter.type = kind
        fingerprinter.configuration = str(ini)
        fingerprinter.labels = str(labels)
        fingerprinter.images = images if outcomes is None else list(outcomes)
        fingerprinter.segmentations = segmentations
        parsed = fingerprinter.execute()
    # The Fingerprinter's parser makes keys lower case; ours keeps WORC's spelling.
    return {
        section: {key: parsed[section][key.lower()] for key in keys}
        for section, keys in settings.items()
    }
