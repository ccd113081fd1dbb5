"""The methods paragraphs and the references, written from the settings of a study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lungmet_worc.analyses.comparison.statistics import BOOTSTRAP_NAME, DELONG_NAME
from lungmet_worc.analyses.context import Cite, ReportContext
from lungmet_worc.analyses.registry import ordered, parts
from lungmet_worc.analyses.untested.sentences import untested_sentences
from lungmet_worc.display.language import ENGLISH, Language, later
from lungmet_worc.display.wording import count_word, with_and
from lungmet_worc.report.methods_features import (
    clinical_sentences,
    combat_sentences,
    feature_sentences,
    with_version,
)
from lungmet_worc.report.references import Citations

SCORES = {
    "f1_weighted": later("weighted F1 score"),
    "f1": later("F1 score"),
    "auc": later("AUC"),
    "roc_auc": later("AUC"),
}
#: Whose sentences tell how performance was estimated, in their order.
PERFORMANCE = ("performance", "thresholds", "calibration", "decision")
#: Whose sentences come first in the next paragraph; those of a new analysis stand behind them.
OTHERS = ("comparison", "permutations", "subgroups", "explanation", "features", "power")
#: Packages that a reader of a paper wants to know beside those that are cited.
SOFTWARE = ("lungmet_worc", "scikit-learn", "xgboost", "SimpleITK")


class Methods(NamedTuple):
    """The methods of a study as in a paper.

    Parameters
    ----------
    paragraphs : list of str
        "[1]" counts `references`.
    references : list of str
        In the order in which they are cited.
    """

    paragraphs: list[str]
    references: list[str]


def methods(context: ReportContext, say: Language = ENGLISH) -> Methods:
    """Describe how the study was done; what was not done, or is not known, is left out.

    Parameters
    ----------
    context : ReportContext
        Beside the settings of the search, ``settings`` may have: ``arms`` (arm -> its entry in
        the study file), ``clinical`` (column -> its entry), ``combat`` (modality -> batch,
        covariates), ``centre`` (column), ``statistics``, and ``toolboxes`` (those that features
        were extracted with, "predict" or "pyradiomics").
    say : Language
    """
    cite = Citations()
    paragraphs = (
        (_aim(context, say, cite), _arms(context, say), _patients(context, say)),
        (
            *clinical_sentences(context, say),
            *feature_sentences(context, say, cite),
            *combat_sentences(context, say, cite),
        ),
        (_search(context, say), _ensemble(context.settings, say), _compat(context.settings, say)),
        (_splits(context, say), *_performance(context, say, cite)),
        (*_others(context, say, cite), _checklists(say, cite), _software(context, say)),
    )
    texts = [" ".join(filter(None, paragraph)) for paragraph in paragraphs]
    return Methods([text for text in texts if text], cite.listed())


def _aim(context: ReportContext, say: Language, cite: Cite) -> str:
    """Say what was predicted with which package."""
    return say(
        "We asked whether {outcome} can be predicted with workflows that the package {worc} "
        "(Workflow for Optimal Radiomics Classification) {cited} searches and combines "
        "automatically.",
        outcome=context.outcome,
        worc=with_version(context, "WORC"),
        cited=cite("worc"),
    )


def _arms(context: ReportContext, say: Language) -> str:
    """Say what was compared."""
    if not context.arms:
        return ""
    described = [f"{say.arm(a)} ({_lower_first(text)})" for a, text in context.arms.items()]
    if len(described) == 1:
        return say("One arm was studied: {arm}.", arm=described[0])
    count = count_word(len(described), say)
    return say(
        "{Count} arms were studied: {arms}.",
        Count=count[:1].upper() + count[1:],
        arms=with_and(described, say),
    )


def _patients(context: ReportContext, say: Language) -> str:
    """Say who was analysed."""
    rule = str(context.settings.get("patients", ""))
    if rule == "common":
        return say("Only patients with everything that every arm needs were analysed.")
    if rule == "available":
        return say(
            "Each arm was analysed on all patients that it could use, and arms were compared on "
            "the patients that both tested."
        )
    return ""


def _search(context: ReportContext, say: Language) -> str:
    """Say how workflows were searched."""
    settings = context.settings
    if "candidates" not in settings:
        return ""
    classifiers = settings.get("classifiers")
    found = [
        say(
            "In the training part of each split, a random search drew {candidates} candidate "
            "workflows, each a choice of feature scaling, imputation, feature selection, "
            "resampling and classifier.",
            candidates=str(settings["candidates"]),
        )
    ]
    if isinstance(classifiers, list | tuple) and classifiers:
        names = with_and([str(name) for name in classifiers], say)
        found.append(say("The classifiers were {classifiers}.", classifiers=names))
    if "inner_splits" in settings and "scoring" in settings:
        score = str(settings["scoring"])
        found.append(
            say.plural(
                int(str(settings["inner_splits"])),
                "Candidates were ranked by their {score} in {n} inner split of the training part.",
                "Candidates were ranked by their mean {score} over {n} inner splits of the "
                "training part.",
                score=say(SCORES[score]) if score in SCORES else score,
            )
        )
    found.append(say("Nothing of the test part was used for this."))
    return " ".join(found)


def _ensemble(settings: Mapping[str, object], say: Language) -> str:
    """Say how the best workflows became one model."""
    ensemble = settings.get("ensemble")
    if not isinstance(ensemble, Mapping) or "method" not in ensemble:
        return ""
    method, size = str(ensemble["method"]), ensemble.get("size")
    if method == "top_N" and size is not None:
        if str(size) == "1":
            return say("The best workflow was the model.")
        return say(
            "The {size} best workflows were combined by averaging their predictions.",
            size=str(size),
        )
    if size is not None:
        return say(
            "The best workflows were combined by WORC's ensemble method {method}, at most {size} "
            "workflows.",
            method=method,
            size=str(size),
        )
    return say(
        "The best workflows were combined by WORC's ensemble method {method}.", method=method
    )


def _compat(settings: Mapping[str, object], say: Language) -> str:
    """Say that WORC's own behaviour was kept, if it was."""
    version = settings.get("worc_compat")
    if not version:
        return ""
    return say(
        "The behaviour of WORC {version} was kept where it differs from what is intended (see "
        "the list of what was met).",
        version=str(version),
    )


