"""The papers that a report can cite, and their numbers in the order of citation."""

from __future__ import annotations

from types import MappingProxyType

from lungmet_worc.analyses.registry import parts

REFERENCES = MappingProxyType(
    {
        "worc": (
            "Starmans MPA, van der Voort SR, Phil T, et al. Reproducible radiomics through "
            "automated machine learning validated on twelve clinical applications. "
            "arXiv:2108.08618 (2021). Software: doi:10.5281/zenodo.3840534"
        ),
        "predict": (
            "van der Voort SR, Starmans MPA. PREDICT: a Radiomics Extensive Digital "
            "Interchangeable Classification Toolkit. Software: doi:10.5281/zenodo.3854839"
        ),
        "pyradiomics": (
            "van Griethuysen JJM, Fedorov A, Parmar C, et al. Computational radiomics system to "
            "decode the radiographic phenotype. Cancer Research 2017;77(21):e104-e107. "
            "doi:10.1158/0008-5472.CAN-17-0339"
        ),
        "johnson": (
            "Johnson WE, Li C, Rabinovic A. Adjusting batch effects in microarray expression data "
            "using empirical Bayes methods. Biostatistics 2007;8(1):118-127. "
            "doi:10.1093/biostatistics/kxj037"
        ),
        "fortin": (
            "Fortin JP, Cullen N, Sheline YI, et al. Harmonization of cortical thickness "
            "measurements across scanners and sites. NeuroImage 2018;167:104-120. "
            "doi:10.1016/j.neuroimage.2017.11.024"
        ),
        "nadeau": (
            "Nadeau C, Bengio Y. Inference for the generalization error. Machine Learning "
            "2003;52:239-281. doi:10.1023/A:1024068626366"
        ),
        "delong": (
            "DeLong ER, DeLong DM, Clarke-Pearson DL. Comparing the areas under two or more "
            "correlated receiver operating characteristic curves: a nonparametric approach. "
            "Biometrics 1988;44(3):837-845. doi:10.2307/2531595"
        ),
        "holm": (
            "Holm S. A simple sequentially rejective multiple test procedure. Scandinavian "
            "Journal of Statistics 1979;6:65-70"
        ),
        "clear": (
            "Kocak B, Baessler B, Bakas S, et al. CheckList for EvaluAtion of Radiomics research "
            "(CLEAR): a step-by-step reporting guideline for authors and reviewers endorsed by ESR "
            "and EuSoMII. Insights into Imaging 2023;14:75. doi:10.1186/s13244-023-01415-8"
        ),
        "metrics": (
            "Kocak B, Akinci D'Antonoli T, Mercaldo N, et al. METhodological RadiomICs Score "
            "(METRICS): a quality scoring tool for radiomics research endorsed by EuSoMII. "
            "Insights into Imaging 2024;15:8. doi:10.1186/s13244-023-01572-w"
        ),
        "tripod": (
            "Collins GS, Moons KGM, Dhiman P, et al. TRIPOD+AI statement: updated guidance for "
            "reporting clinical prediction models that use regression or machine learning "
            "methods. BMJ 2024;385:e078378. doi:10.1136/bmj-2023-078378"
        ),
    }
)


def all_references() -> dict[str, str]:
    """Return every paper that can be cited; those of one analysis lie with it."""
    of_analyses = parts("section", "REFERENCES").values()
    return {**REFERENCES, **{key: text for each in of_analyses for key, text in each.items()}}


class Citations:
    """Numbers references in the order in which a text cites them."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __call__(self, *keys: str) -> str:
        """Return the numbers of references in brackets, such as "[1]" or "[2, 5]".

        Parameters
        ----------
        *keys : str
            Keys of `all_references`.
        """
        numbers = [self._numbers.setdefault(key, len(self._numbers) + 1) for key in keys]
        return f"[{', '.join(map(str, numbers))}]"

    def listed(self) -> list[str]:
        """Return the references that were cited, in their order."""
        known = all_references()
        return [known[key] for key in self._numbers]
