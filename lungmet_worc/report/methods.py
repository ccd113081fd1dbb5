"""The methods paragraph and the references, written from the settings of a study."""

from __future__ import annotations

from collections.abc import Mapping

from lungmet_worc.report.context import ReportContext
from lungmet_worc.report.wording import arm_label, count_word, joined, plural

REFERENCES = {
    "worc": (
        "Starmans MPA, van der Voort SR, Phil T, et al. Reproducible radiomics through automated "
        "machine learning validated on twelve clinical applications. arXiv:2108.08618 (2021). "
        "Software: doi:10.5281/zenodo.3840534"
    ),
    "predict": (
        "van der Voort SR, Starmans MPA. PREDICT: a Radiomics Extensive Digital Interchangeable "
        "Classification Toolkit. Software: doi:10.5281/zenodo.3854839"
    ),
    "pyradiomics": (
        "van Griethuysen JJM, Fedorov A, Parmar C, et al. Computational radiomics system to "
        "decode the radiographic phenotype. Cancer Research 2017;77(21):e104-e107. "
        "doi:10.1158/0008-5472.CAN-17-0339"
    ),
    "nadeau": (
        "Nadeau C, Bengio Y. Inference for the generalization error. Machine Learning "
        "2003;52:239-281. doi:10.1023/A:1024068626366"
    ),
    "holm": (
        "Holm S. A simple sequentially rejective multiple test procedure. Scandinavian Journal "
        "of Statistics 1979;6:65-70"
    ),
    "fawcett": (
        "Fawcett T. An introduction to ROC analysis. Pattern Recognition Letters "
        "2006;27:861-874. doi:10.1016/j.patrec.2005.10.010"
    ),
}
NUMBERS = {key: i for i, key in enumerate(REFERENCES, start=1)}

SAME = {"MR", "MRI"}
SCORES = {"f1_weighted": "weighted F1 score", "f1": "F1 score", "auc": "AUC", "roc_auc": "AUC"}


def methods_paragraphs(context: ReportContext) -> list[str]:
    """Describe how the study was done, from its settings; a setting that is absent is left out.

    Parameters
    ----------
    context : ReportContext

    Returns
    -------
    list of str
        Paragraphs; "[1]" counts `references`.
    """
    return [
        " ".join(sentence for sentence in paragraph if sentence)
        for paragraph in (
            (_aim(context), _arms(context), _patients(context), _features(context)),
            (_search(context), _ensemble(context.settings), _compat(context.settings)),
            (_splits(context), _statistics()),
        )
    ]


def references() -> list[str]:
    """Return the references that `methods_paragraphs` cites, in their order."""
    return list(REFERENCES.values())


def _aim(context: ReportContext) -> str:
    """Say what was predicted with which package."""
    return (
        f"We asked whether {context.outcome} can be predicted with workflows that the package "
        f"WORC{_version(context, 'WORC')} (Workflow for Optimal Radiomics Classification) "
        f"{_cite('worc')} searches and combines automatically."
    )


def _arms(context: ReportContext) -> str:
    """Say what was compared."""
    if not context.arms:
        return ""
    described = [f"{arm_label(a)} ({_lower_first(text)})" for a, text in context.arms.items()]
    noun = f"{count_word(len(described)).capitalize()} arm"
    noun += " was" if len(described) == 1 else "s were"
    return f"{noun} studied: {joined(described)}."


def _patients(context: ReportContext) -> str:
    """Say who was analysed."""
    rule = {
        "common": "Only patients with everything that every arm needs were analysed.",
        "available": (
            "Each arm was analysed on all patients that it could use, and arms were compared on "
            "the patients that both tested."
        ),
    }
    return rule.get(str(context.settings.get("patients", "")), "")


def _features(context: ReportContext) -> str:
    """Say what was extracted from which images."""
    if not context.modalities:
        return ""
    images = [
        name if name == kind or {name, kind} == SAME else f"{name} (processed as {kind})"
        for name, kind in context.modalities.items()
    ]
    return (
        f"Features of the segmented tumour on {joined(images)} were extracted through WORC with "
        f"PREDICT{_version(context, 'PREDICT')} {_cite('predict')} and "
        f"PyRadiomics{_version(context, 'PyRadiomics')} {_cite('pyradiomics')}."
    )


def _search(context: ReportContext) -> str:
    """Say how workflows were searched."""
    settings = context.settings
    if "candidates" not in settings:
        return ""
    text = (
        f"In the training part of each split, a random search drew {settings['candidates']} "
        "candidate workflows, each a choice of feature scaling, imputation, feature selection, "
        "resampling and classifier"
    )
    classifiers = settings.get("classifiers")
    if isinstance(classifiers, list | tuple) and classifiers:
        text += f" (classifiers: {joined([str(name) for name in classifiers])})"
    if "inner_splits" in settings and "scoring" in settings:
        score = SCORES.get(str(settings["scoring"]), str(settings["scoring"]))
        inner = plural(int(str(settings["inner_splits"])), "inner split")
        text += f", and ranked them by their mean {score} in {inner} of the training part"
    return f"{text}. Nothing of the test part was used for this."


def _ensemble(settings: Mapping[str, object]) -> str:
    """Say how the best workflows became one model."""
    ensemble = settings.get("ensemble")
    if not isinstance(ensemble, Mapping) or "method" not in ensemble:
        return ""
    method, size = str(ensemble["method"]), ensemble.get("size")
    if method == "top_N" and size is not None:
        if str(size) == "1":
            return "The best workflow was the model."
        return f"The {size} best workflows were combined by averaging their predictions."
    most = f", at most {size} workflows" if size is not None else ""
    return f"The best workflows were combined by WORC's ensemble method {method}{most}."


def _compat(settings: Mapping[str, object]) -> str:
    """Say that WORC's own behaviour was kept, if it was."""
    version = settings.get("worc_compat")
    if not version:
        return ""
    return (
        f"The behaviour of WORC {version} was kept where it differs from what is intended (see "
        "the list of what was met)."
    )


def _splits(context: ReportContext) -> str:
    """Say how performance was measured."""
    settings = context.settings
    if "splits" not in settings:
        return ""
    text = f"Performance was measured in {plural(int(str(settings['splits'])), 'random split')}"
    if "test_size" in settings:
        text += f" with {float(str(settings['test_size'])):.0%} of the patients in the test part"
    shared = ", the same for all arms" if len(context.arms) > 1 else ""
    seed = f" (seed {settings['seed']})" if "seed" in settings else ""
    return f"{text}, stratified by outcome{shared}{seed}."


def _statistics() -> str:
    """Say how intervals and p-values were computed."""
    return (
        "Values are means over the splits with corrected resampled 95% intervals "
        f"{_cite('nadeau')}, clipped to 0 and 1. Arms were compared in pairs on the same splits "
        f"and patients with the corrected resampled t-test {_cite('nadeau')}, two-sided; "
        f"p-values were adjusted for the number of pairs within a measure {_cite('holm')}. The "
        "AUC is the measure that the conclusions rest on; the other measures are secondary and "
        "not adjusted for their number. ROC curves were averaged vertically over the splits "
        f"{_cite('fawcett')}."
    )


def _lower_first(text: str) -> str:
    """Return a text as within a sentence: "Features of MRI" -> "features of MRI"."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _version(context: ReportContext, package: str) -> str:
    """Return the version of a package with a space before it, or nothing."""
    by_name = {name.lower(): version for name, version in context.versions.items()}
    version = by_name.get(package.lower())
    return f" {version}" if version else ""


def _cite(key: str) -> str:
    """Return the number of a reference in brackets."""
    return f"[{NUMBERS[key]}]"
