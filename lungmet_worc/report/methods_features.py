"""The sentences of the methods that tell what an arm was given: clinical columns and features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lungmet_worc.analyses.context import ReportContext
from lungmet_worc.display.language import Language
from lungmet_worc.display.wording import with_and
from lungmet_worc.report.references import Citations
from lungmet_worc.study.feature_groups import IMAGE_GROUPS

SAME = {"MR", "MRI"}
#: WORC's names of feature calculators -> reference and name of the toolbox.
TOOLBOXES = {"predict": "PREDICT", "pyradiomics": "PyRadiomics"}


def _of_arms(context: ReportContext) -> list[Mapping[str, Any]]:
    """Return the arms' entries in the study file; none if they are not known."""
    arms = context.settings.get("arms")
    return list(arms.values()) if isinstance(arms, Mapping) else []


def clinical_sentences(context: ReportContext, say: Language) -> list[str]:
    """Say which clinical columns entered and how they were coded.

    Parameters
    ----------
    context : ReportContext
    say : Language
    """
    arms = _of_arms(context)
    columns = list(dict.fromkeys(column for arm in arms for column in arm.get("clinical", ())))
    if not columns:
        return []
    entries = context.settings.get("clinical")
    entries = entries if isinstance(entries, Mapping) else {}
    by_kind: dict[str, list[str]] = {}
    for column in columns:
        by_kind.setdefault(str(entries.get(column, {}).get("kind") or ""), []).append(column)
    ordered = [
        f"{column} ({', '.join(entries[column].get('order', ()))})"
        for column in by_kind.get("ordered", ())
    ]
    named = {kind: with_and(names, say) for kind, names in by_kind.items()}
    found = [
        say("Clinical predictors were the columns {columns}.", columns=with_and(columns, say)),
    ]
    if "number" in named:
        found.append(say("We used {columns} as numbers.", columns=named["number"]))
    if "yes-no" in named:
        found.append(say("We coded {columns} as 1 for yes and 0 for no.", columns=named["yes-no"]))
    if ordered:
        found.append(
            say("We coded {columns} by rank, the lowest first.", columns=with_and(ordered, say))
        )
    if "unordered" in named:
        found.append(
            say(
                "We coded each value of {columns} as a column of its own that is 0 or 1.",
                columns=named["unordered"],
            )
        )
    if "" in named:
        found.append(
            say(
                "We coded {columns} by what they hold: numbers as they are, yes and no as 1 and 0, "
                "and any other value as a column of its own that is 0 or 1.",
                columns=named[""],
            )
        )
    allowed = [column for column in columns if entries.get(column, {}).get("outcome_like")]
    if allowed:
        found.append(
            say(
                "We let in {columns}, although such columns look as if they were known only "
                "after the outcome.",
                columns=with_and(allowed, say),
            )
        )
    return found


def feature_sentences(context: ReportContext, say: Language, cite: Citations) -> list[str]:
    """Say what was extracted from which images.

    Parameters
    ----------
    context : ReportContext
    say : Language
    cite : Citations
    """
    if not context.modalities and not context.sources:
        return []
    images = with_and(
        [
            say.modality(name)
            if name == kind or {name, kind} == SAME
            else say("{modality} (processed as {kind})", modality=say.modality(name), kind=kind)
            for name, kind in context.modalities.items()
        ],
        say,
    )
    arms = [arm for arm in _of_arms(context) if arm.get("modalities")]
    if arms and all(arm.get("features") == "volume" for arm in arms):
        return [
            say("The tumour volume was taken from the segmentation on {images}.", images=images)
        ]
    used = context.settings.get("toolboxes", tuple(TOOLBOXES))
    names = list(used) if isinstance(used, list | tuple) else []
    toolboxes = [
        f"{with_version(context, TOOLBOXES[name])} {cite(name)}"
        for name in TOOLBOXES
        if name in names
    ]
    found = [say.of(text) for text in context.sources]
    if context.modalities:
        extracted = say(
            "Features of the segmented tumour on {images} were extracted through WORC with "
            "{toolboxes}.",
            images=images,
            toolboxes=with_and(toolboxes, say),
        )
        found.insert(0, extracted)
    if any(arm.get("features") == "volume" for arm in arms):
        found.append(say("Volume arms have the tumour volume of these features only."))
    groups = {
        group
        for arm in arms
        for group in IMAGE_GROUPS
        if arm.get("features") not in ("all", "volume") and group in arm.get("features", ())
    }
    if groups:
        found.append(
            say(
                "Arms limited to groups of features (shape, orientation, intensity, texture or "
                "filtered images) have the features whose names in WORC belong to them."
            )
        )
    if any(arm.get("missing") == "impute" for arm in arms):
        found.append(
            say(
                "Features of missing scans were imputed by WORC from the training patients of "
                "each split."
            )
        )
    return found


def combat_sentences(context: ReportContext, say: Language, cite: Citations) -> list[str]:
    """Say which features were harmonised, and that this step has seen the test patients.

    Parameters
    ----------
    context : ReportContext
    say : Language
    cite : Citations
    """
    combat = context.settings.get("combat")
    if not isinstance(combat, Mapping) or not combat:
        return []
    found = []
    for modality, entry in combat.items():
        covariates = [str(column) for column in entry.get("covariates", ())]
        fields = {
            "modality": say.modality(modality),
            "batch": str(entry.get("batch", "")),
            "cited": cite("johnson", "fortin"),
            "covariates": with_and(covariates, say),
        }
        if covariates:
            found.append(
                say(
                    "Features of {modality} were harmonised over {batch} with ComBat {cited}, "
                    "keeping differences by {covariates}.",
                    **fields,
                )
            )
        else:
            found.append(
                say(
                    "Features of {modality} were harmonised over {batch} with ComBat {cited}.",
                    **fields,
                )
            )
    found.append(
        say(
            "WORC fits ComBat on all patients before they are split, so that this step has seen "
            "the test patients and performance may be estimated too high."
        )
    )
    return found


def with_version(context: ReportContext, package: str) -> str:
    """Return a package with its version, if that is known.

    Parameters
    ----------
    context : ReportContext
    package : str
    """
    by_name = {name.lower(): version for name, version in context.versions.items()}
    version = by_name.get(package.lower())
    return f"{package} {version}" if version else package
