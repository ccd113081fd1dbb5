"""What the report says of winning workflows, and what they need."""

from __future__ import annotations

from lungmet_worc.analyses.context import Cite, ReportContext
from lungmet_worc.analyses.explanation.table import WORKFLOWS
from lungmet_worc.analyses.material import Material, if_any
from lungmet_worc.analyses.results import StudyResults
from lungmet_worc.display.blocks import Block, Details, Section, Text
from lungmet_worc.display.language import Language

REFERENCES = {
    "breiman": (
        "Breiman L. Random forests. Machine Learning 2001;45(1):5-32. doi:10.1023/A:1010933404324"
    ),
}


def section(material: Material) -> Section:
    """Return what won the searches and which groups of features the models need.

    Parameters
    ----------
    material : Material
    """
    say = material.say
    workflows = material.frame("workflows")
    captions = {
        "classifier": say("Classifiers of the workflows that won."),
        "step": say("Steps of the workflows that won."),
        "group": say("Groups of features in the workflows that won."),
    }
    shown: list[Block] = material.figure("importance")
    shown += material.folded(
        "importance", say("Groups of features: how often chosen, and how much the AUC needs them.")
    )
    if shown:
        shown.append(
            Text(
                say(
                    "Importance: mean fall of the test parts' AUC when the features of a group "
                    "are mixed up among the test patients; about zero or below means not needed. "
                    "Groups that say the same can stand in for each other, and then neither "
                    'seems needed. "All" sums up a modality.'
                ),
                "note",
            )
        )
    for kind, caption in captions.items():
        if len(workflows) and (workflows["kind"] == kind).any():
            text = WORKFLOWS.readable(workflows[workflows["kind"] == kind], say)
            told = [column for column in text.columns if text[column].any()]
            table = text[told].drop(columns=say("Kind"))
            shown.append(Details(caption, [material.text_table(table, caption)]))
    intro = Text(
        say(
            "Each split searched anew and combined its best workflows. What they have in common "
            "says what the models rest on; it does not say what causes the outcome."
        )
    )
    return Section("explanation", say("Explanation"), if_any(shown, intro))


def methods(context: ReportContext, say: Language, cite: Cite) -> list[str]:
    """Return the sentences of the methods that are about this analysis."""
    if not context.has("importance"):
        return []
    return [
        say(
            "The importance of a group of features is the mean fall of the AUC of the "
            "ensemble in the test parts when the values of all its features are permuted "
            "together among the test patients {cited}.",
            cited=cite("breiman"),
        )
    ]


def facts(results: StudyResults) -> dict[str, object]:
    """Return what the checklists may ask of this analysis."""
    return {"has_explanation": bool(results.explanations)}
