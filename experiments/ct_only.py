"""Predict lung metastasis from CT only: python experiments/ct_only.py manifest.csv."""

from __future__ import annotations

import argparse
from pathlib import Path

from lungmet_worc import Study


def main() -> None:
    """Run the study with CT only."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("manifest", type=Path, nargs="?", default=Path("manifest.csv"))
    parser.add_argument("--out", type=Path, default=Path("runs/ct_only"))
    parser.add_argument("--preset", choices=["smoke", "coarse", "full"], default="coarse")
    arguments = parser.parse_args()

    study = Study(
        name="ct_only",
        manifest=arguments.manifest,
        outcome="lung_metastasis",
        modalities={
            "CT": {
                "image": "ct_image",
                "segmentation": "ct_segmentation",
                "image_type": "CT",
            },
        },
        arms={"CT": {"modalities": ["CT"]}},
        search={"preset": arguments.preset},
    )
    run = study.run(out=arguments.out)
    print(run.performance.to_string(index=False))
    print("Report:", run.report())


if __name__ == "__main__":
    main()
