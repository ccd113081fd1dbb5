"""Which defects of WORC 3.7.0 a study met, in words for its report.

``docs/worc_errata.md`` describes each one, with its place in WORC and our answer.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.pipeline.plan import Plan
from lungmet_worc.study.worc_settings import PRESETS, QUANTITATIVE_TYPES

#: WORC leaves these open to chance or to the reader in every study.
_ALWAYS = (
    (
        "E7",
        Sentence(
            "WORC's confidence intervals are texts that can leave the range from 0 to 1; "
            "the tables have the corrected resampled interval of the splits' own values, "
            "within 0 and 1."
        ),
    ),
    (
        "E8",
        Sentence(
            "WORC draws new splits and new candidates in every run; here all arms share "
            "the splits in splits.csv, and everything random follows the study's seed."
        ),
    ),
    (
        "E15",
        Sentence(
            "WORC starts a network of processes for each search; here its fit_and_score "
            "is called in process, in the order that its ranking takes for granted (E18)."
        ),
    ),
)


def met(plan: Plan, n_without_score: int, *, undefined: bool) -> list[tuple[str, Sentence]]:
    """Return number and sentence of each defect that this study met, in order.

    Parameters
    ----------
    plan : Plan
        The study, its cohort and its run folder.
    n_without_score : int
        Candidate workflows that have no score, over all arms and splits.
    undefined : bool
        A predictive value is not defined in some split.
    """
    found = [
        *_ALWAYS,
        *_by_study(plan),
        *_by_combat(plan),
        *_by_features(plan),
        *_by_search(plan, n_without_score),
    ]
    if undefined:
        found.append(
            (
                "E33",
                Sentence(
                    "WORC counts a predictive value as 0 where nobody was predicted so; the "
                    "tables leave such splits out and say how many are left."
                ),
            )
        )
    return sorted(found, key=lambda entry: int(entry[0][1:]))


def met_by(plan: Plan, n_without_score: int) -> list[tuple[str, Sentence]]:
    """Return the same as :func:`met` of a study whose tables are written.

    Parameters
    ----------
    plan : Plan
        The study, its cohort and its run folder.
    n_without_score : int
        Candidate workflows that have no score, over all arms and splits.
    """
    with (plan.paths.tables / "splits.csv").open(encoding="utf-8", newline="") as file:
        undefined = any(not row["ppv"] or not row["npv"] for row in csv.DictReader(file))
    return met(plan, n_without_score, undefined=undefined)


def _by_study(plan: Plan) -> Iterator[tuple[str, Sentence]]:
    study, names = plan.study, plan.cohort.names
    types = {
        name: {study.modalities[modality].image_type for modality in arm.modalities}
        for name, arm in study.arms.items()
    }
    mixed = [name for name, kinds in types.items() if len(kinds) > 1]
    if mixed:
        yield (
            "E1",
            Sentence(
                "WORC would treat all modalities of {arms} as the one named last; here each "
                "modality has settings of its own.",
                arms=", ".join(map(names.arm, mixed)),
            ),
        )
    if any(arm.missing == "impute" for arm in study.arms.values()):
        yield (
            "E4",
            Sentence(
                "WORC would take features of a stand-in image for a missing scan; here they "
                "are missing values, which WORC imputes from the training patients of each "
                "split."
            ),
        )
    if any(arm.clinical for arm in study.arms.values()):
        yield (
            "E5",
            Sentence(
                "Clinical features are off in WORC's search unless their group is switched "
                "on; it is on in the arms that name clinical columns."
            ),
        )
    if any(user != worc for user, worc in plan.names.items()):
        yield (
            "E5",
            Sentence(
                "WORC finds patients by looking for one id within another; inside the run "
                "folder patients have ids of one width, and the tables have yours."
            ),
        )
    if any(arm.clinical for arm in study.arms.values()):
        yield (
            "E22",
            Sentence(
                "WORC's one-hot encoding never encodes anything; categories are encoded "
                "before they reach WORC."
            ),
        )


def _by_combat(plan: Plan) -> Iterator[tuple[str, Sentence]]:
    study, names = plan.study, plan.cohort.names
    used = {modality for arm in study.arms.values() for modality in arm.modalities}
    chosen = [name for name, each in study.modalities.items() if each.combat and name in used]
    if not chosen:
        return
    named = ", ".join(map(names.modality, chosen))
    yield (
        "E13",
        Sentence(
            "WORC's ComBat harmonises the features of {named} on all patients before they "
            "are split, so the test patients have a part in the features that are "
            "trained on: the performance of arms with these features may be too high, and "
            "says nothing about a scanner that is not among the batches. Compare it with "
            "the same study without ComBat.",
            named=named,
        ),
    )
    covariates = [name for name in chosen if _covariates(plan, name)]
    if covariates:
        yield (
            "E47",
            Sentence(
                "WORC's ComBat takes the covariates of {modalities} as categories, also where "
                "they are numbers; left as it is.",
                modalities=", ".join(map(names.modality, covariates)),
            ),
        )
    yield (
        "E45",
        Sentence(
            "WORC hands ComBat a file for each modality and toolbox and takes each for a "
            "patient; here it gets the patients of {named} with the features of all "
            "toolboxes.",
            named=named,
        ),
    )
    if study.search.worc_compat is None:
        yield (
            "E46",
            Sentence(
                "WORC's ComBat drops features that vary by less than 0.1 in their own unit; "
                "here it harmonises all that vary, whatever their unit."
            ),
        )
    else:
        yield (
            "E46",
            Sentence(
                "WORC's ComBat drops features that vary by less than 0.1 in their own unit; "
                "as asked by worc_compat, it does so here."
            ),
        )


def _covariates(plan: Plan, modality: str) -> tuple[str, ...]:
    combat = plan.study.modalities[modality].combat
    return combat.covariates if combat else ()


def _by_features(plan: Plan) -> Iterator[tuple[str, Sentence]]:
    used = {modality for arm in plan.study.arms.values() for modality in arm.modalities}
    settings = {modality: plan.study.modality_settings(modality) for modality in sorted(used)}
    if any(each["ImageFeatures"]["log"] == "True" for each in settings.values()):
        yield (
            "E28",
            Sentence(
                "WORC extracts Laplacian-of-Gaussian features but never lets a workflow use "
                "them; left as it is."
            ),
        )
    whole = [
        modality
        for modality, each in settings.items()
        if each["ImageFeatures"]["texture_Gabor"] == "True"
        and each["ImageFeatures"]["image_type"] in QUANTITATIVE_TYPES
    ]
    if whole:
        yield (
            "E37",
            Sentence(
                "WORC cuts the Gabor features of {modalities} to whole numbers where the "
                "images hold whole numbers; left as it is.",
                modalities=", ".join(map(plan.cohort.names.modality, whole)),
            ),
        )


def _by_search(plan: Plan, n_without_score: int) -> Iterator[tuple[str, Sentence]]:
    search = plan.study.search
    settings = plan.study.worc_settings()
    selects = float(settings["Featsel"]["ReliefUse"]) > 0
    selects = selects or float(settings["Featsel"]["StatisticalTestUse"]) > 0
    if selects and search.worc_compat is None:
        yield (
            "E2",
            Sentence(
                "WORC's Relief and univariate test see the outcomes of other patients than "
                "those they select on; here they see the right ones."
            ),
        )
    elif selects:
        yield (
            "E2",
            Sentence(
                "As asked by worc_compat, Relief and the univariate test see the outcomes of "
                "other patients than those they select on, as in WORC 3.7.0."
            ),
        )
    chosen = (PRESETS[search.preset][1], plan.study.worc)
    by_rule = not any("Use" in layer.get("Resampling", {}) for layer in chosen)
    fingerprint = settings["General"]["Fingerprint"] == "True"
    if fingerprint and by_rule and search.worc_compat is None:
        yield (
            "E6",
            Sentence(
                "WORC's rule for resampling unbalanced classes never runs when the name of "
                "the outcome has more than one letter; here it runs, and the arm's ini file "
                "says what it decided."
            ),
        )
    relief = float(settings["Featsel"]["ReliefUse"]) > 0
    if relief and search.worc_compat is None:
        yield (
            "E23",
            Sentence(
                "WORC's Relief takes positions among some patients for positions among all; "
                "its numbers are left as they are, but the order of the manifest has no say "
                "in them."
            ),
        )
    elif relief:
        yield (
            "E23",
            Sentence(
                "WORC's Relief takes positions among some patients for positions among all; "
                "its numbers are left as they are."
            ),
        )
    if n_without_score:
        yield (
            "E26",
            Sentence(
                "WORC lets candidates without a score into its ensembles where too few have "
                "one; here none enters."
            ),
        )
        yield (
            "E9",
            Sentence(
                "{n} candidate workflows could not be fitted and have no score; the report "
                "counts them by cause.",
                n=n_without_score,
            ),
        )
    if settings["SelectFeatGroup"]["toolbox"] != "All":
        yield (
            "E21",
            Sentence(
                "WORC's choice between feature toolboxes has no effect, since it compares "
                "single letters; it is left as it is."
            ),
        )
