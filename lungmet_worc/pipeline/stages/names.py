"""How the stages of a run are called where people read of them."""

from __future__ import annotations

from lungmet_worc.basics.sentences import Sentence

_NAMES = {
    "fingerprint": Sentence("fingerprint"),
    "extraction": Sentence("extraction"),
    "settings": Sentence("settings"),
    "harmonisation": Sentence("harmonisation"),
    "search": Sentence("search"),
    "permutation": Sentence("permutation"),
    "evaluation": Sentence("evaluation"),
    "report": Sentence("report"),
}

_ACTIVITIES = {
    "check": Sentence("Checking"),
    "fingerprint": Sentence("Looking at the images"),
    "extraction": Sentence("Extracting features"),
    "settings": Sentence("Preparing the arms"),
    "harmonisation": Sentence("Harmonising features"),
    "search": Sentence("Searching workflows"),
    "permutation": Sentence("Permuting outcomes"),
    "evaluation": Sentence("Evaluating"),
    "report": Sentence("Writing the report"),
}


def stage_name(stage: str) -> str:
    """Return a stage as it stands in a table."""
    return _NAMES.get(stage, stage)


def stage_activity(stage: str) -> str:
    """Return what is being done in a stage, for example "Extracting features"."""
    return _ACTIVITIES.get(stage, stage)
