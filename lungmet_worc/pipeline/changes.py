"""What changed between the ingredients of two outputs, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.basics.words import cut_short, named
from lungmet_worc.study.sources.images import ImageSource
from lungmet_worc.study.sources.kinds import SOURCES
from lungmet_worc.study.worc_settings import SET_ELSEWHERE
from lungmet_worc.tasks.run_folder.made_from import MadeFrom
from lungmet_worc.tasks.task import TaskKey

Ingredients = Mapping[str, Any]

_MOST_SETTINGS = 5
_LONGEST = 40
#: Stands for the patients in a cause that has not yet met all of them.
_WHO = "%"
_CLINICAL = ("SelectFeatGroup", "semantic_features")

UNKNOWN = Sentence(
    "it was made by an earlier version, or from something of which no record is kept"
)
_ORDER = Sentence(
    "patients are now taken in the order of their ids, whatever the order of the rows of the "
    "manifest"
)
_OTHERWISE = Sentence("the splits are drawn otherwise")
_ENTERED = (
    Sentence("new in the modality: {who}", who=_WHO),
    Sentence("new in the arm: {who}", who=_WHO),
)
_LEFT = (
    Sentence("no longer in the modality: {who}", who=_WHO),
    Sentence("no longer in the arm: {who}", who=_WHO),
)
_REVISION = Sentence("this version of lungmet_worc computes it otherwise")


@dataclass(frozen=True)
class Cause:
    """One thing that changed.

    Parameters
    ----------
    what : Sentence
        The change in words, without a full stop; its field ``who`` stands for the patients.
    patients : tuple of str
        Whose it is; empty where it is nobody's in particular.
    """

    what: Sentence
    patients: tuple[str, ...] = ()

    @property
    def sentence(self) -> Sentence:
        """Return the change with the patients in it."""
        if not self.patients:
            return self.what
        return Sentence(self.what.template, **{**self.what.fields, "who": named(self.patients)})


def changes(
    key: TaskKey, old: Ingredients | None, new: Ingredients, record: MadeFrom
) -> list[Cause]:
    """Return what differs between the ingredients of a task's output and those it has now."""
    if not old:
        return [Cause(UNKNOWN)]
    of, data = key.of, _data(key)
    found = [*_versions(old, new), *_patients(key, old, new)]
    found += [
        Cause(what, (key.patient,)) for name, what in data.items() if old.get(name) != new.get(name)
    ]
    found += _features(old, new, record)
    found += _harmonised(of, old, new, record)
    found += _clinical(of, old, new)
    found += _study(of, old, {name: new[name] for name in new if name not in data})
    if "results" in new:
        found += _results(old, new)
    if not found:
        found.append(Cause(_OTHERWISE if "seed" in new else _ORDER))
    return list(dict.fromkeys(found))


def _versions(old: Ingredients, new: Ingredients) -> Iterator[Cause]:
    if old.get("revision") != new.get("revision"):
        yield Cause(_REVISION)
    before, after = old.get("versions") or {}, new.get("versions") or {}
    for name in after:
        if before.get(name) != after[name]:
            yield Cause(_was(name, before.get(name, Sentence("not used")), after[name]))


def _patients(key: TaskKey, old: Ingredients, new: Ingredients) -> Iterator[Cause]:
    before, after = old.get("patients") or [], new.get("patients") or []
    entered = tuple(name for name in after if name not in set(before))
    left = tuple(name for name in before if name not in set(after))
    for who, in_modality, in_arm in ((entered, *_ENTERED), (left, *_LEFT)):
        if who:
            yield Cause(in_modality if key.modality else in_arm, who)
    if not entered and not left and before != after:
        yield Cause(_ORDER)
    for kind, part in (("images", "image"), ("masks", "mask")):
        what = _of(ImageSource.changed[part], key.of)
        yield from _differing(what, old.get(kind), new.get(kind))
    what = Sentence("the outcome of {who} changed", who=_WHO)
    yield from _differing(what, old.get("outcomes"), new.get("outcomes"))


def _data(key: TaskKey) -> dict[str, Sentence]:
    """Return each of the data of a patient by name -> that it changed."""
    kinds = SOURCES.values() if key.patient else ()
    return {name: _of(what, key.of) for kind in kinds for name, what in kind.changed.items()}


def _of(what: Sentence, modality: str) -> Sentence:
    return Sentence(what.template, modality=modality, who=_WHO)


def _features(old: Ingredients, new: Ingredients, record: MadeFrom) -> Iterator[Cause]:
    """Follow features that were made again to why they were."""
    before, after = old.get("features_of") or {}, new.get("features_of") or {}
    for name in (one for one in after if one in before and before[one] != after[one]):
        key = TaskKey.parse(f"extraction/{name}")
        made, making = record.of(before[name]), record.of(after[name])
        if made and making:
            yield from changes(key, made, making, record)
        else:
            what = Sentence(
                "the {modality} features of {who} are made again", modality=key.modality, who=_WHO
            )
            yield Cause(what, (key.patient,))
    ids = set(old.get("patients") or ()) & set(new.get("patients") or ())
    for name in sorted(after.keys() ^ before.keys()):
        key = TaskKey.parse(f"extraction/{name}")
        if key.patient in ids:
            yield Cause(_scan(key.modality, new=name in after), (key.patient,))


