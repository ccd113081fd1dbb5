"""What the report says of calibration."""

from __future__ import annotations

from lungmet_worc.analyses.context import Cite, ReportContext
from lungmet_worc.analyses.material import Material, if_any
from lungmet_worc.display.blocks import Section, Text
from lungmet_worc.display.language import Language

REFERENCES = {
    "cox": (
        "Cox DR. Two further applications of a model for binary regression. Biometrika "
        "1958;45(3/4):562-565. doi:10.1093/biomet/45.3-4.562"
    ),
    "van calster": (
        "Van Calster B, McLernon DJ, van Smeden M, et al. Calibration: the Achilles heel of "
        "predictive analytics. BMC Medicine 2019;17:230. doi:10.1186/s12916-019-1466-7"
    ),
    "wilson": (
        "Wilson EB. Probable inference, the law of succession, and statistical inference. "
        "Journal of the American Statistical Association 1927;22(158):209-212. "
        "doi:10.1080/01621459.1927.10502953"
    ),
    "naeini": (
        "Naeini MP, Cooper GF, Hauskrecht M. Obtaining well calibrated probabilities using "
        "Bayesian binning. Proceedings of the AAAI Conference on Artificial Intelligence "
        "2015;29(1):2901-2907. doi:10.1609/aaai.v29i1.9602"
    ),
}


def section(material: Material) -> Section:
    """Return whether predicted probabilities are what is observed.

    Parameters
    ----------
    material : Material
    """
    say = material.say
    shown = [
        *material.figure("calibration"),
        *material.table("calibration", say("Calibration of each arm (95% interval).")),
    ]
    return Section(
        "calibration",
        say("Calibration"),
        if_any(
            shown,
            Text(
                say(
                    "Are the probabilities right, not only their order? Each patient counts once, "
                    "with the mean probability over the splits that tested the patient. Perfect "
                    "are an intercept of 0 (negative: predicted too high), a slope of 1 (below: "
                    "predictions too extreme) and a calibration error of 0."
                )
            ),
        ),
    )


def methods(context: ReportContext, say: Language, cite: Cite) -> list[str]:
    """Return the sentences of the methods that are about this analysis."""
    if not context.has("calibration"):
        return []
    return [
        say(
            "Calibration of the pooled probabilities is given as intercept and slope of "
            "logistic recalibration {cox}, as a curve over groups of equal size with Wilson "
            "intervals {wilson} and as expected calibration error {naeini}, in line with "
            "recommendations {van_calster}.",
            cox=cite("cox"),
            wilson=cite("wilson"),
            naeini=cite("naeini"),
            van_calster=cite("van calster"),
        )
    ]
