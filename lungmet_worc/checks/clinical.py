"""What can be wrong with the clinical columns that arms name, above all: that they leak."""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence

from lungmet_worc.basics.errors import Problem, Severity
from lungmet_worc.basics.sentences import Sentence, joined
from lungmet_worc.checks.missing_values import arms_text, missing_values
from lungmet_worc.checks.outcome_names import what_name_says
from lungmet_worc.checks.outcome_values import FEWEST, what_values_say
from lungmet_worc.checks.spellings import spelling_problems
from lungmet_worc.study.clinical import (
    NOTHING_SAID,
    YES_NO,
    cell_problems,
    column_numbers,
    column_texts,
    numbers_or_none,
)
from lungmet_worc.study.config import ClinicalConfig, StudyConfig, table_name
from lungmet_worc.study.feature_groups import OTHER, feature_group
from lungmet_worc.study.manifest import Manifest, Patient
from lungmet_worc.study.reading.spreadsheet import is_missing
from lungmet_worc.study.table_cells import made_by_excel
from lungmet_worc.study.tested_splits import VARIANCE

_FREE_TEXT = 0.75  # share of the patients whose value nobody else has
_NUMBERS = 0.75  # share of numbers from which on other cells are slips of the pen
_MOST_CODES = 5  # so few different numbers may be codes of categories
#: A number with its unit, as people write it.
_MEASURE = re.compile(
    r"[-+]?\d+(?:[.,]\d+)? ?(?:%|[mc]?m[23²³]?|ml|cc|l|k?g|mg|gy|jr|jaar|yrs?|years?|days?|"
    r"dagen|mnd|maanden|months?|hu|u/l|mmol/l|g/l|mg/l|mg/dl)\.?",
    re.IGNORECASE,
)
#: Names that PyRadiomics itself gives; those of WORC are known to `feature_group`.
_PYRADIOMICS = re.compile(
    r"(original|wavelet|log|exponential|gradient|square|squareroot|logarithm|lbp)\S*_"
    r"(shape|shape2d|firstorder|glcm|glrlm|glszm|gldm|ngtdm)_",
    re.IGNORECASE,
)


def clinical_problems(study: StudyConfig, manifest: Manifest) -> list[Problem]:
    """Look at every column of the manifest that an arm names as clinical.

    Parameters
    ----------
    study : StudyConfig
        The study.
    manifest : Manifest
        Its patients; those that the study file excludes are not looked at.

    Returns
    -------
    list of Problem
        Errors: cells that do not fit the kind, free text, columns that are known only with the
        outcome or after it. Warnings: constant columns, missing values, rare levels, and
        columns that were let in by ``outcome_like``.
    """
    excluded = set(study.cohort.exclude)
    patients = [p for p in manifest.patients if p.patient_id not in excluded]
    columns = dict.fromkeys(name for arm in study.arms.values() for name in arm.clinical)
    problems: list[Problem] = []
    for name in columns:
        # Another check says so where the column is missing, or is something else as well.
        if any(name in patient.clinical for patient in patients):
            problems += _Column(study, manifest.path.name, name, patients).problems()
    return problems


