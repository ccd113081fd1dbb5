"""Run the study in this folder; a second start does only what is missing."""

from pathlib import Path

from lungmet_worc import Study

FOLDER = Path(__file__).parent

if __name__ == "__main__":
    study = Study.from_toml(FOLDER / "study.toml")
    run = study.run(out=FOLDER / "run")
    print(run.performance)
    print(run.comparison)
    print("Report:", run.report())
