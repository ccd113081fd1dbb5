"""Problems as a list: the same once, causes before what follows, whole within the width."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from lungmet_worc.basics.errors import CohortError, Problem
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.checks.causes import SMALL_ARM
from lungmet_worc.checks.merged_sentences import merged
from lungmet_worc.checks.problem_list import problem_list
from lungmet_worc.display.language import Language, language

WRONG = Problem(
    "Something is wrong here.", "Mend it.", file="a.csv", row=3, column="c", patient="P1"
)


def small(arm: str, n: int, severity: str = "error") -> Problem:
    what = Sentence("Arm {arm} has {n}.", arm=arm, n=n)
    return Problem(
        what, "Add patients.", severity, file="s.toml", column=f"arms.{arm}", kind=SMALL_ARM
    )  # type: ignore[arg-type]


def test_where_what_and_the_remedy() -> None:
    assert problem_list([WRONG]).splitlines() == [
        "To mend",
        "",
        "1. a.csv, row 3, column c, patient P1: Something is wrong here.",
        "   -> Mend it.",
    ]


def test_a_study_file_has_no_row_and_no_patient() -> None:
    text = problem_list([Problem("Wrong.", "Mend it.", "warning", column="cohort.exclude")])
    assert text.splitlines()[0] == "Warnings"
    assert "1. column cohort.exclude: Wrong." in text


def test_the_same_of_many_patients_is_one_line() -> None:
    problems = [replace(WRONG, row=n, patient=f"P{n}") for n in (2, 3, 4, 9, *range(20, 29))]
    lines = problem_list(problems, 200).splitlines()
    assert lines[2] == (
        "1. a.csv, rows 2-4, 9, 20-28, column c, patients P2, P3, P4, P9, P20, P21 and 7 more: "
        "Something is wrong here."
    )
    assert len(lines) == 4


def test_the_same_of_several_columns_is_one_line() -> None:
    columns = [replace(WRONG, row=None, patient="", column=name) for name in ("age", "grade")]
    assert "1. a.csv, columns age, grade: Something is wrong here." in problem_list(columns)


def test_the_same_of_several_arms_is_one_sentence_with_the_range_of_its_numbers() -> None:
    text = problem_list([small("mri", 9), small("ct", 7), small("both", 8)], 200)
    assert "keys arms.mri, arms.ct, arms.both: Arm mri, ct, both has 7 to 9." in text
    assert text.count("->") == 1


def test_other_files_and_remedies_have_a_line_each_under_what_they_share() -> None:
    typos = [
        replace(WRONG, file=f"img/{n}.nii", row=n, patient=f"P{n}", remedy=f"Try {n}.")
        for n in (4, 8)
    ]
    assert problem_list(typos).splitlines()[2:] == [
        "1. Something is wrong here.",
        "     img/4.nii, row 4, column c, patient P4  -> Try 4.",
        "     img/8.nii, row 8, column c, patient P8  -> Try 8.",
    ]


def test_other_words_of_one_sentence_have_a_line_each_and_one_remedy() -> None:
    cells = [
        replace(WRONG, what=Sentence('"{text}" is none.', text=text), row=row)
        for text, row in (("a few", 4), ("some", 8))
    ]
    assert problem_list(cells).splitlines()[2:] == [
        '1. a.csv, row 4, column c, patient P1: "a few" is none.',
        '   a.csv, row 8, column c, patient P1: "some" is none.',
        "   -> Mend it.",
    ]


def test_other_words_and_other_remedies_stand_together() -> None:
    cells = [
        replace(WRONG, what=Sentence('"{text}" is none.', text=text), row=row, remedy=f"No {text}.")
        for text, row in (("a", 4), ("b", 8))
    ]
    assert problem_list(cells).splitlines()[2:] == [
        '1. a.csv, row 4, column c, patient P1: "a" is none.',
        "   -> No a.",
        '   a.csv, row 8, column c, patient P1: "b" is none.',
        "   -> No b.",
    ]


def test_places_with_the_same_words_share_a_line() -> None:
    cells = [
        replace(WRONG, what=Sentence('"{text}" is none.', text=text), row=row, patient=f"P{row}")
        for row, text in ((4, "a"), (5, "b"), (6, "a"))
    ]
    assert problem_list(cells).splitlines()[2:4] == [
        '1. a.csv, rows 4, 6, column c, patients P4, P6: "a" is none.',
        '   a.csv, row 5, column c, patient P5: "b" is none.',
    ]


def test_consequences_stand_under_their_cause_and_that_comes_first() -> None:
    cause = replace(WRONG, what="The column is missing.", row=1, patient="")
    arms = [small(name, 0) for name in ("a", "b", "c")]
    text = problem_list([WRONG, cause, *arms], causes=dict.fromkeys(arms, (cause,)))
    lines = text.splitlines()
    assert "The column is missing." in lines[2]
    assert lines[4] == "   Until this is mended, 3 arms are too small: a, b, c."
    assert "Something is wrong here." in lines[6]
    assert "Add patients." not in text


def test_one_arm_is_told_as_one() -> None:
    arm = small("a", 0)
    text = problem_list([WRONG, arm], causes={arm: (WRONG,)})
    assert "Until this is mended, 1 arm is too small: a." in text


def test_causes_that_only_together_explain_name_each_other() -> None:
    other = replace(WRONG, what="Another.", row=7)
    arm = small("a", 0)
    text = problem_list([WRONG, other, arm], causes={arm: (WRONG, other)})
    assert "Until this and 2 are mended, 1 arm is too small: a." in text


def test_other_consequences_are_said_in_full() -> None:
    after = replace(WRONG, what="The mask is elsewhere.", column="mask", severity="warning")
    text = problem_list([WRONG, after], causes={after: (WRONG,)})
    assert "Until this is mended: a.csv, row 3, column mask, patient P1: The mask is" in text
    assert "Warnings" not in text


def test_an_error_with_causes_goes_from_one_process_to_another() -> None:
    arm = small("a", 0)
    for causes in ({}, {arm: (WRONG,)}):
        error = pickle.loads(pickle.dumps(CohortError("No.", [WRONG, arm], causes)))
        assert (error.message, error.problems, error.causes) == ("No.", (WRONG, arm), causes)


def test_a_cause_that_is_not_shown_hides_nothing() -> None:
    arm = small("a", 0)
    assert "Arm a has 0." in problem_list([arm], causes={arm: (WRONG,)})


@pytest.mark.parametrize("width", [60, 100, 118, 160])
def test_long_texts_are_wrapped_and_whole(width: int) -> None:
    problem = Problem(
        "word " * 40, "rem " * 30, file="/a/very/long/path/" + "x" * 90 + "/mask_T1.nii.gz",
        row=12345, column="a_column_with_a_long_name_in_it", patient="hospital-patient-000123",
    )  # fmt: skip
    text = problem_list([problem], width)
    assert max(map(len, text.splitlines())) <= width
    assert (text.count("word"), text.count("rem"), text.count("x")) == (40, 30, 90)


def test_more_lines_than_anybody_reads_end_with_their_rows() -> None:
    cells = [
        replace(WRONG, what=Sentence('"{text}" is none.', text=f"t{row}"), row=row)
        for row in range(2, 32)
    ]
    text = problem_list(cells)
    assert text.count("is none.") == 12
    assert "and 18 more; rows: 14-31" in text


def test_in_dutch() -> None:
    text = problem_list([replace(WRONG, severity="warning")], say=language("nl"))
    assert text.splitlines()[0] == "Waarschuwingen"
    assert "rij 3, kolom c, patiënt P1" in text


def test_sentences_that_say_different_things_are_not_merged() -> None:
    assert merged([Sentence("{text} a", text="x"), Sentence("{text} a", text="y")]) is None
    assert merged([Sentence("{n} a", n=1), Sentence("{n} b", n=1)]) is None
    assert merged(["one", "two"]) is None


def test_numbers_with_a_format_become_a_span_in_it() -> None:
    said = merged([Sentence("{share:.0f} % ({n:,})", share=44.4, n=n) for n in (1200, 900)])
    assert said == "44 % (900–1,200)"
    assert said is not None
    dutch = Language("nl", {"{share:.0f} % ({n:,})": "{share:.0f}% ({n:,})"})
    assert dutch.of(said) == "44% (900–1.200)"


@pytest.mark.parametrize(("patients", "lines"), [(3, 3), (24, 1)])
def test_few_patients_have_a_line_each_and_many_have_one(patients: int, lines: int) -> None:
    problems = [
        Problem(
            Sentence("The volume grows by {share:.0f} %.", share=40.0 + n),
            Sentence("Look at it."),
            "warning",
            file=f"{n}.nii.gz",
            row=n,
            column="mask",
            patient=f"P{n}",
        )
        for n in range(2, 2 + patients)
    ]
    text = problem_list(problems, 200)
    assert text.count("The volume grows") == lines
    assert ("24 files, rows 2-25, column mask, patients P2, P3" in text) == (patients == 24)
    assert text.count("Look at it.") == 1
    both = [Sentence("{of} here", of=Sentence("{n} of {m}", n=n, m=9)) for n in (4, 2)]
    assert merged(both) == "2 to 4 of 9 here"
