"""WORC's own tools for the features of one patient, with the command lines of its network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import yaml

from lungmet_worc.study import worc_settings

RUNNER = Path(__file__).with_name("tool_runner.py")

Command = list[str]


def modality_settings(image_type: str, *, full: bool = False) -> dict[str, dict[str, str]]:
    """Return settings of both toolboxes as WORC's Fingerprinter leaves them."""
    sets = {} if full else {"ImageFeatures": worc_settings.COARSE["ImageFeatures"]}
    settings = worc_settings.merge(
        worc_settings.default_settings(), sets, {"ImageFeatures": {"image_type": image_type}}
    )
    quantitative = image_type == "CT"
    settings["Preprocessing"]["Normalize"] = str(not quantitative)
    settings["PyRadiomics"] |= (
        {"binCount": "None", "binWidth": "25"}
        if quantitative
        else {"binCount": "16", "binWidth": "None"}
    )
    return settings


def tool(path: str) -> str:
    """Return the script of one of WORC's fastr tools."""
    import WORC

    return str(Path(WORC.__file__).parent / "resources" / "fastr_tools" / path)


def feature_commands(
    image: Path, mask: Path, settings: dict[str, dict[str, str]], folder: Path
) -> list[Command]:
    """Return the commands that WORC's network runs for one patient, in order.

    The tools' XML files say how fastr spells the arguments; images between the tools are
    NIfTI files, compressed, as fastr writes WORC's ``ITKImageFile``.
    """
    from WORC.IOparser.file_io import convert_config_pyradiomics

    folder.mkdir(parents=True)
    ini, parameters = folder / "config.ini", folder / "pyradiomics.yaml"
    ini.write_text(worc_settings.to_ini(settings), "utf-8")
    # As WORC's Fingerprinter tool writes it.
    parameters.write_text(yaml.safe_dump(convert_config_pyradiomics(settings)), "utf-8")
    names = ("image.nii.gz", "mask.nii.gz", "preprocessed.nii.gz", "segmentix.nii.gz")
    converted_image, converted_mask, prepared, segmented = (str(folder / name) for name in names)
    raw, table = str(folder / "predict_raw.hdf5"), str(folder / "pyradiomics_raw.csv")
    cast, converter = tool("worc/bin/worccastconvert.py"), tool("worc/bin/FeatureConverter_tool.py")
    return [
        [cast, "-in", str(image), "-out", converted_image],
        [cast, "-in", str(mask), "-out", converted_mask],
        [
            tool("worc/bin/preprocessing_tool.py"),
            *("--im", converted_image, "--para", str(ini), "--out", prepared),
        ],
        [
            tool("segmentix/bin/segmentix_tool.py"),
            *("--im", converted_image, "--segin", converted_mask),
            *("--para", str(ini), "--segout", segmented),
        ],
        [
            tool("predict/bin/CalcFeatures_tool.py"),
            *("--im", prepared, "--seg", segmented, "--para", str(ini), "--out", raw),
        ],
        [
            str(Path(sys.executable).with_name("pyradiomics")),
            *(prepared, segmented, "--param", str(parameters)),
            *("--format", "csv", "--out", table),
        ],
        [
            converter,
            *("--feat_in", raw, "--toolbox", "PREDICT"),
            *("--conf", str(ini), "--feat_out", str(folder / "predict.hdf5")),
        ],
        [
            converter,
            *("--feat_in", table, "--toolbox", "PyRadiomics"),
            *("--conf", str(ini), "--feat_out", str(folder / "pyradiomics.hdf5")),
        ],
    ]


def run_commands(commands: Sequence[Command], folder: Path) -> None:
    """Run commands one after the other in a process of their own."""
    file = folder / "commands.json"
    file.write_text(json.dumps(list(commands)), "utf-8")
    run([sys.executable, str(RUNNER), str(file)], folder)


def run(command: Command, folder: Path) -> None:
    """Run one command as fastr does: as a process, with the home folder of the tests."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    environment = {**os.environ, "HOME": str(home)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def read_tool_features(folder: Path) -> dict[str, float]:
    """Return the features that the converter tool wrote, in the order of WORC's toolboxes."""
    features: dict[str, float] = {}
    for toolbox in ("predict", "pyradiomics"):
        series = pd.read_hdf(folder / f"{toolbox}.hdf5")
        features.update(zip(series["feature_labels"], series["feature_values"], strict=True))
    return {name: float(value) for name, value in features.items()}
