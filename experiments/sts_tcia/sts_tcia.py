"""Images, clinical data and volume on the public soft-tissue-sarcoma cohort (Vallières 2015).

    python experiments/sts_tcia/sts_tcia.py path/to/data --out runs/sts

README.md beside this file says where the data come from and how the folder has to look.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import pandas as pd

from lungmet_worc import Run, Study
from lungmet_worc.basics.errors import LungmetError
from lungmet_worc.study.worc_settings import PRESETS
from lungmet_worc.tasks.run_folder.mark import claim

#: Where the images are in the folder: our own layout, the IBSI release today, and before.
IMAGE_FOLDERS = ("nifti", "ibsi_validation/nifti", "ibsi_1_validation/nifti", ".")
CLINICAL_FILES = ("clinical.csv", "INFOclinical_STS.xlsx")
#: Known before treatment. Every other column of the clinical table is about treatment or what
#: came after it, and would give the outcome away.
BASELINE = {
    "Age": "age",
    "Sex": "sex",
    "MSKCC type": "mskcc_type",
    "Site of primary STS": "site",
    "Grade": "grade",
}
PATIENT_ID = r"STS_\d{3}"
#: Where a tumour is, in four regions; the table has 17 places.
REGIONS = {
    "thigh": "thigh|quadricep|adduct",
    "buttock, pelvis or groin": "buttock|pelvis|groin",
    "knee or lower leg": "knee|poplit|calf",
}
#: From the DICOM headers of the MRI; not in the clinical table of the collection.
SCANNER = ("mr_vendor", "mr_model")
#: Between these lines of README.md stands what was measured.
MEASURED = ("<!-- measured: begin -->", "<!-- measured: end -->")
IMAGES = {
    "mri_image": "MR_T1_image.nii.gz",
    "mri_segmentation": "MR_T1_mask.nii.gz",
    "ct_image": "CT_image.nii.gz",
    "ct_segmentation": "CT_mask.nii.gz",
}


def find_images(data: Path) -> Path:
    """Return the folder that holds one folder per patient (``STS_001``, ...)."""
    for name in IMAGE_FOLDERS:
        if any((data / name).glob("STS_*/*_image.nii.gz")):
            return data / name
    looked = ", ".join(f"{name}/STS_001" for name in IMAGE_FOLDERS)
    message = f'There are no images in "{data}". Looked for {looked}; see README.md.'
    raise LungmetError(message)


def read_clinical(data: Path) -> pd.DataFrame:
    """Return outcome and baseline columns, one row per patient, all as text."""
    for name in CLINICAL_FILES:
        if (data / name).is_file():
            break
    else:
        message = f'There is no {" or ".join(CLINICAL_FILES)} in "{data}"; see README.md.'
        raise LungmetError(message)
    read = pd.read_csv if name.endswith("csv") else pd.read_excel
    try:
        table = read(data / name, dtype=str)
        table = table.rename(columns={"Patient ID": "patient_id", **BASELINE})
        # Below the patients the original table has notes.
        table = table[table["patient_id"].fillna("").str.fullmatch(PATIENT_ID)]
        if "lung_met" in table:
            outcome = table["lung_met"]
        else:
            event = table["Outcome (recurrence, mets)"].fillna("")
            outcome = event.str.contains("lung", case=False).astype(int).astype(str)
        table = table.assign(lung_metastasis=outcome, region="arm or trunk")
        for region, places in REGIONS.items():
            there = table["site"].fillna("").str.contains(places, case=False)
            table.loc[there, "region"] = region
        known = [column for column in SCANNER if column in table]
        columns = ["patient_id", "lung_metastasis", *BASELINE.values(), "region", *known]
        return table[columns].fillna("")
    except KeyError as error:
        message = f"{name} has no column {error}. Is it the table of the TCIA collection?"
        raise LungmetError(message) from error


def prepare(
    data: Path, folder: Path, preset: str, *, all_features: bool = False, permutations: int = 0
) -> Path:
    """Write manifest and study file into the folder and return the study file."""
    images = find_images(data).resolve()
    manifest = read_clinical(data)
    for column, name in IMAGES.items():
        paths = [images / patient / name for patient in manifest["patient_id"]]
        # A missing scan is an empty cell: the patient enters the arms that do not need it.
        manifest[column] = [str(path) if path.is_file() else "" for path in paths]
    folder.mkdir(parents=True, exist_ok=True)
    manifest.to_csv(folder / "manifest.csv", index=False, lineterminator="\n")
    text = Path(__file__).with_name("study.toml").read_text(encoding="utf-8")
    if "mr_vendor" not in manifest:
        text = text.replace(', "mr_vendor"]', "]").replace('["mr_vendor", "mr_model"]', "[]")
    study = folder / "study.toml"
    search = f'"{preset}"'
    if all_features:
        # What the preset searches, over the features of WORC's default.
        settings = [f"{name} = {_toml(value)}" for name, value in PRESETS[preset][0].items()]
        search = "\n".join(['"full"', *settings])
    text = text.replace('"smoke"', search)
    text = text.replace("permutations = 0", f"permutations = {permutations}")
    study.write_text(text, encoding="utf-8")
    return study


def write_measured(readme: Path, run: Run) -> None:
    """Put the table of a run between the marks in a README."""
    before, _, rest = readme.read_text(encoding="utf-8").partition(MEASURED[0])
    _, _, after = rest.partition(MEASURED[1])
    table = run.table_text("paper").strip()
    text = f"{before}{MEASURED[0]}\n{table}\n{MEASURED[1]}{after}"
    readme.write_text(text, encoding="utf-8")


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)


def main() -> int:
    """Build the study of the public cohort, run it, and show tables and report."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("data", type=Path, help="folder with the images and the clinical table")
    parser.add_argument("--out", type=Path, default=Path("runs/sts"))
    parser.add_argument("--preset", choices=["smoke", "coarse", "full"], default="smoke")
    parser.add_argument(
        "--all-features", action="store_true", help="WORC's full feature set with any preset"
    )
    parser.add_argument(
        "--permutations",
        type=int,
        default=0,
        metavar="N",
        help="search again with permuted outcomes, N times for each arm and split",
    )
    parser.add_argument(
        "--readme", action="store_true", help="write the key table into README.md beside this file"
    )
    arguments = parser.parse_args()
    try:
        claim(arguments.out.resolve(), "run")  # before the cohort lies in it
        study = prepare(
            arguments.data,
            arguments.out / "cohort",
            arguments.preset,
            all_features=arguments.all_features,
            permutations=arguments.permutations,
        )
        run = Study.from_toml(study).run(out=arguments.out)
        print(run.performance.to_string(index=False))
        print(run.comparison.to_string(index=False))
        print("Report:", run.report())
        if arguments.readme:
            write_measured(Path(__file__).with_name("README.md"), run)
    except LungmetError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
