"""One function for each command: call the library, show what it returns."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lungmet_worc.cli.features import features as features
from lungmet_worc.cli.spoken import spoken
from lungmet_worc.display.language import later

if TYPE_CHECKING:
    from lungmet_worc.basics.errors import LungmetError
    from lungmet_worc.display.language import Language
    from lungmet_worc.pipeline.run import Run


def demo(options: argparse.Namespace) -> int:
    """Make the synthetic cohort and run the comparison on it."""
    from lungmet_worc.cli.demo import claim_demo_folder, make_demo_cohort
    from lungmet_worc.pipeline.study import Study
    from lungmet_worc.tasks.progress import Bars

    folder = Path(options.out)
    claim_demo_folder(folder)
    say = spoken(options)
    print(say("Making a synthetic MRI and CT cohort in {folder}.", folder=folder / "cohort"))
    study = Study.from_toml(make_demo_cohort(folder / "cohort"))
    run = study.run(folder, cores=options.cores, progress=Bars(say))
    _show_results(run, say)
    return 0


def init(options: argparse.Namespace) -> int:
    """Lay out a new study."""
    from lungmet_worc.cli.init import init_study

    say = spoken(options)
    for path in init_study(Path(options.folder), language=say.code):
        print(say("wrote {path}", path=path))
    study = Path(options.folder) / "study.toml"
    print("\n" + say('Next: fill in the manifest, then "lungmet check {study}".', study=study))
    return 0


def check(options: argparse.Namespace) -> int:
    """List everything that is wrong with a study."""
    from lungmet_worc.basics.errors import StudyFileError
    from lungmet_worc.cli.spoken import width
    from lungmet_worc.pipeline.study import Study

    say = spoken(options)
    try:
        study = Study.from_toml(options.study)
    except StudyFileError as error:
        if not options.json:
            raise
        print(json.dumps(_error_as_dict(error, say), indent=2, ensure_ascii=False))
        return 1
    report = study.check(cores=options.cores)
    if options.json:
        print(report.to_json(say))
    elif options.patients:
        print(report.patients_text(width(), say))
    else:
        print(report.to_text(width(), say))
    return 0 if report.ok else 1


def _error_as_dict(error: LungmetError, say: Language) -> dict[str, object]:
    """Return a study file's error as ``check --json`` has it."""
    from lungmet_worc.basics.errors import problems_as_dicts

    problems = problems_as_dicts(error.problems, error.causes, say.of)
    return {"ok": False, "message": say.of(error.message), "problems": problems}


def plan(options: argparse.Namespace) -> int:
    """Say what a run would do."""
    from lungmet_worc.pipeline.study import Study

    say = spoken(options)
    summary = Study.from_toml(options.study).plan(options.out, cores=options.cores)
    print(summary.to_text(say))
    if options.out is None:
        new = say('This is a new run. "--out DIR" says what one that began would still do.')
        print(f"\n{new}")
    return 0


def run(options: argparse.Namespace) -> int:
    """Run a study."""
    if options.detach:
        from lungmet_worc.cli.detach import run_detached

        return run_detached(options)
    from lungmet_worc.basics.errors import TaskFailedError
    from lungmet_worc.pipeline.run import Run
    from lungmet_worc.pipeline.study import Study
    from lungmet_worc.tasks.deadline import DeadlineError
    from lungmet_worc.tasks.progress import Bars
    from lungmet_worc.tasks.run_folder.paths import RunPaths

    try:
        finished = Study.from_toml(options.study).run(
            options.out,
            only=options.only,
            cores=options.cores,
            until=options.until,
            progress=Bars(spoken(options)),
        )
    except DeadlineError:
        # A deadline that is over is refused before there is a run.
        if RunPaths(Path(options.out)).run_json.exists():
            print(f"\n{Run(options.out).digest().to_text(spoken(options))}\n", file=sys.stderr)
        raise
    except TaskFailedError as error:
        # The digest names each cause once; the error would name it for each task.
        print(f"\n{Run(options.out).digest().to_text(spoken(options))}\n", file=sys.stderr)
        raise TaskFailedError(error.message) from error
    if options.only in (None, "report"):
        _show_results(finished, spoken(options))
    elif finished.digest().partial:
        print(finished.digest().to_text(spoken(options)))
    else:
        done = {
            "extraction": later("The extraction is complete in {folder}."),
            "search": later("The search is complete in {folder}."),
        }
        print(spoken(options)(done[options.only], folder=options.out))
    return 0


def status(options: argparse.Namespace) -> int:
    """Say how far a run is."""
    from lungmet_worc.cli.status import status_text, watch
    from lungmet_worc.pipeline.run import Run

    run, folder = Run(options.out), str(Path(options.out).resolve())
    if options.watch:
        watch(run, folder=folder, say=spoken(options))
    else:
        print(status_text(run.digest(), run.paces(), spoken(options), folder))
    return 0


def compare(options: argparse.Namespace) -> int:
    """Print the performance of the arms of one or several runs, and their comparison."""
    if options.out is None and len(options.runs) == 1:
        from lungmet_worc.cli.run_summary import tables_text
        from lungmet_worc.pipeline.run import Run

        print(tables_text(Run(options.runs[0]), spoken(options)))
        return 0
    from lungmet_worc.pipeline.compare import compare_runs
    from lungmet_worc.tasks.run_folder.mark import require_ours, resolved

    if options.out is not None:
        require_ours(resolved(options.out), "comparison")
    joined = compare_runs(options.runs)
    print(joined.to_text(spoken(options)))
    if options.out is not None:
        for folder in joined.write(options.out):
            print(spoken(options)("wrote {path}", path=_relative(folder)))
    return 0


def export_worc(options: argparse.Namespace) -> int:
    """Write an arm as a plain WORC experiment."""
    from lungmet_worc.pipeline.export import export_worc as export
    from lungmet_worc.study.study_file import load_study

    say = spoken(options)

    def note(text: str) -> None:
        print(say.of(text))

    written = export(load_study(options.study), options.arm, Path(options.out), note=note)
    for path in written:
        print(say("wrote {path}", path=path))
    return 0


def _show_results(run: Run, say: Language) -> None:
    from lungmet_worc.cli.run_summary import summary_text

    print(f"\n{run.digest().to_text(say)}\n")
    print(summary_text(run, say))
    print(say("Report: {path}", path=_relative(run.report())))


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
