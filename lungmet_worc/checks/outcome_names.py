"""Names of columns that say that the column is known only with or after the outcome.

A name is taken apart into words ("daysToDeath", "days_to_death" and "Days to death" are the
same), and words are compared, never parts of words: a ``stage`` is no ``age``. Dutch words are
often written in one, so that theirs may have others in front.
"""

from __future__ import annotations

import re
import unicodedata

from lungmet_worc.basics.sentences import Sentence

#: What is said before treatment; a time or a date up to here is known beforehand.
_BASELINE = r"(?:birth|born|geboorte\w*|diagnos\w*|dx|biops\w*|scan|mri|mr|ct|pet|imaging)"
_UNIT = r"(?:days?|weeks?|months?|years?|time|interval|dagen|weken|maanden|jaren|tijd|duur)"

#: What a name speaks of -> the words that say so; the first that fits is told.
_OUTCOME_WORDS: dict[Sentence, str] = {
    Sentence("follow-up"): r"follow ?up\w*|fu|lfu|last ?fu|last (?:seen|visit|contact|known|alive)|"
    r"\w*opvolg\w*|nacontrole\w*|laatste (?:contact|controle|bezoek)|laatst gezien",
    Sentence(
        "a treatment response"
    ): r"response|responses|responded|responder|responders|\w*respons|"
    r"recist|remission|remissie",
    Sentence(
        "survival"
    ): r"surviv\w*|\w*overlev\w*|alive|levend|in leven|os|pfs|dfs|rfs|mfs|dmfs|lrfs|"
    r"efs|dss|ttp|ttr|censor\w*",
    Sentence("recurrence"): r"recur\w*|relaps\w*|\w*recidie\w*|\w*recidiv\w*",
    Sentence("metastasis"): r"\w*metast\w*|\w*uitzaai\w*|met|\w*mets",
    Sentence("progression"): r"progress|progress(?:ion|ed|ive|ie)|progressie\w*",
    Sentence(
        "death"
    ): r"death\w*|dead|died|deceased|mortality|\w*overled\w*|\w*overlij\w*|gestorven|"
    r"\w*sterfte|dood|doodsoorzaak",
    Sentence("a status"): r"status|(?:vital|survival|disease|levens|ziekte)status",
    Sentence("the outcome or an event"): r"outcomes?|uitkomst\w*|events?|gebeurtenis\w*|endpoints?|"
    r"eindpunt\w*",
    Sentence(
        "a time until something"
    ): rf"{_UNIT} (?:\w+ )*?(?:to|until|till|tot)(?! (?:\w+ )*{_BASELINE}\b)"
    r"|(?:days|weeks|months|time)to\w+",
    Sentence("a date"): r"dates?|datum|\w+datum",
}
_TREATMENT = (
    r"treatments?|treated|therapy|therapies|\w+therapy|\w*therapie\w*|chemo\w*|radiation|"
    r"irradiat\w*|bestral\w*|(?:na)?behandel\w*|surgery|operation|operated|operatie\w*|resect\w*|"
    r"adjuvant|neoadjuvant|amputat\w*"
)
#: A treatment before the disease, or something measured before the treatment.
_EARLIER = r"prior|previous|earlier|before|pre|baseline|history|eerdere?|vorige|voor"


def words_of(name: str) -> str:
    """Return the words of a column name, in lower case and separated by spaces.

    Examples
    --------
    >>> words_of("daysDxTo_lastFU (2)")
    'days dx to last fu'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", plain)
    parted = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", parted)
    return " ".join(re.findall(r"[a-z]+", parted.lower()))


def what_name_says(name: str) -> str:
    """Return why a column's name says that it is no predictor, "" if it does not.

    Parameters
    ----------
    name : str
        Name of a column, in English or Dutch.

    Returns
    -------
    str
        One sentence.

    Examples
    --------
    >>> what_name_says("vital_status")
    'Its name says a status, which is known only with the outcome or after it.'
    >>> what_name_says("tumour_stage")
    ''
    """
    words = words_of(name)
    for subject, pattern in _OUTCOME_WORDS.items():
        if not _has(words, pattern):
            continue
        if subject == "a date" and _has(words, rf"{_BASELINE}|geboorte\w*"):
            continue
        return Sentence(
            "Its name says {subject}, which is known only with the outcome or after it.",
            subject=subject,
        )
    if _has(words, _TREATMENT) and not _has(words, _EARLIER):
        return Sentence(
            "Its name says treatment, which is decided after the diagnosis, and so known only "
            "after the prediction is made."
        )
    return ""


def _has(words: str, pattern: str) -> bool:
    return re.search(rf"\b(?:{pattern})\b", words) is not None
