"""Predict lung metastasis from MRI only: python experiments/mri_only.py manifest.csv."""

from __future__ import annotations

import argparse
from pathlib import Path

from lungmet_worc import Study


def main() -> None:
    """Run the study with MRI only."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("manifest", type=Path, nargs="?", default=Path("manifest.csv"))
    parser.add_argument("--out", type=Path, default=Path("runs/mri_only"))
    parser.add_argument("--preset", choices=["smoke", "coarse", "full"], default="coarse")
    arguments = parser.parse_args()

    study = Study(
        name="mri_only",
        manifest=arguments.manifest,
        outcome="lung_metastasis",
        modalities={
            "MRI": {
                "image": "mri_image",
                "segmentation": "mri_segmentation",
                "image_type": "MR",
            },
        },
        arms={"MRI": {"modalities": ["MRI"]}},
        search={"preset": arguments.preset},
    )
    run = study.run(out=arguments.out)
    print(run.performance.to_string(index=False))
    print("Report:", run.report())


if __name__ == "__main__":
    main()
