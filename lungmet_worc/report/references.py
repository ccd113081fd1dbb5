"""The papers that a report can cite, and their numbers in the order of citation."""

from __future__ import annotations

from types import MappingProxyType

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
        "youden": (
            "Youden WJ. Index for rating diagnostic tests. Cancer 1950;3(1):32-35. "
            "doi:10.1002/1097-0142(1950)3:1<32::AID-CNCR2820030106>3.0.CO;2-3"
        ),
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
        "vickers": (
            "Vickers AJ, Elkin EB. Decision curve analysis: a novel method for evaluating "
            "prediction models. Medical Decision Making 2006;26(6):565-574. "
            "doi:10.1177/0272989X06295361"
        ),
        "delong": (
            "DeLong ER, DeLong DM, Clarke-Pearson DL. Comparing the areas under two or more "
            "correlated receiver operating characteristic curves: a nonparametric approach. "
            "Biometrics 1988;44(3):837-845. doi:10.2307/2531595"
        ),
        "efron": (
            "Efron B, Tibshirani RJ. An introduction to the bootstrap. New York: Chapman & Hall; "
            "1993"
        ),
        "holm": (
            "Holm S. A simple sequentially rejective multiple test procedure. Scandinavian "
            "Journal of Statistics 1979;6:65-70"
        ),
        "ojala": (
            "Ojala M, Garriga GC. Permutation tests for studying classifier performance. Journal "
            "of Machine Learning Research 2010;11:1833-1863"
        ),
        "phipson": (
            "Phipson B, Smyth GK. Permutation P-values should never be zero: calculating exact "
            "P-values when permutations are randomly drawn. Statistical Applications in Genetics "
            "and Molecular Biology 2010;9(1):Article 39. doi:10.2202/1544-6115.1585"
        ),
        "fawcett": (
            "Fawcett T. An introduction to ROC analysis. Pattern Recognition Letters "
            "2006;27:861-874. doi:10.1016/j.patrec.2005.10.010"
        ),
        "mann": (
            "Mann HB, Whitney DR. On a test of whether one of two random variables is "
            "stochastically larger than the other. The Annals of Mathematical Statistics "
            "1947;18(1):50-60. doi:10.1214/aoms/1177730491"
        ),
        "benjamini": (
            "Benjamini Y, Hochberg Y. Controlling the false discovery rate: a practical and "
            "powerful approach to multiple testing. Journal of the Royal Statistical Society, "
            "Series B 1995;57(1):289-300. doi:10.1111/j.2517-6161.1995.tb02031.x"
        ),
        "breiman": (
            "Breiman L. Random forests. Machine Learning 2001;45(1):5-32. "
            "doi:10.1023/A:1010933404324"
        ),
        "hanley 1982": (
            "Hanley JA, McNeil BJ. The meaning and use of the area under a receiver operating "
            "characteristic (ROC) curve. Radiology 1982;143(1):29-36. "
            "doi:10.1148/radiology.143.1.7063747"
        ),
        "hanley 1983": (
            "Hanley JA, McNeil BJ. A method of comparing the areas under receiver operating "
            "characteristic curves derived from the same cases. Radiology 1983;148(3):839-843. "
            "doi:10.1148/radiology.148.3.6878708"
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


class Citations:
    """Numbers references in the order in which a text cites them."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __call__(self, *keys: str) -> str:
        """Return the numbers of references in brackets, such as "[1]" or "[2, 5]".

        Parameters
        ----------
        *keys : str
            Keys of `REFERENCES`.
        """
        numbers = [self._numbers.setdefault(key, len(self._numbers) + 1) for key in keys]
        return f"[{', '.join(map(str, numbers))}]"

    def listed(self) -> list[str]:
        """Return the references that were cited, in their order."""
        return [REFERENCES[key] for key in self._numbers]
