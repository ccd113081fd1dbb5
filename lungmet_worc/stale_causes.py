"""Why a task is stale, in words: what its output was made from against what it would be now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lungmet_worc.made_from import MadeFrom
from lungmet_worc.tasks import Task
from lungmet_worc.worc.settings import SET_ELSEWHERE
from lungmet_worc.worc.storage import read_stamp

Ingredients = Mapping[str, Any]

_NAMED = 3
_MOST_SETTINGS = 5
_LONGEST = 40
_WHO = "%"
_CLINICAL = ("SelectFeatGroup", "semantic_features")

_UNKNOWN = "it was made by an earlier version, or from something of which no record is kept"
_ORDER = (
    "patients are now taken in the order of their ids, whatever the order of the rows of the "
    "manifest"
)
_OTHERWISE = "the splits are drawn otherwise"
_REVISION = "this version of lungmet_worc computes it otherwise"


@dataclass(frozen=True)
class Cause:
    """One thing that changed.

    Parameters
    ----------
    what : str
        The change in words; ``%`` stands for the patients.
    patients : tuple of str
        Whose it is; empty where it is nobody's in particular.
    """

    what: str
    patients: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the change as a sentence without its full stop."""
        return self.what.replace(_WHO, named(self.patients)) if self.patients else self.what


@dataclass(frozen=True)
class StaleTasks:
    """The stale tasks of a stage that have one cause.

    Parameters
    ----------
    stage : str
        The stage.
    number : int
        How many tasks.
    of : tuple of str
        The modalities or arms that they belong to.
    cause : Cause
        What changed.
    """

    stage: str
    number: int
    of: tuple[str, ...]
    cause: Cause

    def __str__(self) -> str:
        """Return the tasks and their cause as one line."""
        tasks = "1 task" if self.number == 1 else f"{self.number} tasks"
        return f"{self.stage}, {tasks} ({', '.join(self.of)}): {self.cause}"


def stale_tasks(tasks: Sequence[Task], record: MadeFrom) -> list[StaleTasks]:
    """Return why tasks are stale, those with one cause together.

    Parameters
    ----------
    tasks : sequence of Task
        Stale tasks.
    record : MadeFrom
        What the outputs on disk were made from, and what all tasks would be made from now.
    """
    number: dict[tuple[str, str], int] = {}
    of: dict[tuple[str, str], dict[str, None]] = {}
    patients: dict[tuple[str, str], dict[str, None]] = {}
    for task in tasks:
        causes = _causes(task.key, record.of(read_stamp(task.output)), task.ingredients, record)
        for what, who in _merged(causes).items():
            group = (task.stage, what)
            number[group] = number.get(group, 0) + 1
            of.setdefault(group, {})[task.key.split("/")[1]] = None
            patients.setdefault(group, {}).update(dict.fromkeys(who))
    return [
        StaleTasks(stage, number[stage, what], tuple(of[stage, what]),
                   Cause(what, tuple(patients[stage, what])))
        for stage, what in number
    ]  # fmt: skip


def named(patients: Sequence[str]) -> str:
    """Return patients as in a sentence: the first three, and how many more."""
    more = len(patients) - _NAMED
    if more > 0:
        return f"{', '.join(patients[:_NAMED])} and {more} more"
    return " and ".join(part for part in (", ".join(patients[:-1]), patients[-1]) if part)


def _merged(causes: Sequence[Cause]) -> dict[str, list[str]]:
    merged: dict[str, list[str]] = {}
    for cause in causes:
        merged.setdefault(cause.what, []).extend(cause.patients)
    return merged


def _causes(key: str, old: Ingredients | None, new: Ingredients, record: MadeFrom) -> list[Cause]:
    """Return what differs between the ingredients of a task's output and those it has now."""
    if not old:
        return [Cause(_UNKNOWN)]
    stage, of = key.split("/")[:2]
    found = [*_versions(old, new), *_patients(stage, of, old, new)]
    if stage == "extraction":
        found += _images(of, (key.split("/", 2)[2],), old, new)
    found += _features(old, new, record)
    found += _harmonised(of, old, new, record)
    found += _clinical(of, old, new)
    found += _study(stage, of, old, new)
    if stage == "evaluation":
        found += _results(old, new)
    if not found:
        found.append(Cause(_OTHERWISE if stage == "search" else _ORDER))
    return list(dict.fromkeys(found))


def _versions(old: Ingredients, new: Ingredients) -> Iterator[Cause]:
    if old.get("revision") != new.get("revision"):
        yield Cause(_REVISION)
    before, after = old.get("versions") or {}, new.get("versions") or {}
    for name in after:
        if before.get(name) != after[name]:
            yield Cause(f"{name} was {before.get(name, 'not used')}, is {after[name]}")


def _patients(stage: str, of: str, old: Ingredients, new: Ingredients) -> Iterator[Cause]:
    before, after = old.get("patients") or [], new.get("patients") or []
    place = "the modality" if stage == "fingerprint" else "the arm"
    entered = tuple(name for name in after if name not in set(before))
    left = tuple(name for name in before if name not in set(after))
    for who, verb in ((entered, "entered"), (left, "left")):
        if who:
            yield Cause(f"{'a patient' if len(who) == 1 else 'patients'} {verb} {place}: %", who)
    if not entered and not left and before != after:
        yield Cause(_ORDER)
    for kind, word in (("images", "image"), ("masks", "mask")):
        yield from _differing(f"the {of} {word} of % changed", old.get(kind), new.get(kind))
    yield from _differing("the outcome of % changed", old.get("outcomes"), new.get("outcomes"))


