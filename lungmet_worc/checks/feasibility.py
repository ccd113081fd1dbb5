"""Whether there are enough patients and events for the splits that a study asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study.splits import Split
from lungmet_worc.study.tested_splits import allocations, divides
from lungmet_worc.tasks.deadline import FEWEST_SPLITS

#: Below this many of either outcome, an interval of an AUC spans most of what is possible.
FEW_EVENTS = 10

_MOST_TO_ADD = 2000


def feasibility_problems(
    arm: str,
    n_patients: int,
    n_events: int,
    *,
    test_size: float,
    inner_splits: int,
    inner_test_size: float = 0.2,
    outcome: str = "the outcome",
) -> list[Problem]:
    """Say whether an arm has too few patients or events for its splits, and what would do.

    Every outer test part and every inner validation part needs a patient with and one
    without the event, or it has no score; every part that is trained on needs two of each.

    Parameters
    ----------
    arm : str
        Name of the arm.
    n_patients, n_events : int
        Patients of the arm, and those with outcome 1.
    test_size, inner_test_size : float
        Share of the patients in a test part, and of the training part in a validation part.
    inner_splits : int
        Number of inner splits.
    outcome : str
        The name of the outcome, for the message.
    """
    without = n_patients - n_events
    column = f"arms.{arm}"
    if _enough(n_events, without, test_size, inner_test_size):
        return few_events(arm, n_patients, n_events, outcome)
    what = Sentence(
        "Arm {arm} has {patients}, {events} with {outcome} and {without} without: too few for "
        "test parts of {share} and {n} inner validation parts of {inner}.",
        **_sizes(arm, n_patients, n_events, outcome),
        share=_percent(test_size),
        n=inner_splits,
        inner=_percent(inner_test_size),
    )
    remedy = Sentence("Choose a test_size nearer to 0.2.")
    needed = _would_do(n_events, without, test_size, inner_test_size)
    if needed is not None:
        remedy = Sentence(
            "{events} with and {others} without would do; or choose another test_size.",
            events=needed[0],
            others=needed[1],
        )
    return [Problem(what, remedy, column=column)]


def few_events(arm: str, n_patients: int, n_events: int, outcome: str) -> list[Problem]:
    """Warn of an arm of which little can be said; see `feasibility_problems`."""
    if min(n_events, n_patients - n_events) >= FEW_EVENTS:
        return []
    what = Sentence(
        "Arm {arm} has {patients}, {events} with {outcome} and {without} without: expect very "
        "wide intervals, and no reliable comparison of arms.",
        **_sizes(arm, n_patients, n_events, outcome),
    )
    remedy = Sentence("Add patients, or take the result as a first look only.")
    return [Problem(what, remedy, "warning", column=f"arms.{arm}")]


def not_tested(
    arm: str, what: Sentence, remedy: Sentence, n_tested: int, *, enough: bool
) -> Problem:
    """Return that an arm is not tested in some splits: an error where too few are left.

    Parameters
    ----------
    arm : str
    what, remedy : Sentence
        Where and why it is not tested, and what to do.
    n_tested : int
        Splits in which it is tested.
    enough : bool
        They are enough to report it.
    """
    if not enough:
        what = Sentence(
            "{untested} It takes {fewest} tested splits to report an arm, and {n} would be.",
            untested=what,
            fewest=FEWEST_SPLITS,
            n=n_tested,
        )
    return Problem(what, remedy, "warning" if enough else "error", column=f"arms.{arm}")


def without_auc(splits: Iterable[Split], outcomes: Mapping[str, int]) -> list[int]:
    """Return the splits whose test patients all have the same outcome."""
    return [
        split.index
        for split in splits
        if sum(outcomes[patient] for patient in split.test) in (0, len(split.test))
    ]


def _sizes(arm: str, n_patients: int, n_events: int, outcome: str) -> dict[str, object]:
    patients = Sentence.plural(n_patients, "{n} patient", "{n} patients")
    without = n_patients - n_events
    sizes = {"arm": arm, "patients": patients, "events": n_events, "without": without}
    return {**sizes, "outcome": outcome}


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _enough(events: int, others: int, test_size: float, inner_test_size: float) -> bool:
    return divides(events, others, test_size) and all(
        divides(*train, inner_test_size) for train in allocations(events, others, test_size)
    )


def _would_do(
    events: int, others: int, test_size: float, inner_test_size: float
) -> tuple[int, int] | None:
    """Return the fewest patients that are enough, with no fewer of either than at hand."""
    for added in range(_MOST_TO_ADD):
        few = added <= 60  # every mixture of few; of many only the three plain ways
        ways = range(added + 1) if few else (0, added // 2, added)
        for more_events in ways:
            candidate = (events + more_events, others + added - more_events)
            if _enough(*candidate, test_size, inner_test_size):
                return candidate
    return None
