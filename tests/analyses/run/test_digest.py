"""The morning digest: how a run ended, and each cause once."""

from __future__ import annotations

from typing import Any

import pytest

from lungmet_worc.analyses.run.digest import make_digest
from lungmet_worc.pipeline.stages import STAGES
from lungmet_worc.tasks.failures import Failed, explained, failed_tasks, left_out, plain_cause
from lungmet_worc.tasks.task import TaskKey

STARTED = "2026-11-23T18:00:00+00:00"


def make_state(**change: Any) -> dict[str, Any]:
    """Return a state as run.json has it: two arms, four splits each, all done in an hour."""
    done = {
        "state": "done",
        "stamp": "",
        "seconds": 90.0,
        "finished": "2026-11-23T19:00:00+00:00",
    }
    tasks = {
        f"search/{arm}/{split}": {**done, "without_score": {"no feature was left": split}}
        for arm in ("CT", "MRI")
        for split in range(4)
    }
    arm = {"n_patients": 48, "n_events": 18, "n_left_out": 3}
    state = {
        "study": {
            "name": "sarcoma",
            "arms": {"CT": {}, "MRI": {}},
            "search": {"splits": 4, "candidates": 50},
        },
        "order": ["MRI", "CT"],
        "arms": {"MRI": arm, "CT": arm},
        "started": STARTED,
        "finished": "2026-11-23T19:01:00+00:00",
        "tasks": tasks,
        "excluded": [],
        "errata": [["E1", "one"], ["E5", "two"], ["E5", "three"]],
    }
    return {**state, **change}


def with_task(state: dict[str, Any], **tasks: dict[str, Any]) -> dict[str, Any]:
    named = {key.replace("__", "/"): entry for key, entry in tasks.items()}
    return {**state, "tasks": {**state["tasks"], **named}}


def test_a_complete_run() -> None:
    digest = make_digest(make_state(), STAGES)
    assert digest.ending == "complete"
    assert digest.seconds == 3660
    assert digest.task_seconds == 8 * 90
    assert [arm.sentence for arm in digest.arms] == [
        "MRI: 48 patients, 18 with the outcome; 4 of 4 splits done; 3 patients left out",
        "CT: 48 patients, 18 with the outcome; 4 of 4 splits done; 3 patients left out",
    ]
    text = digest.to_text()
    assert text.startswith('Study "sarcoma": Complete.\nStarted 2026-11-23 ')
    assert "took 61 min." in text
    assert "MRI 6 of 200, CT 6 of 200" in text
    assert "no feature was left: MRI 6, CT 6" in text
    assert "E1, E5\n" in text
    assert "Failed" not in text
    assert "log.txt" in text


def test_a_failed_run_names_each_cause_once() -> None:
    failed = {"state": "failed", "error": "ValueError: P1 has no tumour", "seconds": 1.0}
    other = {"state": "failed", "error": "ValueError: P2 has no tumour", "seconds": 1.0}
    memory = {"state": "failed", "error": "the worker was ended from outside", "seconds": 1.0}
    state = with_task(
        make_state(finished=None),
        extraction__CT__P1=failed,
        extraction__CT__P2=other,
        search__MRI__3=memory,
    )
    digest = make_digest(state, STAGES)
    assert digest.ending == "failed"
    search, extraction = digest.failed
    assert extraction.patients == ("P1", "P2")
    assert extraction.what == (
        "CT features of 2 patients (P1 and P2) failed: ValueError: P1 has no tumour."
    )
    assert "on_error" in extraction.remedy
    assert search.what.startswith("The search of MRI, split 4 failed: the machine ran out of")
    assert "--cores 1" in search.remedy
    assert digest.arms[0].n_failed == 1
    assert "1 failed" in digest.arms[0].sentence
    assert "\n  CT features of 2 patients" in digest.to_text()
    assert "the same command goes on" in digest.verdict


