"""Repeat a study with permuted outcomes: no arm may then do better than chance.

python experiments/permutation_check.py study.toml --run runs/compare --out runs/permuted
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import numpy as np

from lungmet_worc import Study
from lungmet_worc.spreadsheet import read_table


def main() -> None:
    """Permute the outcomes over the patients and run the same study again."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("study", type=Path)
    parser.add_argument("--run", type=Path, help="the study's own run: its features are used again")
    parser.add_argument("--out", type=Path, default=Path("runs/permuted"))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    study = Study.from_toml(arguments.study)
    manifest, outcome = study.config.cohort.manifest, study.config.outcome
    table = read_table(manifest)
    known = table[outcome] != ""
    table.loc[known, outcome] = np.random.default_rng(arguments.seed).permutation(
        table.loc[known, outcome]
    )
    for modality in study.config.modalities.values():
        for column in (modality.image, modality.segmentation):
            table[column] = [str(manifest.parent / cell) if cell else "" for cell in table[column]]
    arguments.out.mkdir(parents=True, exist_ok=True)
    permuted = arguments.out / "manifest_permuted.csv"
    table.to_csv(permuted, index=False)
    if arguments.run:
        shutil.copytree(arguments.run / "features", arguments.out / "features", dirs_exist_ok=True)

    run = study.with_manifest(permuted).run(out=arguments.out)
    print(run.performance.query("metric == 'auc'").to_string(index=False))
    print("An interval that leaves out 0.5 here means that something leaks.")


if __name__ == "__main__":
    main()
