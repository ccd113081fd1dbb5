"""The cohort in words and small tables."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.words import listed
from lungmet_worc.checks.mended import mended
from lungmet_worc.checks.patient_view import SCAN_STATES, PatientView, patient_views
from lungmet_worc.display.formats import justified
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.study.cohort import Cohort, build_cohort
from lungmet_worc.study.cohort_variants import arm_counts, cohort_variants
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import Manifest
from lungmet_worc.study.reasons import Cause, said_causes

#: What is counted of scans even where it is none.
_ALWAYS = ("present", "missing")
_MOST_LISTED = 12
#: Characters of a line where nobody knows how wide the screen is.
WIDTH = 118


@dataclass(frozen=True)
class CheckedCohort:
    """Who is in the manifest, who enters which arm, and who does not and why.

    Parameters
    ----------
    cohort : Cohort
        Who enters now: nobody whose scan cannot be used.
    patients : tuple of PatientView
        The patients one by one; without them only what the manifest says is counted.
    once_mended : Cohort, optional
        Who will enter when all errors are mended, where there are any.
    variants : mapping of str to Cohort
        Settings that would let in more -> who would enter.
    columns : tuple of str, optional
        The columns that the manifest has.
    n_without_id : int
        Rows without an id.
    """

    cohort: Cohort
    patients: tuple[PatientView, ...] = ()
    once_mended: Cohort | None = None
    variants: Mapping[str, Cohort] = field(default_factory=dict)
    columns: tuple[str, ...] | None = None
    n_without_id: int = 0

    def to_text(self, say: Language = ENGLISH, width: int = WIDTH) -> str:
        """Return it in words and small tables."""
        blocks = [textwrap.fill(_manifest_text(self, say), width)]
        if scans := self._scans():
            shown = {self.cohort.names.modality(name): each for name, each in scans.items()}
            blocks.append(_counts_table(say("Scan"), shown, SCAN_STATES, say))
        values = _plain_counts(self.cohort.value_counts())
        if self.columns is not None:
            values = {name: counts for name, counts in values.items() if name in self.columns}
        if values:
            blocks.append(_counts_table(say("Clinical value"), values, _ALWAYS, say))
        blocks.append(_arms_table(self.cohort, self.once_mended, say))
        blocks.append(_left_out(self, say, width))
        if self.variants:
            blocks.append(_variants_table(self, say, width))
        return "\n\n".join(filter(None, blocks)) + "\n"

    def as_dict(self) -> dict[str, object]:
        """Return it in numbers and ids, ready for JSON.

        As `lungmet_worc.study.cohort.Cohort.as_dict`, and: rows, scans by their state, how many
        enter an arm once all is mended, and what other settings would give.
        """
        found = self.cohort.as_dict()
        found["n_rows"] = len(self.cohort.patients) + self.n_without_id
        found["n_without_id"] = self.n_without_id
        found["scans"] = {name: dict(counts) for name, counts in self._scans().items()}
        found["once_mended"] = arm_counts(self.once_mended or self.cohort, self.outcomes)
        found["other_settings"] = [
            {"setting": setting, "arms": arm_counts(cohort, self.outcomes)}
            for setting, cohort in self.variants.items()
        ]
        return found

    @property
    def outcomes(self) -> dict[str, int | None]:
        """Each patient's outcome as the manifest has it."""
        return {each.patient_id: each.outcome for each in reversed(self.cohort.patients)}

    def _scans(self) -> dict[str, Counter[str]]:
        """Return how many patients have a scan of each modality in each state."""
        if not self.patients:
            return _plain_counts(self.cohort.scan_counts())
        counts: dict[str, Counter[str]] = {}
        for patient in self.patients:
            for modality, state in patient.scans.items():
                counts.setdefault(modality, Counter())[state] += 1
        return counts


def checked_cohort(
    study: StudyConfig,
    manifest: Manifest,
    problems: Sequence[Problem],
    unusable: Mapping[tuple[str, str], str],
) -> CheckedCohort:
    """Count who is there and who enters which arm, while the errors stand and after.

    Parameters
    ----------
    study : StudyConfig
        The study.
    manifest : Manifest
        As it was read.
    problems : sequence of Problem
        Everything that is wrong with it.
    unusable : mapping of (str, str) to str
        (patient id, modality) -> what is wrong with the scan.
    """
    entering = build_cohort(study, manifest, unusable)
    errors = [problem for problem in problems if problem.severity == "error"]
    better = mended(study, manifest, errors)
    once_mended = build_cohort(study, better)
    without_id = [
        problem
        for problem in errors
        if problem.column == study.cohort.patient_id and not problem.patient
    ]
    return CheckedCohort(
        entering,
        tuple(patient_views(study, manifest, (entering, once_mended), problems)),
        once_mended if errors else None,
        cohort_variants(study, better),
        manifest.columns,
        len(without_id) if study.cohort.patient_id in manifest.columns else 0,
    )


def _plain_counts(counts: Mapping[str, tuple[int, int]]) -> dict[str, Counter[str]]:
    return {
        name: Counter(present=present, missing=missing)
        for name, (present, missing) in counts.items()
    }


