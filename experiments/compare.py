"""Compare MRI, CT and both on the same patients and splits.

    python experiments/compare.py manifest.csv --outcome lung_met --id pat --out runs/compare
    python experiments/compare.py --study my_study/study.toml --out runs/compare

``--help`` lists the options that say which columns of the table hold the images. On a table and
folders of your own, the same from a script: ``Study(manifest=..., outcome=..., ...)``, see README.
"""

from __future__ import annotations

import sys

from lungmet_worc.cli.experiment import Experiment, as_command

ARMS = {"MRI": ["MRI"], "CT": ["CT"], "combined": ["MRI", "CT"]}


def main() -> None:
    """Compare MRI, CT and both on the same patients and splits."""
    run = Experiment(str(main.__doc__), "compare", ARMS).run()
    print(run.performance.to_string(index=False))
    print(run.comparison.to_string(index=False))
    print("Report:", run.report())


if __name__ == "__main__":
    sys.exit(as_command(main))