def test_three_broken_patients_have_three_causes() -> None:
    excluded = [
        ("P1", "CT", "the mask is empty"),
        ("P2", "CT", "MemoryError: Unable to allocate 3 GiB"),
        ("P3", "MRI", "P3_image.nii.gz cannot be read"),
    ]
    entries = [dict(zip(("patient_id", "modality", "cause"), e, strict=True)) for e in excluded]
    digest = make_digest(make_state(excluded=entries), STAGES)
    assert digest.ending == "complete"
    assert [cause.patients for cause in digest.left_out] == [("P1",), ("P2",), ("P3",)]
    assert all(cause.remedy for cause in digest.left_out)
    assert "Left out:\n  P1, CT: the mask is empty." in digest.to_text()


def test_one_cause_of_many_patients_is_one_line() -> None:
    causes = left_out((f"P{n}", "CT", f"P{n} has {n} slices, too few") for n in range(1, 31))
    assert len(causes) == 1
    assert causes[0].what.startswith("30 patients (P1, P2, P3 and 27 more), CT: ")
    failures = [
        Failed(TaskKey("extraction", "CT", f"P{n}"), f"OSError: /data/{n}/x.nii broken")
        for n in range(9)
    ]
    assert len(failed_tasks(failures, STAGES)) == 1
    assert (
        len(failed_tasks([*failures, Failed(TaskKey("extraction", "MRI", "P1"), "other")], STAGES))
        == 2
    )


def test_so_many_causes_are_cut() -> None:
    words = [f"{'abcdefghijklmnopqrstuvwxyz'[n]}{'x' * n}" for n in range(25)]
    failures = {
        f"extraction/CT/P{n}": {"state": "failed", "error": word} for n, word in enumerate(words)
    }
    digest = make_digest(make_state(tasks=failures, finished=None), STAGES)
    lines = dict(digest.sections())["Failed"]
    assert len(lines) == 21
    assert lines[-1] == "5 more causes are in log.txt."


@pytest.mark.parametrize(
    ("change", "running", "ending"),
    [
        ({}, True, "running"),
        ({"finished": None}, False, "stopped"),
        ({"tasks": {}}, False, "stopped"),
        ({"partial": {"splits": 3, "of": 4}}, False, "partial"),
        ({"partial": None}, False, "complete"),
    ],
)
def test_endings(change: dict[str, Any], running: bool, ending: str) -> None:
    digest = make_digest(
        make_state(**change), STAGES, running=running, now="2026-11-23T18:00:30+00:00"
    )
    assert digest.ending == ending
    assert digest.verdict.endswith(".")
    if running:
        assert "so far 30 s" in digest.to_text()
    if ending == "partial":
        assert digest.verdict.startswith("Partial: 3 of 4 splits in every arm.")


def test_a_run_that_just_began_has_a_digest() -> None:
    state = make_state(tasks={}, arms={}, errata=[], finished=None)
    for key in ("excluded", "errata", "order"):
        del state[key]
    digest = make_digest(state, STAGES)
    assert digest.arms[0].sentence == "CT: 0 of 4 splits done"
    assert digest.seconds is None
    assert "Started" in digest.to_text()


@pytest.mark.parametrize(
    ("error", "meaning", "remedy"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full", "Make room"),
        ("FileNotFoundError: x.nii.gz", "no longer where it was", "Put it back"),
        ("PermissionError: x.nii.gz", "may not be read", "Ask"),
        ("ValueError: odd", "ValueError: odd", ""),
        ("x" * 999, "...", ""),
    ],
)
def test_known_errors_have_a_remedy(error: str, meaning: str, remedy: str) -> None:
    why, what_to_do = explained(error)
    assert meaning in why
    assert what_to_do.startswith(remedy)
    assert len(why) < 400


def test_other_stages_are_named() -> None:
    (fingerprint,) = failed_tasks([Failed(TaskKey("fingerprint", "CT"), "odd")], STAGES)
    assert fingerprint.what == "The look at the images of CT failed: odd."
    assert "log.txt" in fingerprint.remedy
    (evaluation,) = failed_tasks(
        [Failed(TaskKey("evaluation", arm=arm), "odd") for arm in ("CT", "MRI")], STAGES
    )
    assert evaluation.what == "The evaluation of CT and MRI failed: odd."


def test_candidates_causes_are_plain() -> None:
    error = "numpy.linalg.LinAlgError: The covariance matrix of class n is not full rank. When"
    assert plain_cause(error).startswith("quadratic discriminant analysis")
    assert plain_cause("short") == "short"
    assert len(plain_cause("x" * 500)) < 120
