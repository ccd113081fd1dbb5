"""Whether there are enough patients and events for the splits that a study asks for."""

from __future__ import annotations

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.study.tested_splits import allocations, divides

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
    have = {"arm": arm, "patients": _count(n_patients), "events": n_events, "without": without}
    have |= {"outcome": outcome}
    if not _enough(n_events, without, test_size, inner_test_size):
        what = Sentence(
            "Arm {arm} has {patients}, {events} with {outcome} and {without} without: too few for "
            "test parts of {share} and {n} inner validation parts of {inner}.",
            **have,
            share=_percent(test_size),
            n=inner_splits,
            inner=_percent(inner_test_size),
        )
        needed = _would_do(n_events, without, test_size, inner_test_size)
        if needed is None:
            remedy = Sentence("Choose a test_size nearer to 0.2.")
            return [Problem(what, remedy, column=column)]
        remedy = Sentence(
            "{events} with and {others} without would do; or choose another test_size.",
            events=needed[0],
            others=needed[1],
        )
        return [Problem(what, remedy, column=column)]
    if min(n_events, without) < FEW_EVENTS:
        what = Sentence(
            "Arm {arm} has {patients}, {events} with {outcome} and {without} without: expect very "
            "wide intervals, and no reliable comparison of arms.",
            **have,
        )
        remedy = Sentence("Add patients, or take the result as a first look only.")
        return [Problem(what, remedy, "warning", column=column)]
    return []


def _count(n_patients: int) -> Sentence:
    return Sentence.plural(n_patients, "{n} patient", "{n} patients")


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