def _scan(modality: str, *, new: bool) -> Sentence:
    if new:
        return Sentence("the {modality} scan of {who} is new", modality=modality, who=_WHO)
    return Sentence("the {modality} scan of {who} is no longer used", modality=modality, who=_WHO)


def _harmonised(of: str, old: Ingredients, new: Ingredients, record: MadeFrom) -> Iterator[Cause]:
    """Follow features that ComBat harmonises again to why it does."""
    what = Sentence("the ComBat batch of {who} ({modality}) changed", who=_WHO, modality=of)
    yield from _differing(what, old.get("batches"), new.get("batches"))
    before, after = old.get("combat"), new.get("combat")
    if before != after:
        name = Sentence("[modalities.{modality}.combat] batch and covariates", modality=of)
        yield Cause(_was(name, before, after))
    for column, values in (new.get("covariates") or {}).items():
        earlier = (old.get("covariates") or {}).get(column)
        what = Sentence("{column} of {who} changed", column=column, who=_WHO)
        yield from _differing(what, earlier, values)
    before, after = old.get("harmonised") or {}, new.get("harmonised") or {}
    for modality in dict.fromkeys([*after, *before]):
        one, other = before.get(modality), after.get(modality)
        made, making = record.of(one or ""), record.of(other or "")
        if one and other and one != other and made and making:
            yield from changes(TaskKey("harmonisation", modality), made, making, record)
        elif one != other:
            yield Cause(_combat(modality, one, other))


def _combat(modality: str, before: str | None, after: str | None) -> Sentence:
    if not before:
        return Sentence("ComBat of {modality} is new", modality=modality)
    if not after:
        return Sentence("ComBat of {modality} is no longer used", modality=modality)
    return Sentence("ComBat of {modality} is made again", modality=modality)


def _clinical(of: str, old: Ingredients, new: Ingredients) -> Iterator[Cause]:
    if old.get("clinical") != new.get("clinical"):
        yield Cause(_was(f"[arms.{of}] clinical", old.get("clinical"), new.get("clinical")))
    else:
        before, after = old.get("clinical_of"), new.get("clinical_of")
        what = Sentence("clinical data of {who} changed", who=_WHO)
        yield from _differing(what, before, after)


def _study(of: str, old: Ingredients, new: Ingredients) -> Iterator[Cause]:
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
    follows = _CLINICAL if "clinical" in new else None
    changes = [(place, values) for place, values in changes if place != follows]
    # A setting and its override are one change to the user.
    said: dict[str, Sentence] = {}
    for place, values in changes:
        said.setdefault(_setting_name(of, *place), _setting(of, *place, *values))
    yield from map(Cause, cut_short(list(said.values()), _MOST_SETTINGS, _more_settings))


def _more_settings(n: int) -> Sentence:
    return Sentence.plural(n, "{n} more setting changed", "{n} more settings changed")


def _results(old: Ingredients, new: Ingredients) -> Iterator[Cause]:
    before, after = len(old.get("splits") or ()), len(new.get("splits") or ())
    if before != after:
        yield Cause(
            Sentence("it is of {before} splits, now of {after}", before=before, after=after)
        )
    else:
        yield Cause(Sentence("its splits are made again"))


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


def _setting_name(of: str, section: str, key: str) -> str:
    if (section, key) == _CLINICAL:
        return f"[arms.{of}] clinical"
    name = SET_ELSEWHERE.get((section, key), f"[worc.{section}] {key}")
    return name.replace("<name>", of)


def _setting(of: str, section: str, key: str, old: str | None, new: str | None) -> Sentence:
    name = _setting_name(of, section, key)
    if (section, key) == _CLINICAL:
        return Sentence("{name} changed", name=name)
    return _was(name, old, new)


def _was(name: str, old: object, new: object) -> Sentence:
    before, after = _text(old), _text(new)
    if max(len(before), len(after)) > _LONGEST:
        return Sentence("{name} changed", name=name)
    return Sentence("{name} was {before}, is {after}", name=name, before=before, after=after)


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or Sentence("none")
    return Sentence("not set") if value is None else value if isinstance(value, str) else str(value)


def _differing(what: Sentence, old: Any, new: Any) -> Iterator[Cause]:
    """Return the patients in both mappings whose values differ."""
    before, after = old or {}, new or {}
    who = tuple(name for name in after if name in before and before[name] != after[name])
    if who:
        yield Cause(what, who)
