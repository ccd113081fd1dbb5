"""Predict lung metastasis from CT only.

    python experiments/ct_only.py manifest.csv --outcome lung_met --id pat --out runs/ct_only
    python experiments/ct_only.py --study my_study/study.toml --out runs/ct_only

``--help`` lists the options that say which columns of the table hold the images. On a table and
folders of your own, the same from a script: ``Study(manifest=..., outcome=..., ...)``, see README.
"""

from __future__ import annotations

import sys

from lungmet_worc.cli.experiment import Experiment, as_command

ARMS = {"CT": ["CT"]}


def main() -> None:
    """Predict lung metastasis from CT only."""
    run = Experiment(str(main.__doc__), "ct_only", ARMS).run()
    print(run.performance.to_string(index=False))
    print("Report:", run.report())


if __name__ == "__main__":
    sys.exit(as_command(main))
