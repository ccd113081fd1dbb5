"""Compare MRI, CT and both on the same patients and splits.

python experiments/compare.py manifest.csv --out runs/compare
"""

from __future__ import annotations

import argparse
from pathlib import Path

from lungmet_worc import Study


def main() -> None:
    """Run MRI, CT and both on the same patients and splits, and compare them."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("manifest", type=Path, nargs="?", default=Path("manifest.csv"))
    parser.add_argument("--out", type=Path, default=Path("runs/compare"))
    parser.add_argument("--preset", choices=["smoke", "coarse", "full"], default="coarse")
    arguments = parser.parse_args()

    study = Study(
        name="compare",
        manifest=arguments.manifest,
        outcome="lung_metastasis",
        modalities={
            "MRI": {
                "image": "mri_image",
                "segmentation": "mri_segmentation",
                "image_type": "MR",
            },
            "CT": {
                "image": "ct_image",
                "segmentation": "ct_segmentation",
                "image_type": "CT",
            },
        },
        arms={
            "MRI": {"modalities": ["MRI"]},
            "CT": {"modalities": ["CT"]},
            "combined": {"modalities": ["MRI", "CT"]},
        },
        search={"preset": arguments.preset},
    )
    run = study.run(out=arguments.out)
    print(run.performance.to_string(index=False))
    print(run.comparison.to_string(index=False))
    print("Report:", run.report())


if __name__ == "__main__":
    main()
