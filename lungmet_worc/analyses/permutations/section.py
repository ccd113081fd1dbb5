"""What the report says of the test against chance."""

from __future__ import annotations

from lungmet_worc.analyses.context import Cite, ReportContext
from lungmet_worc.analyses.material import Material, if_any
from lungmet_worc.analyses.results import StudyResults
from lungmet_worc.display.blocks import Section, Text
from lungmet_worc.display.language import Language

UNDER = "performance"

REFERENCES = {
    "ojala": (
        "Ojala M, Garriga GC. Permutation tests for studying classifier performance. Journal "
        "of Machine Learning Research 2010;11:1833-1863"
    ),
    "phipson": (
        "Phipson B, Smyth GK. Permutation P-values should never be zero: calculating exact "
        "P-values when permutations are randomly drawn. Statistical Applications in Genetics "
        "and Molecular Biology 2010;9(1):Article 39. doi:10.2202/1544-6115.1585"
    ),
}


def section(material: Material) -> Section:
    """Return what the same searches find in permuted outcomes.

    Parameters
    ----------
    material : Material
    """
    say = material.say
    shown = material.table(
        "permutations", say("AUC of each arm beside that of searches with permuted outcomes.")
    )
    return Section(
        "permutation",
        say("Permutation test against chance"),
        if_any(
            shown,
            Text(
                say(
                    "The outcome was shuffled among the patients and the whole search repeated: "
                    "what such searches reach is chance. p is the share of shuffled searches "
                    "that did at least as well as the real one, counting the real one itself."
                )
            ),
        ),
    )


def methods(context: ReportContext, say: Language, cite: Cite) -> list[str]:
    """Return the sentences of the methods that are about this analysis."""
    if not context.has("permutations"):
        return []
    number = int(context.tables["permutations"]["n_permutations"].min())
    return [
        say.plural(
            number,
            "Each arm was tested against chance by repeating its whole search with a "
            "permuted outcome {ojala}, {n} time; the p-value counts the observed AUC among "
            "the permuted ones {phipson} and is adjusted for the number of arms {holm}.",
            "Each arm was tested against chance by repeating its whole search with permuted "
            "outcomes {ojala}, {n} times; the p-value counts the observed AUC among the "
            "permuted ones {phipson} and is adjusted for the number of arms {holm}.",
            ojala=cite("ojala"),
            phipson=cite("phipson"),
            holm=cite("holm"),
        )
    ]


def facts(results: StudyResults) -> dict[str, object]:
    """Return what the checklists may ask of this analysis."""
    return {"n_permutations": results.permuted["permutation"].nunique()}
