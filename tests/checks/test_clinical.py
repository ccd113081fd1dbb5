"""Clinical columns: what does not fit, what tells nothing, and what gives the outcome away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from lungmet_worc.basics.errors import Problem
from lungmet_worc.checks.clinical import clinical_problems
from lungmet_worc.checks.outcome_names import what_name_says, words_of
from lungmet_worc.study.config import StudyConfig
from lungmet_worc.study.manifest import collect_manifest
from lungmet_worc.study.study_file import study_from_tables
from tests.synthetic import read_rows, write_rows

N_PATIENTS = 40
#: 16 of 40 with the event, in no order.
OUTCOMES = (np.random.default_rng(1).permutation(N_PATIENTS) < 16).astype(int)


def study_of(
    manifest: Path, columns: Sequence[str], said: dict[str, dict[str, object]] | None = None
) -> StudyConfig:
    return study_from_tables(
        {
            "study": {"name": "test", "outcome": "lung_met"},
            "cohort": {"manifest": manifest.name},
            "arms": {"clinical": {"clinical": list(columns)}},
            "clinical": said or {},
            "search": {"preset": "smoke"},
        },
        folder=manifest.parent,
    )


Check = Callable[..., list[Problem]]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Return what checks one column with the given cells."""

    def of(cells: Sequence[object], name: str = "x", **said: object) -> list[Problem]:
        rows = [
            {"patient_id": f"P{n + 1}", "lung_met": OUTCOMES[n], name: cell}
            for n, cell in enumerate(cells)
        ]
        manifest = write_rows(tmp_path / "manifest.csv", rows)
        study = study_of(manifest, [name], {name: said} if said else None)
        return clinical_problems(study, collect_manifest(study))

    return of


def only(problems: list[Problem]) -> Problem:
    assert len(problems) == 1, problems
    assert problems[0].remedy
    assert problems[0].file == "manifest.csv"
    return problems[0]


def ages() -> list[str]:
    return [str(age) for age in np.random.default_rng(2).integers(18, 90, N_PATIENTS)]


def sites() -> list[str]:
    return [("thigh", "arm", "trunk")[n % 3] for n in range(N_PATIENTS)]


@pytest.mark.parametrize(("unit", "said"), [(0.001, True), (0.1, True), (1.0, False)])
def test_small_numbers_are_said(check: Check, unit: float, said: bool) -> None:
    """Uniform between 0 and 1 times the unit: a variance of a twelfth of its square."""
    cells = [f"{value * unit:.6f}" for value in np.random.default_rng(3).random(N_PATIENTS)]
    found = check(cells)
    if not said:
        assert found == []
        return
    assert only(found).severity == "warning"
    assert "WORC drops the column" in found[0].what
    assert "0.0099" in found[0].remedy


class TestSound:
    @pytest.mark.parametrize("cells", [ages(), sites(), ["yes", "no"] * 20])
    def test_nothing_to_say(self, check: Check, cells: list[str]) -> None:
        assert check(cells) == []

    def test_only_columns_that_an_arm_names(self, tmp_path: Path) -> None:
        rows = [
            {"patient_id": f"P{n}", "lung_met": y, "age": 40 + n % 7, "status": y}
            for n, y in enumerate(OUTCOMES)
        ]
        study = study_of(write_rows(tmp_path / "manifest.csv", rows), ["age"])
        assert clinical_problems(study, collect_manifest(study)) == []