def _images(of: str, patient: tuple[str, ...], old: Ingredients, new: Ingredients) -> list[Cause]:
    return [
        Cause(f"the {of} {part} of % changed", patient)
        for part in ("image", "mask")
        if old.get(part) != new.get(part)
    ]


def _features(old: Ingredients, new: Ingredients, record: MadeFrom) -> Iterator[Cause]:
    """Follow features that were made again to why they were."""
    before, after = old.get("features_of") or {}, new.get("features_of") or {}
    for name in (one for one in after if one in before and before[one] != after[one]):
        modality, _, patient = name.partition("/")
        made, making = record.of(before[name]), record.of(after[name])
        if made and making:
            yield from _causes(f"extraction/{name}", made, making, record)
        else:
            yield Cause(f"the {modality} features of % are made again", (patient,))
    ids = set(old.get("patients") or ()) & set(new.get("patients") or ())
    for names, verb in ((after.keys() - before.keys(), "is new"),
                        (before.keys() - after.keys(), "is no longer used")):  # fmt: skip
        for name in sorted(names):
            modality, _, patient = name.partition("/")
            if patient in ids:
                yield Cause(f"the {modality} scan of % {verb}", (patient,))


def _harmonised(of: str, old: Ingredients, new: Ingredients, record: MadeFrom) -> Iterator[Cause]:
    """Follow features that ComBat harmonises again to why it does."""
    yield from _differing(f"the ComBat batch of % ({of}) changed", old.get("batches"),
                          new.get("batches"))  # fmt: skip
    before, after = old.get("combat"), new.get("combat")
    if before != after:
        yield Cause(_was(f"[modalities.{of}.combat] batch and covariates", before, after))
    for column, values in (new.get("covariates") or {}).items():
        earlier = (old.get("covariates") or {}).get(column)
        yield from _differing(f"{column} of % changed", earlier, values)
    before, after = old.get("harmonised") or {}, new.get("harmonised") or {}
    for modality in dict.fromkeys([*after, *before]):
        one, other = before.get(modality), after.get(modality)
        made, making = record.of(one or ""), record.of(other or "")
        if one and other and one != other and made and making:
            yield from _causes(f"harmonisation/{modality}", made, making, record)
        elif one != other:
            said = "is new" if not one else "is no longer used" if not other else "is made again"
            yield Cause(f"ComBat of {modality} {said}")


def _clinical(of: str, old: Ingredients, new: Ingredients) -> Iterator[Cause]:
    if old.get("clinical") != new.get("clinical"):
        yield Cause(_was(f"[arms.{of}] clinical", old.get("clinical"), new.get("clinical")))
    else:
        before, after = old.get("clinical_of"), new.get("clinical_of")
        yield from _differing("clinical data of % changed", before, after)


def _study(stage: str, of: str, old: Ingredients, new: Ingredients) -> Iterator[Cause]:
    names = {
        "label": f"[modalities.{of}] label",
        "modalities": f"[arms.{of}] modalities",
        "features": f"[arms.{of}] features",
        "outcome": "[study] outcome",
        "seed": "[search] seed",
        "worc_compat": "[search] worc_compat",
    }
    for part, name in names.items():
        if part in new and old.get(part) != new[part]:
            yield Cause(_was(name, old.get(part), new[part]))
    changes = [
        *changed_settings(old.get("settings"), new.get("settings")).items(),
        *changed_settings(old.get("overrides"), new.get("overrides")).items(),
    ]
    # That clinical columns are used follows from their names, which the search has beside it.
    follows = _CLINICAL if stage == "search" else None
    changes = [(place, values) for place, values in changes if place != follows]
    said = list(dict.fromkeys(_setting(of, *place, *values) for place, values in changes))
    # A setting and its override are one change to the user.
    said = list({text.partition(" was ")[0]: text for text in reversed(said)}.values())[::-1]
    yield from map(Cause, said[:_MOST_SETTINGS])
    if len(said) > _MOST_SETTINGS:
        yield Cause(f"{len(said) - _MOST_SETTINGS} more settings changed")


def _results(old: Ingredients, new: Ingredients) -> Iterator[Cause]:
    before, after = len(old.get("splits") or ()), len(new.get("splits") or ())
    if before != after:
        yield Cause(f"it is of {before} splits, now of {after}")
    else:
        yield Cause("its splits are made again")


def changed_settings(
    before: Mapping[str, Mapping[str, str]] | None, after: Mapping[str, Mapping[str, str]] | None
) -> dict[tuple[str, str], tuple[str | None, str | None]]:
    """Return (section, key) -> (old, new) of WORC's settings that differ, None if not set."""
    old, new = before or {}, after or {}
    found = {}
    for section in dict.fromkeys([*new, *old]):
        one, other = old.get(section, {}), new.get(section, {})
        for key in dict.fromkeys([*other, *one]):
            if one.get(key) != other.get(key):
                found[section, key] = (one.get(key), other.get(key))
    return found


def _setting(of: str, section: str, key: str, old: str | None, new: str | None) -> str:
    if (section, key) == _CLINICAL:
        return f"[arms.{of}] clinical changed"
    name = SET_ELSEWHERE.get((section, key), f"[worc.{section}] {key}")
    return _was(name.replace("<name>", of), old, new)


def _was(name: str, old: object, new: object) -> str:
    texts = [_text(old), _text(new)]
    if max(map(len, texts)) > _LONGEST:
        return f"{name} changed"
    return f"{name} was {texts[0]}, is {texts[1]}"


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "not set" if value is None else str(value)


def _differing(what: str, old: Any, new: Any) -> Iterator[Cause]:
    """Return the patients in both mappings whose values differ."""
    before, after = old or {}, new or {}
    who = tuple(name for name in after if name in before and before[name] != after[name])
    if who:
        yield Cause(what, who)