def _splits(context: ReportContext, say: Language) -> str:
    """Say how performance was measured."""
    settings = context.settings
    if "splits" not in settings:
        return ""
    number = int(str(settings["splits"]))
    if settings.get("split_type") == "leave-one-centre-out":
        left_out = say.plural(
            number,
            "Performance was measured by leaving out one centre at a time (column {centre}): in "
            "{n} split the patients of one centre were the test part, and those of all other "
            "centres the training part.",
            "Performance was measured by leaving out one centre at a time (column {centre}): in "
            "each of {n} splits the patients of one centre were the test part, and those of all "
            "other centres the training part.",
            centre=str(settings.get("centre") or ""),
        )
        untested = untested_sentences(context, say)
        alike = say(
            "Each patient was tested once; the intervals use the mean sizes of the parts and, as "
            "the test parts do not overlap, are on the wide side."
        )
        return " ".join([left_out, alike, *untested])
    found = [
        say.plural(
            number,
            "Performance was measured in {n} random split with {share:.0%} of the patients in the "
            "test part, stratified by outcome.",
            "Performance was measured in {n} random splits with {share:.0%} of the patients in "
            "the test part, stratified by outcome.",
            share=float(str(settings.get("test_size", 0.2))),
        )
    ]
    if len(context.arms) > 1:
        found.append(say("The splits were the same for all arms."))
    found += untested_sentences(context, say)
    if "seed" in settings:
        found.append(say("The seed of everything random was {seed}.", seed=str(settings["seed"])))
    return " ".join(found)


def _performance(context: ReportContext, say: Language, cite: Cite) -> list[str]:
    """Say how the performance of an arm was estimated."""
    performance, thresholds, *others = (parts("section", "methods")[name] for name in PERFORMANCE)
    found = [*performance(context, say, cite), *thresholds(context, say, cite)]
    pooled = context.has("calibration") or context.has("subgroups")
    if pooled or "decision" in context.figures or {DELONG_NAME, BOOTSTRAP_NAME} & context.tests:
        found.append(
            say(
                "The pooled probability of a patient is the mean of the probabilities over the "
                "splits in which the patient was in the test part."
            )
        )
    return found + [sentence for each in others for sentence in each(context, say, cite)]


def _others(context: ReportContext, say: Language, cite: Cite) -> list[str]:
    """Say how arms were compared, tested against chance and explained."""
    made = {n: each for n, each in parts("section", "methods").items() if n not in PERFORMANCE}
    return [text for name in ordered(list(made), OTHERS) for text in made[name](context, say, cite)]


def _checklists(say: Language, cite: Cite) -> str:
    return say(
        "The items of CLEAR {clear}, METRICS {metrics} and TRIPOD+AI {tripod} that an analysis "
        "can answer by itself are answered in its report.",
        clear=cite("clear"),
        metrics=cite("metrics"),
        tripod=cite("tripod"),
    )


def _software(context: ReportContext, say: Language) -> str:
    """Name the packages that are not cited, with their versions."""
    known = {name.lower() for name in context.versions}
    packages = [with_version(context, name) for name in SOFTWARE if name.lower() in known]
    if not packages:
        return ""
    return say("The analysis was made with {packages}.", packages=with_and(packages, say))


def _lower_first(text: str) -> str:
    """Return a text as within a sentence: "Features of MRI" -> "features of MRI"."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