class TestCells:
    def test_each_cell_that_does_not_fit(self, check: Check) -> None:
        cells = ["low", "high"] * 20
        cells[4], cells[7] = "hgih", "G2"
        problems = check(cells, kind="ordered", order=["low", "high"])
        assert [(p.severity, p.row, p.column, p.patient) for p in problems] == [
            ("error", 6, "x", "P5"),
            ("error", 9, "x", "P8"),
        ]
        assert 'Did you mean "high"?' in problems[0].remedy

    def test_a_slip_of_the_pen_among_numbers(self, check: Check) -> None:
        cells = ages()
        cells[9] = "6O"
        problem = only(check(cells))
        assert (problem.severity, problem.row, problem.patient) == ("error", 11, "P10")
        assert '"6O" is no number, but 39 other values are.' in problem.what
        assert "[clinical.x]" in problem.remedy

    def test_a_lone_text_among_codes_is_told(self, check: Check) -> None:
        problem = only(check(["1", "2", "3", "2"] * 9 + ["1", "2", "3", "II"]))
        assert (problem.severity, problem.row) == ("warning", 41)
        assert '"II" is no number, but 39 other values are: each value' in problem.what

    @pytest.mark.parametrize("text", ["1-feb", "2021-02-01", "#DIV/0!"])
    def test_what_excel_made_is_told_once(self, check: Check, text: str) -> None:
        """`table_cells` tells of it."""
        assert check([*ages()[:-1], text]) == []

    def test_yes_among_numbers_is_not_one(self, check: Check) -> None:
        problem = only(check([*ages()[:-1], "ja"]))
        assert (problem.severity, problem.row) == ("error", 41)
        assert '"ja" is no number, but 39 other values are.' in problem.what
        assert check(["ja", "nee", "1", "0"] * 10) == []

    def test_yes_and_no_beside_other_codes(self, check: Check) -> None:
        assert only(check(["0", "1", "2", "1"] * 9 + ["0", "1", "2", "ja"])).row == 1
        problem = only(check(["ja", "nee", "2", "nee"] * 10))
        assert problem.severity == "warning"
        assert "Beside yes and no stand numbers such as 2" in problem.what

    @pytest.mark.parametrize(
        "cells",
        [("10%", "25 %", "12,5%", "50%"), ("3 cm", "4.5 cm", "7cm"), ("56 jr", "61 jr.", "70 jr")],
    )
    def test_numbers_with_a_unit_are_told(self, check: Check, cells: Sequence[str]) -> None:
        problem = only(check([cells[n % len(cells)] for n in range(N_PATIENTS)]))
        assert problem.severity == "warning"
        assert f'numbers with a unit, such as "{cells[0]}"' in problem.what

    def test_classes_with_a_unit_are_categories(self, check: Check) -> None:
        assert check(["< 5 cm", "5-10 cm", "> 10 cm", "5-10 cm"] * 10) == []
        assert check(["3 cm", "5 cm"] * 20) == []
        assert check(["10%", "25%", "50%", "75%"] * 10, kind="unordered") == []

    def test_letters_among_codes_are_no_slip(self, check: Check) -> None:
        assert check(["1", "2", "2a", "3"] * 10) == []

    def test_an_excluded_patient_is_not_looked_at(self, tmp_path: Path) -> None:
        rows = [{"patient_id": "P1", "lung_met": 1, "x": "old"}]
        rows += [{"patient_id": f"P{n}", "lung_met": n % 2, "x": str(n % 5)} for n in range(2, 30)]
        study = study_of(
            write_rows(tmp_path / "manifest.csv", rows), ["x"], {"x": {"kind": "number"}}
        )
        assert [p.patient for p in clinical_problems(study, collect_manifest(study))] == ["P1"]
        cohort = study.cohort.model_copy(update={"exclude": ("P1",)})
        study = study.model_copy(update={"cohort": cohort})
        assert clinical_problems(study, collect_manifest(study)) == []

    def test_an_order_with_a_word_for_not_known(self, check: Check) -> None:
        problems = check(["none", "some"] * 20, kind="ordered", order=["none", "some"])
        assert problems[0].severity == "error"
        assert "not known" in problems[0].what


class TestValues:
    def test_free_text_is_refused(self, check: Check) -> None:
        problem = only(check([f"seen by doctor {n}" for n in range(N_PATIENTS)]))
        assert problem.severity == "error"
        assert "free text" in problem.what
        assert 'kind = "number"' in problem.remedy

    def test_many_rare_values_are_a_warning(self, check: Check) -> None:
        cells = [f"type {n}" if n < 12 else "liposarcoma" for n in range(N_PATIENTS)]
        problem = only(check(cells))
        assert problem.severity == "warning"
        assert "13 different values" in problem.what
        assert "12 of them" in problem.what

    @pytest.mark.parametrize("cell", ["high", "3", "yes"])
    def test_a_constant_column(self, check: Check, cell: str) -> None:
        problem = only(check([cell] * N_PATIENTS))
        assert problem.severity == "warning"
        assert f'the same value, "{cell}"' in problem.what

    def test_a_constant_however_it_is_written(self, check: Check) -> None:
        assert "the same value" in only(check(["3", "3.0"] * 20)).what

    def test_spelling(self, check: Check) -> None:
        cells = ["male", "male", "female", "female"] * 10
        cells[38], cells[39] = "fe male", "Female"
        problems = check(cells)
        assert [(p.severity, p.row, p.patient) for p in problems] == [
            ("warning", 40, "P39"),
            ("warning", 41, "P40"),
        ]
        assert problems[1].what.startswith('"Female" is written otherwise than "female" of 18 ')
        assert problems[1].remedy == 'Write "female", if it is meant.'


