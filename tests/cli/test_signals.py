"""Signals stop a command once, and without a traceback."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from lungmet_worc.cli import main, signals
from lungmet_worc.cli.signals import Stopped, stopped_by_signals

ALL = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = [signal.getsignal(number) for number in ALL]
    # Tests that were started in the background ignore Ctrl-C, those under nohup SIGHUP.
    for number in ALL:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in zip(ALL, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize(("number", "status"), list(zip(ALL, (130, 143, 129), strict=True)))
def test_a_signal_stops_and_a_second_one_does_not_disturb(number: int, status: int) -> None:
    cleaned = False
    with pytest.raises(Stopped) as caught, stopped_by_signals():
        try:
            os.kill(os.getpid(), number)
        finally:
            os.kill(os.getpid(), number)
            cleaned = True
    os.kill(os.getpid(), number)  # while the last words are printed
    assert cleaned
    assert caught.value.exit_code == status


def test_a_stop_that_was_lost_can_be_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "STOPPING", -1.0)
    with pytest.raises(Stopped), stopped_by_signals():
        with pytest.raises(Stopped):
            os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)


def test_what_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with stopped_by_signals():
        os.kill(os.getpid(), signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in ALL]
    with stopped_by_signals():
        assert signal.getsignal(signal.SIGTERM) not in before
    assert [signal.getsignal(number) for number in ALL] == before


def test_the_command_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def init(folder: object, **options: str) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("lungmet_worc.cli.init.init_study", init)
    assert main(["init", "somewhere"]) == 143
    assert "the same command goes on from there" in capsys.readouterr().err
