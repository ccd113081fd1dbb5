"""Features of one patient in one modality, by WORC's own functions in process.

The steps are those of WORC's network: convert, preprocess, segmentix, then each feature
toolbox and WORC's converter. Every step reads and writes a file, as in WORC, since writing
NIfTI rounds spacing and origin.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lungmet_worc.basics.disk import blaming_a_full_disk
from lungmet_worc.basics.held_folder import make_folder
from lungmet_worc.imaging.private_name import linked
from lungmet_worc.imaging.segmentation import tumour_file
from lungmet_worc.imaging.unchanged import Input, unchanged
from lungmet_worc.study import worc_settings
from lungmet_worc.worc.acceleration.extraction import EXTRACTION
from lungmet_worc.worc.environment import quiet
from lungmet_worc.worc.storage import write_features


def extract(
    *,
    image: str,
    segmentation: str,
    label: int | None,
    settings: str,
    accelerate: bool,
    scratch: str,
    output: str,
    stamp: str,
    inputs: Sequence[Input] = (),
) -> None:
    """Extract the features of one patient and modality into one file of WORC's format.

    Parameters
    ----------
    image, segmentation : str
        Files that SimpleITK reads.
    label : int, optional
        Value of the segmentation that is the tumour; every value but 0 if None.
    settings : str
        WORC's ini file of the modality, after fingerprinting.
    accelerate : bool
        Use our faster functions for those of PREDICT and PyRadiomics; the numbers are the same
        but for the last digits.
    scratch : str
        Folder for intermediate files, which are deleted.
    output : str
        The feature file, written atomically.
    stamp : str
        Content hash of everything that the features depend on.
    inputs : sequence of Input, optional
        What image and segmentation must hold, before and after they are read.

    Raises
    ------
    InputChangedError
        One of them is not as planned.
    """
    ini = Path(settings)
    config = worc_settings.read_ini(ini)
    make_folder(Path(scratch))
    with (
        unchanged(inputs),
        tempfile.TemporaryDirectory(dir=scratch, prefix="extract-") as folder,
        blaming_a_full_disk(Path(folder)),
        quiet(),
    ):
        EXTRACTION.use(accelerate)
        work = Path(folder)
        given = work / "given"
        given.mkdir()
        original = _converted(str(linked(Path(image), given, "image")), work / "image.nii.gz")
        prepared = _preprocess(original, ini, work / "pre.nii")
        tumour = tumour_file(Path(segmentation), label, given, "label")
        mask = _converted(str(tumour), work / "segmentation.nii.gz")
        if config["General"]["Segmentix"] == "True":
            mask = _segmentix(original, mask, ini, work / "mask.nii")
        values: list[float] = []
        labels: list[str] = []
        for calculator in calculators(config):
            features = _TOOLBOXES[calculator](prepared, mask, ini, config, work)
            values += [float(value) for value in features["feature_values"]]
            labels += list(features["feature_labels"])
    image_type = config["ImageFeatures"]["image_type"]
    write_features(Path(output), values, labels, image_type=image_type, stamp=stamp)


def calculators(config: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the feature toolboxes that a configuration asks for, as WORC names them."""
    listed = config["General"]["FeatureCalculators"].strip("[] ")
    names = [part.strip().split("/")[0].lower() for part in listed.split(",") if part.strip()]
    unknown = [name for name in names if name not in _TOOLBOXES]
    if unknown:
        message = f"WORC has no feature toolbox {unknown[0]}; it has {', '.join(_TOOLBOXES)}."
        raise ValueError(message)
    return names


def _converted(image: str, output: Path) -> str:
    """Return a NIfTI file, as WORC's WORCCastConvert does."""
    if Path(image).suffix == output.suffix:
        return image
    import SimpleITK as sitk

    sitk.WriteImage(sitk.ReadImage(image), str(output))
    return str(output)


def _preprocess(image: str, ini: Path, output: Path) -> str:
    import SimpleITK as sitk
    from WORC.processing.preprocessing import preprocess

    sitk.WriteImage(preprocess(imagefile=image, config=str(ini)), str(output))
    return str(output)


def _segmentix(image: str, mask: str, ini: Path, output: Path) -> str:
    from WORC.processing.segmentix import segmentix

    segmentix(image=image, segmentation=mask, parameters=str(ini), output=str(output))
    return str(output)


def _predict(
    image: str, mask: str, ini: Path, config: Mapping[str, Mapping[str, str]], work: Path
) -> Any:
    import pandas as pd
    from PREDICT.CalcFeatures import CalcFeatures
    from WORC.featureprocessing.FeatureConverter import convert_PREDICT

    raw, converted = str(work / "predict.hdf5"), str(work / "predict_worc.hdf5")
    CalcFeatures(image=image, segmentation=mask, parameters=str(ini), output=raw, verbose=False)
    convert_PREDICT(raw, converted)
    return pd.read_hdf(converted)


def _pyradiomics(
    image: str, mask: str, ini: Path, config: Mapping[str, Mapping[str, str]], work: Path
) -> Any:
    import pandas as pd
    from radiomics.featureextractor import RadiomicsFeatureExtractor
    from WORC.featureprocessing.FeatureConverter import convert_pyradiomics
    from WORC.IOparser.file_io import convert_config_pyradiomics

    parameters = convert_config_pyradiomics(config)
    # WORC hands this over as YAML with sorted keys, which is the order of the features.
    parameters["featureClass"] = dict(sorted(parameters["featureClass"].items()))
    extractor = RadiomicsFeatureExtractor(parameters)
    features = {"Image": image, "Mask": mask, **extractor.execute(image, mask)}
    raw, converted = work / "pyradiomics.csv", str(work / "pyradiomics_worc.hdf5")
    # As radiomics.scripts writes it: WORC's converter reads this file.
    with raw.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(features), lineterminator="\n")
        writer.writeheader()
        writer.writerow(features)
    convert_pyradiomics(str(raw), converted)
    return pd.read_hdf(converted)


_TOOLBOXES = {"predict": _predict, "pyradiomics": _pyradiomics}