class TestMissing:
    def test_who_does_not_enter(self, check: Check) -> None:
        cells = sites()
        cells[3], cells[11] = "", "unknown"
        problem = only(check(cells))
        assert problem.severity == "warning"
        assert problem.what == (
            '2 of 40 missing (P4 (row 5), P12 (row 13: "unknown")); they do not enter arm clinical.'
        )

    def test_common_patients_and_imputed_values(self, tmp_path: Path) -> None:
        rows = [
            {"patient_id": f"P{n}", "lung_met": y, "age": 40 + n % 7, "site": sites()[n]}
            for n, y in enumerate(OUTCOMES)
        ]
        rows[5]["site"] = ""
        study = study_of(write_rows(tmp_path / "manifest.csv", rows), ["age", "site"])
        clinical = study.arms["clinical"]
        imputing = clinical.model_copy(update={"missing": "impute"})
        both = study.model_copy(update={"arms": {"a": clinical, "b": imputing}})
        what = only(clinical_problems(both, collect_manifest(both))).what
        assert what == (
            "1 of 40 missing (P5 (row 7)); they do not enter arm a nor, with patients = "
            '"common", any other; in arm b a value is imputed from each training part.'
        )
        alone = study.model_copy(update={"arms": {"b": imputing}})
        problem = only(clinical_problems(alone, collect_manifest(alone)))
        assert "do not enter" not in problem.what
        assert "impute" not in problem.remedy

    def test_nobody_has_a_value(self, check: Check) -> None:
        problem = only(check(["--"] * N_PATIENTS))
        assert (problem.severity, problem.what) == ("error", "No patient has a value.")