def _manifest_text(checked: CheckedCohort, say: Language) -> str:
    """Return how many rows and patients there are, and their outcomes."""
    cohort = checked.cohort
    twice = len(cohort.patients) - len(checked.outcomes)
    text = say.plural(
        len(checked.outcomes), "{n} patient in the manifest", "{n} patients in the manifest"
    )
    if twice or checked.n_without_id:
        n_rows = len(cohort.patients) + checked.n_without_id
        parts = [
            say.plural(n_rows, "{n} row in the manifest", "{n} rows in the manifest"),
            say.plural(len(checked.outcomes), "{n} patient", "{n} patients"),
        ]
        if twice:
            parts.append(say.plural(twice, "{n} row twice", "{n} rows twice"))
        if none := checked.n_without_id:
            parts.append(say.plural(none, "{n} row without an id", "{n} rows without an id"))
        text = ", ".join(parts)
    counts = Counter(checked.outcomes.values())
    wrong = {
        each.patient_id
        for each in checked.patients
        if each.outcome is None and cohort.outcome_name in each.wrong
    }
    parts = [
        say("{n} with {outcome}", n=counts[1], outcome=cohort.outcome_name),
        say("{n} without", n=counts[0]),
    ]
    if unknown := counts[None] - len(wrong):
        parts.append(say("{n} not known", n=unknown))
    if wrong:
        parts.append(say("{n} not readable", n=len(wrong)))
    return f"{text}: {', '.join(parts)}."


def _counts_table(
    title: str, counts: Mapping[str, Counter[str]], states: Sequence[str], say: Language
) -> str:
    met = [
        state
        for state in states
        if state in _ALWAYS or any(each[state] for each in counts.values())
    ]
    rows = [[name, *(str(each[state]) for state in met)] for name, each in counts.items()]
    return justified([[title, *map(say, met)], *rows])


def _arms_table(cohort: Cohort, once_mended: Cohort | None, say: Language) -> str:
    head = [
        say("Arm"), say("patients"), say("with {outcome}", outcome=cohort.outcome_name),
        say("without"),
    ]  # fmt: skip
    rows = [head + ([say("once mended")] if once_mended else [])]
    for arm, ids in cohort.arms.items():
        events = sum(cohort.outcomes_of(ids))
        name = _shown(cohort, arm)
        row = [name, str(len(ids)), str(events), str(len(ids) - events)]
        rows.append(row + ([str(len(once_mended.arms[arm]))] if once_mended else []))
    return justified(rows)


def _left_out(checked: CheckedCohort, say: Language, width: int) -> str:
    """Return whom each cause keeps from entering, and which arms; "" where all enter."""
    cohort = checked.once_mended or checked.cohort
    found: dict[Cause, tuple[dict[str, None], dict[str, None]]] = {}
    for arm, reasons in cohort.reasons.items():
        for patient_id, reason in reasons.items():
            for cause in () if reason.lacking_in else reason.causes:
                ids, arms = found.setdefault(cause, ({}, {}))
                ids[patient_id] = arms[arm] = None
    if not found:
        return ""
    common = _is_common(cohort)
    mended = checked.once_mended is not None
    title = say("Left out, also once all is mended") if mended else say("Left out")
    everyone = say('{title}, of every arm, since [cohort] says patients = "common":', title=title)
    lines = [textwrap.fill(everyone if common else f"{title}:", width)]
    for cause, (ids, arms) in found.items():
        who = say.plural(
            len(ids),
            "{cause}: {n} patient ({names})",
            "{cause}: {n} patients ({names})",
            cause=say.of(said_causes([cause])),
            names=say.of(listed(list(ids), _MOST_LISTED)),
        )
        if len(arms) < len(cohort.arms):
            names = ", ".join(_shown(cohort, arm) for arm in arms)
            needed = say("needed in {arms}", arms=names)
            who += f", {needed if common else say('not in {arms}', arms=names)}"
        lines.append(textwrap.fill(who, width, initial_indent="  ", subsequent_indent="    "))
    return "\n".join(lines)


def _is_common(cohort: Cohort) -> bool:
    """Return whether some arm keeps patients out that it lacks nothing of."""
    return any(
        reason.lacking_in for reasons in cohort.reasons.values() for reason in reasons.values()
    )


def _variants_table(checked: CheckedCohort, say: Language, width: int) -> str:
    """Return how many each arm has under other settings."""
    cohort = checked.once_mended or checked.cohort
    head = [say("Arm"), say("as it is"), *map(say, checked.variants)]
    cohorts = [cohort, *checked.variants.values()]
    counts = [arm_counts(each, checked.outcomes) for each in cohorts]
    rows = [
        [
            _shown(cohort, arm),
            *(f"{each[arm]['n_patients']} ({each[arm]['n_events']})" for each in counts),
        ]
        for arm in cohort.arms
    ]
    title = say(
        'What would let more of them in: patients = "available" in [cohort], or '
        'missing = "impute" in [arms.NAME]. Patients (of them with {outcome}):',
        outcome=cohort.outcome_name,
    )
    return f"{textwrap.fill(title, width)}\n{justified([head, *rows])}"


def _shown(cohort: Cohort, arm: str) -> str:
    """Return the label of an arm, or the key by which the study file knows it."""
    return cohort.names.arms.get(arm, arm)
