"""Until when a run may take: what is started in time, and what is evaluated then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from lungmet_worc.basics.errors import ResultsError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study.clock import parse_deadline
from lungmet_worc.tasks.task import Task

#: Fewer splits than these have no interval and no test.
FEWEST_SPLITS = 2


class DeadlineError(ResultsError):
    """The deadline came before there was anything to report."""


def next_moment(text: str, now: datetime | None = None) -> datetime:
    """Return the moment in UTC that a deadline names; a time of day is the next one.

    Parameters
    ----------
    text : str
        ``"07:00"`` or ``"2026-11-24 07:00"``, by the clock of this machine.
    now : datetime, optional
        The present; must know its time zone.

    Raises
    ------
    DeadlineError
        The moment is over.
    """
    now = now or datetime.now(UTC)
    parsed = parse_deadline(text)
    if isinstance(parsed, datetime):
        moment = parsed.astimezone(UTC)
        if moment <= now:
            message = Sentence(
                "The deadline {time} is over. Give another one with --until or in [run] "
                "deadline, or leave it out.",
                time=text,
            )
            raise DeadlineError(message)
        return moment
    # The local clock, which summer time may have turned since yesterday.
    today = now.astimezone().date()
    days = (datetime.combine(today + timedelta(days=day), parsed) for day in range(3))
    return next(moment for moment in (day.astimezone(UTC) for day in days) if moment > now)


def seconds_left(deadline: datetime) -> float:
    """Return the seconds until a moment, negative when it is over."""
    return (deadline - datetime.now(UTC)).total_seconds()


def next_batch(waiting: int, seconds: float, each: float, cores: int) -> int:
    """Return how many tasks to start now, so that all of them end in time.

    Half of what fits, so that the times that are measured meanwhile correct the guess; at
    least one for each core as long as one more fits.

    Parameters
    ----------
    waiting : int
        Tasks that have not been started.
    seconds : float
        Wall time until they must have ended.
    each : float
        Seconds that one task takes.
    cores : int
        Tasks that run at the same time.
    """
    if each <= 0:
        return waiting if seconds > 0 else 0
    rounds = int(seconds / each) if seconds > 0 else 0
    # Whole rounds, so that no core waits for the others without need.
    return min(waiting, cores * max(1, rounds // 2)) if rounds else 0


def common_splits(
    searches: Sequence[Task], missing: Sequence[Task]
) -> tuple[list[Task], dict[str, int] | None]:
    """Return the searches of the splits that are done in every arm.

    Parameters
    ----------
    searches : sequence of Task
        All searches of a study.
    missing : sequence of Task
        Those of them that are not done.

    Returns
    -------
    tuple of (list of Task, dict or None)
        The searches, and how many ``splits`` they are ``of`` how many; None if all are done.

    Raises
    ------
    DeadlineError
        Fewer than two splits are done in every arm, or fewer than two of these are tested in one.
    """
    without = {task.key.split for task in missing}
    common = [task for task in searches if task.key.split not in without]
    splits = len({task.key.split for task in common})
    of = len({task.key.split for task in searches})
    if splits == of:
        return common, None
    if splits < FEWEST_SPLITS:
        raise too_early(
            Sentence(
                "{splits} of {of} splits are done in every arm, and it takes {fewest}",
                splits=splits,
                of=of,
                fewest=FEWEST_SPLITS,
            )
        )
    tested = Counter(task.key.arm for task in common)
    for arm in dict.fromkeys(task.key.arm for task in searches):
        if tested[arm] < FEWEST_SPLITS:
            raise too_early(
                Sentence(
                    "{arm} is tested in {n} of the {splits} splits that are done, and it takes "
                    "{fewest}",
                    arm=arm,
                    n=tested[arm],
                    splits=splits,
                    fewest=FEWEST_SPLITS,
                )
            )
    return common, {"splits": splits, "of": of}


def too_early(why: str) -> DeadlineError:
    """Return the error that says why there is nothing to report yet, and what to do."""
    return DeadlineError(
        Sentence(
            "The deadline came too early for a report: {why}. What is finished is kept; the same "
            "command goes on from there. Give it more time with --until or in [run] deadline, or "
            "leave the deadline out.",
            why=why,
        )
    )


def reserve(seconds: Mapping[str, float], *, arms: int, splits: int, cores: int) -> float:
    """Return the wall time that evaluation, tables, figures and report need, in seconds.

    Parameters
    ----------
    seconds : mapping
        Seconds of a task of the stage ``evaluation``, and of the ``report`` if it is known.
    arms, splits, cores : int
        Of the study, and tasks that run at the same time.
    """
    report = seconds.get("report", 10 + 0.1 * arms * splits)
    return seconds["evaluation"] * -(-arms // cores) + report