class TestLeaks:
    """A column that alone predicts the outcome with an AUC above 0.95."""

    @pytest.mark.parametrize(
        "cells",
        [
            OUTCOMES,
            1 - OUTCOMES,
            [f"{100 * y + n}" for n, y in enumerate(OUTCOMES)],
            [("calf", "thigh")[y] for y in OUTCOMES],
            # A code in the middle: no AUC of the number says it, its share of events does.
            [2 if y else (1, 3)[n % 2] for n, y in enumerate(OUTCOMES)],
            # Known for patients with the event only.
            [ages()[n] if y else "" for n, y in enumerate(OUTCOMES)],
        ],
        ids=["same", "reversed", "number", "words", "code", "empty"],
    )
    def test_is_refused(self, check: Check, cells: Sequence[object]) -> None:
        errors = [p for p in check(cells) if p.severity == "error"]
        problem = only(errors)
        assert "AUC of 1.00, above 0.95" in problem.what
        assert "outcome_like = true in [clinical.x]" in problem.remedy
        assert "arm clinical" in problem.remedy
        allowed = check(cells, outcome_like=True)
        assert {p.severity for p in allowed} == {"warning"}
        assert "let in by outcome_like" in allowed[0].what
        assert "AUC of 1.00" in allowed[0].what

    def test_an_order_that_rises_with_the_outcome(self, check: Check) -> None:
        cells = [("low", "high")[y] for y in OUTCOMES]
        problem = only(check(cells, kind="ordered", order=["low", "high"]))
        assert "AUC of 1.00" in problem.what

    @pytest.mark.parametrize("wrong", [0, 1, 2, 3, 4])
    def test_the_limit_is_an_auc_of_095(self, check: Check, wrong: int) -> None:
        cells = OUTCOMES.copy()
        cells[np.flatnonzero(OUTCOMES)[:wrong]] = 0
        auc = roc_auc_score(OUTCOMES, cells)
        assert bool(check(cells)) == (auc > 0.95)

    def test_free_text_is_not_refused_for_its_auc(self, check: Check) -> None:
        cells = [f"text {n // 2}" for n in range(N_PATIENTS)]
        assert not any("AUC" in p.what for p in check(cells))

    def test_the_auc_is_that_of_scikit_learn(self, check: Check) -> None:
        random = np.random.default_rng(8)
        scores = np.round(1.7 * OUTCOMES + random.normal(0, 0.5, N_PATIENTS), 1)
        auc = roc_auc_score(OUTCOMES, scores)
        assert 0.955 < auc < 0.995
        for direction in (1, -1):
            assert f"an AUC of {auc:.2f}, above 0.95" in only(check(direction * scores)).what

    def test_two_patients_with_a_value_prove_nothing(self, check: Check) -> None:
        few = {*np.flatnonzero(OUTCOMES)[:2], *np.flatnonzero(1 - OUTCOMES)[:5]}
        cells = [OUTCOMES[n] + 0.01 * n if n in few else "" for n in range(N_PATIENTS)]
        assert not any("AUC" in problem.what for problem in check(cells))

    def test_rare_values_do_not_hide_a_leak(self, check: Check) -> None:
        cells = [f"text {n}" if n < 3 else ("a", "b")[y] for n, y in enumerate(OUTCOMES)]
        assert "AUC of" in check(cells)[0].what

    def test_features_chosen_beforehand_are_refused(self, check: Check) -> None:
        for name in ("PREDICT_original_tf_GLCM_contrast_MRI", "original_glcm_Contrast"):
            problem = only(check(ages(), name))
            assert problem.severity == "error"
            assert "outside the cross-validation" in problem.what
            assert only(check(ages(), name, outcome_like=True)).severity == "error"

    def test_a_name_is_enough(self, check: Check) -> None:
        problem = only(check(ages(), "days_to_death"))
        assert problem.severity == "error"
        assert "Its name says death" in problem.what
        allowed = only(check(ages(), "days to death", outcome_like=True))
        assert allowed.severity == "warning"
        assert 'outcome_like = true in [clinical."days to death"]' in allowed.what

    def test_treatment_has_its_own_reason(self, check: Check) -> None:
        assert "known only after the prediction is made" in only(check(sites(), "treatment")).what


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            *("status", "vital_status", "VitalStatus", "Follow-up", "followup_days", "last_fu"),
            *("lastSeen", "date of event", "days_to_scan_after_death", "timeToEvent", "event"),
            *("overall survival", "OS_months", "recurrence", "local_relapse", "distant_met"),
            *(
                "metastases",
                "LungMets",
                "progression",
                "dead",
                "died",
                "outcome",
                "therapy_response",
            ),
            *("days to", "months_until_relapse", "treatment", "Chemotherapy", "preop_chemo"),
            *("overleden", "datum_van_overlijden", "overlijdensdatum", "recidief", "uitzaaiing"),
            *("longmetastasen", "behandelrespons", "behandeling", "opvolging", "laatste controle"),
            *("datum van recidief", "dagen tot uitzaaiing", "bestraling", "operatiedatum"),
        ],
    )
    def test_known_too_late(self, name: str) -> None:
        assert what_name_says(name)

    @pytest.mark.parametrize(
        "name",
        [
            *("age", "sex", "stage", "T_stage", "estatus", "grade", "histology", "mskcc_type"),
            *("site", "depth", "tumour_size", "leeftijd", "geslacht", "diameter_mm", "ECOG"),
            *("metabolic_rate", "progesterone", "update", "comet", "prior_chemotherapy"),
            *("size_before_treatment", "days_dx_to_mri", "months_to_diagnosis", "date_of_birth"),
            *("geboortedatum", "eerdere_bestraling", "prevention", "mr_vendor", "eventual_side"),
        ],
    )
    def test_known_in_time(self, name: str) -> None:
        assert what_name_says(name) == ""

    def test_words(self) -> None:
        assert (
            words_of("daysDxTo_lastFU (2)") == words_of("Days-dx to LastFU") == "days dx to last fu"
        )


LEAKING = (
    *("outcome", "days_dx_to_outcome", "status", "days_dx_to_last_fu", "distant_met"),
    *("lung_met_mat", "treatment"),
)
BASELINE = ("age", "sex", "histology", "mskcc_type", "site", "grade")


@pytest.mark.real
@pytest.mark.parametrize("column", [*LEAKING, *BASELINE])
def test_the_public_cohort(real_cohort: Path, tmp_path: Path, column: str) -> None:
    """Columns that leak are those that the description of the collection names."""
    manifest = write_rows(tmp_path / "manifest.csv", read_rows(real_cohort / "clinical.csv"))
    study = study_of(manifest, [column])
    problems = clinical_problems(study, collect_manifest(study))
    errors = [problem for problem in problems if problem.severity == "error"]
    assert bool(errors) == (column in LEAKING), problems
    if column == "grade":
        assert "3 of 51 missing" in only(problems).what


@pytest.mark.real
def test_what_the_name_hides_the_values_tell(real_cohort: Path, tmp_path: Path) -> None:
    rows = read_rows(real_cohort / "clinical.csv")
    for row in rows:
        row["code"], row["note"] = row["lung_met_mat"], row["outcome"]
    study = study_of(write_rows(tmp_path / "manifest.csv", rows), ["code", "note"])
    errors = [p for p in clinical_problems(study, collect_manifest(study)) if p.severity == "error"]
    assert [problem.column for problem in errors] == ["code", "note"]
    assert all("AUC of 1.00" in problem.what for problem in errors)
