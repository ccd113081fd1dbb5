"""Predict lung metastasis from MRI only.

    python experiments/mri_only.py manifest.csv --outcome lung_met --id pat --out runs/mri_only
    python experiments/mri_only.py --study my_study/study.toml --out runs/mri_only

``--help`` lists the options that say which columns of the table hold the images. On a table and
folders of your own, the same from a script: ``Study(manifest=..., outcome=..., ...)``, see README.
"""

from __future__ import annotations

import sys

from lungmet_worc.cli.experiment import Experiment, as_command

ARMS = {"MRI": ["MRI"]}


def main() -> None:
    """Predict lung metastasis from MRI only."""
    run = Experiment(str(main.__doc__), "mri_only", ARMS).run()
    print(run.performance.to_string(index=False))
    print("Report:", run.report())


if __name__ == "__main__":
    sys.exit(as_command(main))
