"""How fast a run goes, and watching it."""

from __future__ import annotations

import io
import re
import sys
from typing import Any, cast

import pytest

from lungmet_worc.analyses.run.digest import make_digest
from lungmet_worc.cli import status
from lungmet_worc.display.language import language
from lungmet_worc.pipeline.pace import stage_paces
from lungmet_worc.pipeline.run import Run
from lungmet_worc.pipeline.stages import STAGES
from tests.analyses.run.test_digest import make_state


def running(done: int, failed: int = 0) -> dict[str, Any]:
    """Return a state in the middle of an extraction of ten patients."""
    entries = [{"state": "done", "seconds": 3.0}] * done
    entries += [{"state": "failed", "seconds": 1.0, "error": "odd"}] * failed
    entries += [{"state": "to do"}] * (10 - done - failed)
    tasks = {f"extraction/CT/P{n}": entry for n, entry in enumerate(entries)}
    return make_state(tasks=tasks, finished=None, cores=2)


def test_rates_and_time_left() -> None:
    extraction, search = stage_paces(running(4, failed=1))
    assert (extraction.done, extraction.to_do, extraction.failed) == (4, 5, 1)
    assert extraction.per_minute == pytest.approx(40)
    assert extraction.seconds_left == pytest.approx(7.5)
    assert extraction.sentence == "extraction 4 of 10 done, 40 a minute, about 8 s left, 1 failed"
    assert (search.stage, search.to_do, search.seconds_left) == ("search", 8, None)
    assert stage_paces(make_state(tasks={})) == []
    (search,) = stage_paces(make_state())
    assert (search.done, search.seconds_left) == (8, 0.0)


def test_the_text_of_a_running_run() -> None:
    state = running(4)
    digest = make_digest(state, STAGES, running=True, now="2026-11-23T18:10:00+00:00")
    text = status.status_text(digest, stage_paces(state))
    assert "Running." in text
    assert "extraction          4        6        0           40   about 9 s" in text
    assert "search              0        8        0            ?   ?" in text


def test_the_text_in_dutch() -> None:
    digest = make_digest(running(4), STAGES, running=True, now="2026-11-23T18:10:00+00:00")
    text = status.status_text(digest, stage_paces(running(4)), language("nl"))
    assert "te doen" in text
    assert "ongeveer 9 s" in text


class Watched:
    """A run that is a step further whenever one looks."""

    def __init__(self, *states: dict[str, Any]) -> None:
        self.states = list(states)

    def digest(self) -> Any:
        last = len(self.states) == 1
        return make_digest(
            self.states[0], STAGES, running=not last, now="2026-11-23T18:10:00+00:00"
        )

    def paces(self) -> Any:
        return stage_paces(self.states[0] if len(self.states) == 1 else self.states.pop(0))


def watched(*states: dict[str, Any]) -> Run:
    return cast("Run", Watched(*states))


def test_a_line_for_each_change_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    steps = (make_state(tasks={}), running(1), running(1), running(2), make_state())
    status.watch(watched(*steps), interval=0)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "checking"
    assert [line.partition(" done")[0] for line in lines[1:3]] == [
        "extraction 1 of 10", "extraction 2 of 10",
    ]  # fmt: skip
    assert lines[3].endswith("Complete.")


def test_what_comes_after_the_tasks_is_not_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    done = make_state()
    done["tasks"]["evaluation/MRI"] = {"state": "done", "stamp": "x"}
    status.watch(watched(make_state(tasks={}), done, make_state()), interval=0)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["checking", "all tasks are done, the report comes next"]


def test_a_terminal_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    status.watch(watched(running(1), running(2), make_state()), interval=0)
    screens = terminal.getvalue().split("\x1b[H\x1b[2J")[1:]
    assert len(screens) == 3
    assert "Running." in screens[0]
    assert "Complete." in screens[2]


def test_ctrl_c_ends_the_watching_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(status.time, "sleep", interrupt)
    status.watch(watched(running(1), make_state()))
    assert "The run goes on" in capsys.readouterr().out


def test_a_stopped_run_says_how_to_go_on() -> None:
    state = {**running(4), "study_file": "my study.toml"}
    text = status.status_text(make_digest(state, STAGES), stage_paces(state), folder="/runs/one")
    assert "Stopped before its end" in text
    assert re.search(r"^extraction +4 +6 +0$", text, re.MULTILINE)
    last = text.splitlines()[-1]
    assert last.endswith("lungmet run 'my study.toml' --out /runs/one")
    by_script = status.status_text(
        make_digest(running(4), STAGES), stage_paces(state), folder="/runs/one"
    )
    assert by_script.splitlines()[-1].startswith("Go on: run the same script again")
    done = status.status_text(
        make_digest(make_state(), STAGES), stage_paces(make_state()), folder="/runs/one"
    )
    assert "Go on" not in done


def test_a_run_of_one_stage_did_not_stop() -> None:
    """All that was asked for is done."""
    state = {**running(10), "finished": "2026-11-23T19:01:00+00:00", "only": "extraction"}
    digest = make_digest(state, STAGES)
    assert digest.verdict.startswith("The extraction is done, as asked for")
    text = status.status_text(digest, stage_paces(state), folder="/runs/one")
    assert "Stopped" not in text
    assert "Go on" in text
    killed = make_digest({**state, "finished": None}, STAGES)
    assert killed.verdict.startswith("Stopped before its end")
    searched = make_digest({**make_state(), "only": "search"}, STAGES)
    assert searched.verdict.startswith("The search is done, as asked for")
    whole = make_digest({**make_state(), "only": "report"}, STAGES)
    assert whole.verdict == "Complete."


def test_a_run_that_stopped_in_its_check() -> None:
    state = make_state(tasks={}, finished=None, arms={})
    text = status.status_text(make_digest(state, STAGES), stage_paces(state), folder="/runs/one")
    assert "No task has begun yet" in text
    assert "to do" not in text


def test_one_patient_is_one_patient() -> None:
    one = {"n_patients": 1, "n_events": 1, "n_left_out": 1}
    digest = make_digest(make_state(arms={"MRI": one, "CT": one}), STAGES)
    assert digest.arms[0].sentence.startswith("MRI: 1 patient, 1 with the outcome")
    assert digest.arms[0].sentence.endswith("; 1 patient left out")


def test_every_stage_is_shown_in_the_order_of_the_run() -> None:
    entry = {"state": "done", "stamp": "x", "seconds": 1.0}
    keys = ["search/CT/0", "evaluation/CT", "harmonisation/CT", "settings/CT", "extraction/CT/P1"]
    state = make_state(tasks=dict.fromkeys(keys, entry), finished=None)
    paces = stage_paces(state)
    shown = ["extraction", "settings", "harmonisation", "search", "evaluation"]
    assert [pace.stage for pace in paces] == shown
    text = status.status_text(make_digest(state, STAGES), paces, language("nl"))
    assert "harmonisatie" in text