class _Column:
    """One clinical column, its values, and what is to be said of it."""

    def __init__(
        self, study: StudyConfig, file: str, name: str, patients: Sequence[Patient]
    ) -> None:
        self.study, self.file, self.name = study, file, name
        self.config: ClinicalConfig = study.clinical.get(name, NOTHING_SAID)
        self.everyone = patients
        self.arms = {arm: c for arm, c in study.arms.items() if name in c.clinical}
        # Without an outcome a patient enters no arm.
        self.patients = [patient for patient in patients if patient.outcome is not None]
        self.texts = column_texts(self.patients, name)
        self.numbers = column_numbers(self.texts, self.config)

    def problems(self) -> list[Problem]:
        """Return everything that is wrong with the column."""
        problems = cell_problems(self.everyone, self.name, self.config, file=self.file)
        problems += [*self._slips(), *self._order()]
        leaks = [*self._leaks()]
        if any(problem.severity == "error" for problem in leaks):
            # What else there is to say of it matters no more.
            return problems + leaks
        problems += [*leaks, *self._missing()]
        told = any(problem.severity == "error" for problem in problems)
        if not told and not any(map(made_by_excel, self.texts)):
            problems += self._values()
        return problems

    def _problem(self, what: str, remedy: str, *, warning: bool = False) -> Problem:
        severity: Severity = "warning" if warning else "error"
        return Problem(what, remedy, severity, file=self.file, row=1, column=self.name)

    def _slips(self) -> Iterator[Problem]:
        """Report the few cells of what looks like numbers that are none."""
        if self.config.kind is not None or self.numbers is not None:
            return
        numbers = numbers_or_none(self.texts)
        known = [each for each in numbers if each is not None and not math.isnan(each)]
        n_texts = sum(1 for text in self.texts if text)
        if len(known) < _NUMBERS * n_texts:
            yield from self._measures() if not known else self._mixed(known)
            return
        codes = len(set(known)) <= _MOST_CODES
        times = Counter(self.texts)
        if codes:
            yield from self._mixed(known)
        for patient, text, number in zip(self.patients, self.texts, numbers, strict=True):
            # A "2a" of several patients is a code like 1, 2 and 3.
            told = codes and (times[text] > 1 or text.lower() in YES_NO)
            told = told or made_by_excel(text)
            if number is None and not told:
                what = Sentence(
                    '"{text}" is no number, but {n} other values are.', text=text, n=len(known)
                )
                if codes:
                    what = Sentence(
                        '"{text}" is no number, but {n} other values are: each value of the column '
                        "becomes a feature, and their order is lost.",
                        text=text,
                        n=len(known),
                    )
                remedy = Sentence(
                    'Correct it, or say kind = "unordered" in {table} if these are categories.',
                    table=table_name(self.name),
                )
                yield patient.in_row(self._problem(what, remedy, warning=codes))

    def _mixed(self, known: Sequence[float]) -> Iterator[Problem]:
        """Report yes and no beside other numbers than 1 and 0."""
        if any(text.lower() in YES_NO for text in self.texts):
            what = Sentence(
                "Beside yes and no stand numbers such as {number:.15g}: each value is taken as a "
                "category of its own.",
                number=max(known, key=abs),
            )
            remedy = Sentence(
                'Write one or the other; or say kind = "unordered" in {table} if these are '
                "categories.",
                table=table_name(self.name),
            )
            yield self._problem(what, remedy, warning=True)

    def _measures(self) -> Iterator[Problem]:
        """Report numbers with their unit, which are texts, each a category of its own."""
        texts = [text for text in self.texts if text]
        if texts and all(_MEASURE.fullmatch(text) for text in texts) and len(set(texts)) > 2:
            what = Sentence(
                'The values are numbers with a unit, such as "{text}": these are taken as texts, '
                "each a category of its own.",
                text=texts[0],
            )
            remedy = Sentence(
                "Write the number only, all in the same unit, and the unit in the name of the "
                'column; or say kind = "unordered" in {table} if these are categories.',
                table=table_name(self.name),
            )
            yield self._problem(what, remedy, warning=True)

    def _order(self) -> Iterator[Problem]:
        """Report values of the order that no cell can have."""
        for level in self.config.order:
            if is_missing(level):
                what = Sentence(
                    '"{level}" is in the order, but stands for a value that is not known.',
                    level=level,
                )
                remedy = Sentence("Write another word for it in the manifest and in the order.")
                yield self._problem(what, remedy)

    def _leaks(self) -> Iterator[Problem]:
        """Report a column that is no predictor, by its name or by its values."""
        if feature_group(self.name) != OTHER or _PYRADIOMICS.match(self.name):
            what = Sentence(
                "This is the name of an image feature. Features that were chosen outside the "
                "cross-validation make every performance too high."
            )
            remedy = Sentence(
                "Take it out, and let an arm with the modality compute and select features."
            )
            yield self._problem(what, remedy)
            return
        outcome = [int(patient.outcome or 0) for patient in self.patients]
        found = (
            what_name_says(self.name),
            what_values_say(outcome, self.texts, self.numbers, self.study.outcome),
        )
        reasons = [reason for reason in found if reason]
        if not reasons:
            return
        table = table_name(self.name)
        both = joined(reasons, " ")
        if self.config.outcome_like:
            what = Sentence(
                "{reasons} It is let in by outcome_like = true in {table}.",
                reasons=both,
                table=table,
            )
            remedy = Sentence("Say in the paper how it is known when the prediction is made.")
            yield self._problem(what, remedy, warning=True)
            return
        what = Sentence("This column would give the outcome away. {reasons}", reasons=both)
        remedy = Sentence(
            "Take it out of {arms}; or, if it is known when the prediction is made, say "
            "outcome_like = true in {table}.",
            arms=arms_text(self.arms),
            table=table,
        )
        yield self._problem(what, remedy)

    def _missing(self) -> Iterator[Problem]:
        """Say who has no value, and what becomes of them."""
        lacking = [p for p, text in zip(self.patients, self.texts, strict=True) if not text]
        if not lacking:
            return
        n_patients = len(self.patients)
        if len(lacking) == n_patients:
            what = Sentence("No patient has a value.")
            remedy = Sentence("Fill it in, or take it out of {arms}.", arms=arms_text(self.arms))
            yield self._problem(what, remedy)
            return
        yield missing_values(self.study, self.file, self.name, lacking, n_patients)

    def _values(self) -> Iterator[Problem]:
        """Report columns with one value only, with free text, or with many rare levels."""
        counts = Counter(text for text in self.texts if text)
        if not counts:
            return
        if len(counts) == 1 or (self.numbers is not None and len(_different(self.numbers)) == 1):
            what = Sentence(
                'Every patient has the same value, "{value}": it tells nothing.',
                value=next(iter(counts)),
            )
            remedy = Sentence("Take it out of {arms}.", arms=arms_text(self.arms))
            yield self._problem(what, remedy, warning=True)
            return
        if self.numbers is not None:
            yield from self._small_numbers(self.numbers)
            return
        once = sum(1 for count in counts.values() if count == 1)
        n_texts, table = counts.total(), table_name(self.name)
        if once > _FREE_TEXT * n_texts:
            what = Sentence(
                "{once} of {n} patients have a value that nobody else has: this is free text, "
                "from which nothing can be learned.",
                once=once,
                n=n_texts,
            )
            remedy = Sentence(
                "Sort the values into a few categories; if they are meant to be numbers, say "
                'kind = "number" in {table} to see which are none.',
                table=table,
            )
            yield self._problem(what, remedy)
        elif once >= FEWEST and 2 * once >= len(counts):
            what = Sentence(
                "Each of {n} different values becomes a feature, and {once} of them are of one "
                "patient only.",
                n=len(counts),
                once=once,
            )
            remedy = Sentence("Take rare values together in the manifest.")
            yield self._problem(what, remedy, warning=True)
        cells = [pair for pair in zip(self.patients, self.texts, strict=True) if pair[1]]
        yield from spelling_problems(self.file, self.name, cells, "warning")

    def _small_numbers(self, numbers: Sequence[float]) -> Iterator[Problem]:
        """Report numbers that vary so little that WORC drops them (errata E48)."""
        variance = statistics.pvariance([number for number in numbers if not math.isnan(number)])
        if variance <= VARIANCE:
            what = Sentence(
                "The numbers vary so little (variance {variance:.2g}) that WORC drops the column: "
                "{arms} would be searched without it.",
                variance=variance,
                arms=arms_text(self.arms),
            )
            remedy = Sentence(
                "Write them in a smaller unit, for example in thousandths: WORC drops what has a "
                "variance of at most {least:.4f}.",
                least=VARIANCE,
            )
            yield self._problem(what, remedy, warning=True)


def _different(numbers: Sequence[float]) -> set[float]:
    return {number for number in numbers if not math.isnan(number)}
