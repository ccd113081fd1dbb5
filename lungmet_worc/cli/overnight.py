"""Several studies one after the other, and one digest of all of them in the morning."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from lungmet_worc.basics.errors import (
    LungmetError,
    Problem,
    RunFolderError,
    StorageError,
    StudyFileError,
    TaskFailedError,
)
from lungmet_worc.basics.file_names import shortened
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.stamped_files import write_text
from lungmet_worc.basics.words import cut_short
from lungmet_worc.cli.night_digest import COUNTED, Ending, NightDigest, StudyNight
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.pipeline.run import Run
from lungmet_worc.pipeline.study import Study
from lungmet_worc.tasks.deadline import DeadlineError, next_moment, seconds_left
from lungmet_worc.tasks.progress import Bars, Progress, Quiet
from lungmet_worc.tasks.run_folder.lock import locked
from lungmet_worc.tasks.run_folder.mark import resolved
from lungmet_worc.tasks.run_folder.paths import RunPaths

_MOST_PROBLEMS = 20
#: How a study ends by an error of its run; the first kind that fits.
_ENDINGS: dict[type[Exception], Ending] = {
    DeadlineError: "too late",
    TaskFailedError: "failed",
    LungmetError: "unusable",
    Exception: "failed",
}
#: What a script says when a night was stopped.
STOPPED = Sentence("Stopped. What is finished is kept; the same command goes on from there.")
_OTHERS_START = Sentence("The others start now. What you mend meanwhile is tried again after them.")


class Night:
    """Several studies, each run into a folder of its own.

    All studies are checked before the first one runs, so that what is wrong with the third is
    told in the evening. Those that are sound run nevertheless: a night is not lost to a typo. What
    is wrong can be mended meanwhile, since such a study is tried again when the others are done.

    Parameters
    ----------
    files : sequence of path-like
        Study files.
    out : path-like
        The folder of all runs: each lies in ``<out>/<name of the study>``, the digest in
        ``<out>/digest.txt``.
    until : str, optional
        When all of them must be done, for example ``"07:00"``; by default each study's own
        ``[run] deadline``, counted from the start of the night.
    cores : int, optional
        Tasks that run at the same time; by default as each study file says.
    progress : Progress, optional
        Who listens; by default bars or plain lines.
    say : Language
        The language of the digest.

    Examples
    --------
    >>> from lungmet_worc.cli.overnight import Night
    >>> night = Night(["mri.toml", "ct.toml"], "runs/overnight", until="07:00")
    >>> print(night.run().to_text())  # doctest: +SKIP
    """

    def __init__(
        self,
        files: Sequence[Path | str],
        out: Path | str,
        *,
        until: str | None = None,
        cores: int | None = None,
        progress: Progress | None = None,
        say: Language = ENGLISH,
    ) -> None:
        self._out = Path(out)
        self._say = say
        self._until = until
        self._cores = cores
        self._progress = progress or Bars(say)
        self._began = datetime.now(UTC)
        self._studies = {number: StudyNight(str(file)) for number, file in enumerate(files)}

    @property
    def _digest_file(self) -> Path:
        return self._out / "digest.txt"

    def digest(self) -> NightDigest:
        """Return what is known of the night so far."""
        return NightDigest(tuple(self._studies.values()), self._began, datetime.now(UTC))

    def run(self) -> NightDigest:
        """Check all studies, run them one after the other, and return the digest.

        It is also written to ``digest.txt``, and again after each study.

        Raises
        ------
        StudyFileError
            Two studies have the same name.
        DeadlineError
            The deadline is over.
        RunFolderError
            Another process works in the folder, or it cannot be written to.
        KeyboardInterrupt
            The night was stopped; the digest is written.
        """
        if self._until:
            try:
                next_moment(self._until, self._began)
            except ValueError as error:
                raise DeadlineError(str(error)) from error
        self._refuse_namesakes()
        with locked(RunPaths(resolved(self._out)), "night"):
            try:
                self._run()
            except KeyboardInterrupt:
                self._end_waiting(Sentence("The night was stopped before its turn."), 0)
                raise
            finally:
                self._write()
        return self.digest()

    def _run(self) -> None:
        unsound = self._check()
        sound = [number for number in self._studies if number not in unsound]
        self._tell_unsound(unsound, sound)
        for number in sound + (unsound if sound else []):
            study = self._studies[number]
            self._write()
            self._progress.note(
                Sentence(
                    "\nStudy {number} of {of}: {name}",
                    number=number + 1,
                    of=len(self._studies),
                    name=study.name or study.file,
                )
            )
            try:
                self._studies[number] = self._run_one(number)
            except StorageError as error:
                self._studies[number] = self._ended_by(number, "failed", error)
                self._end_waiting(
                    Sentence("Nothing more can be written to the disk, see above."), 3
                )
                return

    def _refuse_namesakes(self) -> None:
        """Refuse studies that would run into the same folder."""
        places: dict[str, list[int]] = {}
        for number, night in self._studies.items():
            try:
                name = Study.from_toml(night.file).config.name
            except StudyFileError:
                continue
            folder = self._out / _folder_name(name)
            self._studies[number] = StudyNight(night.file, name=name, folder=folder)
            places.setdefault(str(folder).casefold(), []).append(number)
        problems = []
        for numbers in places.values():
            files = [self._studies[number].file for number in numbers]
            if len({Path(file).resolve() for file in files}) < len(files):
                what = Sentence("{file} was given {n} times.", file=files[0], n=len(files))
                problems.append(Problem(what, Sentence("Give each study once.")))
            elif len(files) > 1:
                name = self._studies[numbers[0]].name
                what = Sentence(
                    'Studies of one name, "{name}", would share a folder: {files}.',
                    name=name,
                    files=", ".join(files),
                )
                remedy = Sentence("Give each another name under [study].")
                problems.append(Problem(what, remedy))
        if problems:
            message = Sentence("The studies cannot be told apart. Nothing was started.")
            raise StudyFileError(message, problems)

    def _check(self) -> list[int]:
        """Check all studies and return those that cannot be run as they are."""
        unsound = []
        for number, night in self._studies.items():
            self._progress.note(Sentence("Checking {file}", file=night.file))
            try:
                self._look_at(number)
            # A defect of ours is no reason to lose the other studies.
            except Exception as error:
                self._studies[number] = self._ended_by(number, "unusable", error)
                unsound.append(number)
        return unsound

    def _look_at(self, number: int) -> None:
        from lungmet_worc.pipeline.pipeline import Pipeline, available_cores

        study, folder, _ = self._read(number)
        cores = self._cores or study.config.run.cores or available_cores()
        Pipeline(study.config, RunPaths(folder.resolve()), Quiet(), cores).check()

    def _tell_unsound(self, unsound: Sequence[int], sound: Sequence[int]) -> None:
        if not unsound:
            return
        counts = Sentence.plural(len(unsound), *COUNTED["unusable"])
        text = Sentence("Of {of} studies {counts}:", of=len(self._studies), counts=counts)
        lines = [f"\n{self._say.of(text)}"]
        lines += [self._studies[number].to_text(self._say) for number in unsound]
        if sound:
            lines.append(self._say.of(_OTHERS_START))
        self._progress.note("\n".join(lines) + "\n")

    def _read(self, number: int) -> tuple[Study, Path, datetime | None]:
        """Return a study as its file is now, its folder, and when it must be done."""
        night = self._studies[number]
        study = Study.from_toml(night.file)
        folder = self._out / _folder_name(study.config.name)
        for other, taken in self._studies.items():
            if other != number and str(taken.folder).casefold() == str(folder).casefold():
                message = Sentence(
                    'Another study of this night is named "{name}" as well.', name=study.config.name
                )
                raise StudyFileError(message)
        self._studies[number] = StudyNight(night.file, name=study.config.name, folder=folder)
        deadline = self._until or study.config.run.deadline
        # The morning after the night began, however late it is a study's turn.
        return study, folder, next_moment(deadline, self._began) if deadline else None

    def _run_one(self, number: int) -> StudyNight:
        """Run a study, and return how that ended.

        Raises
        ------
        StorageError
            Nothing can be written any more, by any study.
        KeyboardInterrupt
            The night was stopped.
        """
        try:
            study, folder, deadline = self._read(number)
            if deadline and seconds_left(deadline) <= 0:
                why = Sentence(
                    "The deadline had come before its turn. Run it again with more time."
                )
                return self._ended(number, "not started", (why,), exit_code=1)
            until = deadline.isoformat() if deadline else None
            run = study.run(folder, cores=self._cores, until=until, progress=self._progress)
        except StorageError:
            raise
        except KeyboardInterrupt:
            self._studies[number] = self._ended(number, "stopped")
            raise
        # A defect of ours is no reason to lose the other studies.
        except Exception as error:
            ending = next(ending for kind, ending in _ENDINGS.items() if isinstance(error, kind))
            return self._ended_by(number, ending, error)
        return self._ended(number, "partial" if run.digest().partial else "complete")

    def _ended(
        self, number: int, ending: Ending, said: Sequence[str] = (), *, exit_code: int = 0
    ) -> StudyNight:
        """Return a study with how it ended and what its run folder says of it."""
        night, digest = self._studies[number], None
        if night.folder and ending not in ("unusable", "not started"):
            with suppress(RunFolderError):  # it did not come so far
                digest = Run(night.folder).digest()
        return replace(night, ending=ending, said=tuple(said), digest=digest, exit_code=exit_code)

    def _ended_by(self, number: int, ending: Ending, error: Exception) -> StudyNight:
        """Return a study that an error ended, of the user's making or of ours."""
        night = self._studies[number]
        if isinstance(error, TaskFailedError):
            # The digest names each cause once; the error would name it for each task.
            return self._ended(number, ending, exit_code=error.exit_code)
        if isinstance(error, LungmetError):
            return self._ended(number, ending, _shown(error, night.file), exit_code=error.exit_code)
        command = f'lungmet check "{night.file}" --debug'
        if night.folder:
            command = f'lungmet run "{night.file}" --out "{night.folder}" --debug'
        why = Sentence(
            "lungmet met an error that it did not expect: {error}\n"
            "This is a defect of lungmet_worc. Please report it with the output of\n  {command}",
            error=f"{type(error).__name__}: {error}",
            command=command,
        )
        return self._ended(number, ending, (why,), exit_code=3)

    def _end_waiting(self, why: str, exit_code: int) -> None:
        for number, night in self._studies.items():
            if night.ending == "waiting":
                ended = self._ended(number, "not started", (why,), exit_code=exit_code)
                self._studies[number] = ended

    def _write(self) -> None:
        try:
            write_text(self._digest_file, self.digest().to_text(self._say))
        except OSError as error:
            self._progress.note(
                Sentence(
                    "{file} could not be written: {error}.",
                    file=self._digest_file,
                    error=error.strerror,
                )
            )


def _folder_name(name: str) -> str:
    """Return a study's name as the name of a folder that needs no quotes in a shell."""
    return shortened(re.sub(r"[^\w.-]+", "_", name).strip("._") or "study")


def _shown(error: LungmetError, file: str) -> list[str]:
    """Return an error and its problems, a line each, unless they are very many."""

    def more(n: int) -> str:
        return Sentence('  {n} more are listed by "lungmet check {file}".', n=n, file=file)

    problems = [f"  {problem}" for problem in error.problems]
    return [error.message, *cut_short(problems, _MOST_PROBLEMS, more)]
