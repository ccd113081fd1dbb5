"""Outer train/test splits, shared by all arms, drawn and written as WORC does."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lungmet_worc.basics.errors import CohortError
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.stamped_files import write_text
from lungmet_worc.basics.words import natural_order
from lungmet_worc.study.cohort import Cohort
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.reading.spreadsheet import is_missing

#: The largest seed that numpy's legacy random state takes.
_LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True)
class Split:
    """One outer division of the patients.

    Parameters
    ----------
    index : int
        Number of the split, from 0.
    train, test : tuple of str
        Patient ids, in the order in which the patients were given; a cohort gives them in the
        natural order of their ids.
    """

    index: int
    train: tuple[str, ...]
    test: tuple[str, ...]


def make_splits(
    patient_ids: Sequence[str],
    outcomes: Sequence[int],
    *,
    n_splits: int,
    test_size: float,
    seed: int,
) -> tuple[Split, ...]:
    """Draw random splits, stratified by outcome, as WORC does with ``fixed_seed``.

    With seed 0 these are the splits that WORC draws itself
    (``WORC.classification.crossval.random_split_cross_validation``: scikit-learn's
    ``train_test_split`` of the sorted ids, split i seeded with i squared).

    Parameters
    ----------
    patient_ids : sequence of str
        All patients of all arms, each once.
    outcomes : sequence of int
        1 or 0 for each patient.
    n_splits : int
        How many.
    test_size : float
        Share of the patients in the test part.
    seed : int
        Added to WORC's own seed of each split.

    Raises
    ------
    CohortError
        An id comes twice, or there are too few patients of either outcome.
    """
    from sklearn.model_selection import train_test_split

    unique_ids, positions = np.unique(np.asarray(patient_ids, dtype=str), return_index=True)
    if len(unique_ids) != len(patient_ids):
        message = Sentence("A patient stands twice in the list that is to be split.")
        raise CohortError(message)
    stratify = [outcomes[position] for position in positions]
    splits = []
    for index in range(n_splits):
        try:
            train, _ = train_test_split(
                unique_ids,
                test_size=test_size,
                random_state=(seed + index**2) % (_LARGEST_SEED + 1),
                stratify=stratify,
            )
        except ValueError as error:
            events = sum(stratify)
            message = Sentence(
                "{n} patients, {events} with the outcome, cannot be split with test_size "
                "{test_size}: {error}",
                n=len(unique_ids),
                events=events,
                test_size=test_size,
                error=str(error),
            )
            raise CohortError(message) from None
        in_train = {str(patient_id) for patient_id in train}
        splits.append(
            Split(
                index,
                tuple(patient_id for patient_id in patient_ids if patient_id in in_train),
                tuple(patient_id for patient_id in patient_ids if patient_id not in in_train),
            )
        )
    return tuple(splits)


def leave_one_centre_out_splits(
    patient_ids: Sequence[str], centres: Sequence[str]
) -> tuple[Split, ...]:
    """Make one split for each centre: its patients are the test part, all others train.

    This is internal-external validation [1]_, and nothing in it is random. Each patient is
    tested once, so the test parts do not overlap. The corrected resampled interval [2]_ is kept
    for a mean over these splits, with the mean sizes of the parts in n_test/n_train. Its
    correction answers for training parts that share patients, which these do (all but two
    centres of any two of them), and for test parts that overlap, which these do not; so it is
    on the wide side. It is about centres like these: with k of them it has k - 1 degrees of
    freedom, and a large centre counts as much as a small one.

    Parameters
    ----------
    patient_ids : sequence of str
        All patients of all arms, each once.
    centres : sequence of str
        The centre of each patient.

    Returns
    -------
    tuple of Split
        In the natural order of the centres: "centre 2" comes before "centre 10".

    Raises
    ------
    CohortError
        A patient stands twice in the list or has no centre, or there are fewer than two centres.

    References
    ----------
    .. [1] Steyerberg EW, Harrell FE. Prediction models need appropriate internal,
       internal-external, and external validation. Journal of Clinical Epidemiology
       2016;69:245-247. doi:10.1016/j.jclinepi.2015.04.005
    .. [2] Nadeau C, Bengio Y. Inference for the generalization error. Machine Learning
       2003;52:239-281. doi:10.1023/A:1024068626366
    """
    centre_of = dict(zip(patient_ids, centres, strict=True))
    if len(centre_of) != len(patient_ids):
        message = Sentence("A patient stands twice in the list that is to be split.")
        raise CohortError(message)
    without = [patient_id for patient_id, centre in centre_of.items() if not centre]
    if without:
        message = Sentence(
            "No centre is known for patient {patient}, so it cannot be left out.",
            patient=without[0],
        )
        raise CohortError(message)
    found = sorted(set(centres), key=natural_order)
    if len(found) < 2:
        message = Sentence("Leaving one centre out takes patients of at least two centres.")
        raise CohortError(message)
    return tuple(
        Split(
            index,
            tuple(patient_id for patient_id in patient_ids if centre_of[patient_id] != centre),
            tuple(patient_id for patient_id in patient_ids if centre_of[patient_id] == centre),
        )
        for index, centre in enumerate(found)
    )


def centres_of(study: StudyConfig, cohort: Cohort) -> dict[str, str]:
    """Return patient id -> centre, "" where it is not known, of the patients of all arms."""
    column = study.cohort.centre or ""
    wanted = set(cohort.everyone)
    texts = {
        patient.patient_id: patient.clinical.get(column, "").strip()
        for patient in reversed(cohort.patients)
        if patient.patient_id in wanted
    }
    return {name: "" if is_missing(texts[name]) else texts[name] for name in cohort.everyone}


def study_splits(
    study: StudyConfig, cohort: Cohort, outcomes: Mapping[str, int] | None = None
) -> tuple[Split, ...]:
    """Return the splits that all arms of a study share, over the patients of all arms.

    Parameters
    ----------
    study : StudyConfig
        Says what kind of splits, and how many.
    cohort : Cohort
        The patients.
    outcomes : mapping of str to int, optional
        Patient -> outcome to stratify by, where it is not the cohort's own.

    Raises
    ------
    CohortError
        The patients cannot be split so.
    """
    everyone = cohort.everyone
    if study.search.split_type == "leave-one-centre-out":
        return leave_one_centre_out_splits(everyone, list(centres_of(study, cohort).values()))
    return make_splits(
        everyone,
        cohort.outcomes_of(everyone) if outcomes is None else [outcomes[p] for p in everyone],
        n_splits=study.search.splits,
        test_size=study.search.test_size,
        seed=study.search.seed,
    )


def with_counted_splits(study: StudyConfig, cohort: Cohort) -> StudyConfig:
    """Return a study whose ``search.splits`` is how many splits its cohort gives.

    Only the manifest says how many centres there are. A study whose splits are random, or
    cannot be made, stays as it is.
    """
    if study.search.split_type == "random":
        return study
    number = len(set(centres_of(study, cohort).values()) - {""})
    search = study.search.model_copy(update={"splits": max(1, number)})
    return study.model_copy(update={"search": search})


def restrict(split: Split, patient_ids: Collection[str]) -> Split:
    """Return the part of a split that consists of the given patients, for an arm of fewer."""
    kept = frozenset(patient_ids)
    return Split(
        split.index,
        tuple(patient_id for patient_id in split.train if patient_id in kept),
        tuple(patient_id for patient_id in split.test if patient_id in kept),
    )


def write_splits(path: Path, splits: Sequence[Split], names: Mapping[str, str]) -> None:
    """Write splits in WORC's fixed-splits format, atomically.

    The columns are "0_train", "0_test", "1_train", ...; shorter ones end in empty cells.

    Parameters
    ----------
    path : Path
        The CSV to write.
    splits : sequence of Split
        Numbered 0, 1, 2, ...
    names : mapping of str to str
        Patient id -> id to write.

    Raises
    ------
    ValueError
        The splits are not numbered in order, or WORC would read an id as something else:
        it lets pandas guess, so that "001" becomes 1 and "NA" nothing.
    KeyError
        A patient has no name.
    """
    if [split.index for split in splits] != list(range(len(splits))):
        message = "splits must be numbered 0, 1, 2, ..."
        raise ValueError(message)
    columns: dict[str, list[str]] = {}
    for split in splits:
        columns[f"{split.index}_train"] = [names[patient_id] for patient_id in split.train]
        columns[f"{split.index}_test"] = [names[patient_id] for patient_id in split.test]
    series = {column: pd.Series(ids, dtype=object) for column, ids in columns.items()}
    text = pd.DataFrame(series).to_csv(index=False, lineterminator="\n")
    _refuse_changed_ids(text, columns)
    write_text(path, text)


def _refuse_changed_ids(text: str, columns: Mapping[str, list[str]]) -> None:
    as_worc_reads = pd.read_csv(io.StringIO(text), header=0)
    for column, ids in columns.items():
        if as_worc_reads[column].dropna().tolist() != ids:
            message = f"WORC would not read the ids of column {column} as written"
            raise ValueError(message)
