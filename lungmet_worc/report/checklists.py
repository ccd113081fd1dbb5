"""The items of CLEAR, METRICS and TRIPOD+AI: answered by the run, or for the authors.

The items are in ``checklist_*.toml``, each in a few words of our own with its official number;
the wording that counts is in the papers that are cited.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple

from lungmet_worc.display.language import Language

#: Each has a file ``checklist_<key>.toml`` and the section ``checklist-<key>`` of the report.
KEYS = ("clear", "metrics", "tripod")


class Item(NamedTuple):
    """One item of a checklist.

    Parameters
    ----------
    number : str
        As in the paper, such as "12a".
    text : str
        What the item asks for, in a few words.
    answer : str
        What this run answers, or that the item is for the authors.
    anchor : str
        The section of the report that shows it; "" for none.
    """

    number: str
    text: str
    answer: str
    anchor: str


@dataclass(frozen=True)
class Checklist:
    """A checklist with all its items, in their order.

    Parameters
    ----------
    key : {"clear", "metrics", "tripod"}
    name : str
        What it is called.
    citation : str
        The paper that it is from.
    items : tuple of Item
    """

    key: str
    name: str
    citation: str
    items: tuple[Item, ...]


def checklists(facts: Mapping[str, object], say: Language) -> list[Checklist]:
    """Return CLEAR, METRICS and TRIPOD+AI with what this run answers.

    No score is computed: how well an item is met is for the authors to judge.

    Parameters
    ----------
    facts : mapping of str to object
        Numbers, texts, and lists of texts. One that is not given counts as not so, and an answer
        that would show it is not given.
    say : Language
        Of the report.
    """
    known = {**facts, **_derived(facts)}
    return [
        Checklist(
            key,
            source["name"],
            source["citation"],
            tuple(_answered(item, known, say) for item in source["items"]),
        )
        for key, source in _sources().items()
    ]


def texts() -> set[str]:
    """Return every English text that `checklists` may say."""
    found = {"For the authors."}
    for source in _sources().values():
        for item in source["items"]:
            found |= {item["text"], *(answer["text"] for answer in item.get("answers", ()))}
    return found


def _derived(facts: Mapping[str, object]) -> dict[str, bool]:
    """Return what follows from other facts."""
    return {
        "has_images": bool(facts.get("modalities")),
        "has_clinical": bool(facts.get("clinical")),
        "has_subgroups": bool(facts.get("subgroups")),
        "has_centre": bool(facts.get("n_centres")),
        "has_permutations": bool(facts.get("n_permutations")),
        "several_arms": _length(facts.get("arms")) > 1,
        "several_modalities": _length(facts.get("modalities")) > 1,
        "leave_one_centre_out": facts.get("split_type") == "leave-one-centre-out",
        "random_splits": facts.get("split_type") == "random",
    }


def _length(value: object) -> int:
    return len(value) if isinstance(value, Sequence) and not isinstance(value, str) else 0


@cache
def _sources() -> dict[str, dict[str, Any]]:
    folder = Path(__file__).parent
    return {
        key: tomllib.loads((folder / f"checklist_{key}.toml").read_text("utf-8")) for key in KEYS
    }


def _answered(item: Mapping[str, Any], facts: Mapping[str, object], say: Language) -> Item:
    """Return an item with the first of its answers that holds."""
    text = say(item["text"])
    for answer in item.get("answers", ()):
        fields = {name for _, name, _, _ in Formatter().parse(answer["text"]) if name}
        if all(_holds(fact, facts) for fact in answer.get("when", ())) and fields <= set(facts):
            shown = {name: _shown(facts[name]) for name in fields}
            said = say(answer["text"], **shown)
            return Item(item["number"], text, said, answer.get("section", ""))
    return Item(item["number"], text, say("For the authors."), "")


def _holds(fact: str, facts: Mapping[str, object]) -> bool:
    """Return whether a fact holds; "not x" holds where x does not."""
    name = fact.removeprefix("not ")
    return bool(facts.get(name)) == (name == fact)


def _shown(value: object) -> object:
    """Return a list of names as one text, anything else as it is."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return value
