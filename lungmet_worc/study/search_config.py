"""What is searched, and how much of it: [search] of the study file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from lungmet_worc.basics.errors import did_you_mean
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.language import later
from lungmet_worc.study import worc_settings
from lungmet_worc.study.shapes import StudyTable, one_of

Preset = Literal["smoke", "coarse", "full"]

_METHODS, _SCORES = worc_settings.ENSEMBLE_METHODS, worc_settings.SCORES
_NO_METHOD = later('"{value}" is no ensemble method of WORC. {hint}')
_Method = Annotated[str, one_of(_METHODS, _NO_METHOD)]
_Score = Annotated[str, one_of(_SCORES, later('"{value}" is no score. {hint}'))]

#: A typing error must not make a check draw splits for ever; nobody searches more than this.
MOST_SPLITS, MOST_CANDIDATES = 10_000, 1_000_000


class EnsembleConfig(StudyTable):
    """How the best workflows of a search become one model."""

    method: _Method = "top_N"
    size: int = Field(default=100, ge=1, le=MOST_CANDIDATES)


class SearchConfig(StudyTable):
    """WORC's random search: how much of it, and how it is scored."""

    preset: Preset = "coarse"
    split_type: Literal["random", "leave-one-centre-out"] = "random"
    splits: int = Field(ge=1, le=MOST_SPLITS)
    candidates: int = Field(ge=1, le=MOST_CANDIDATES)
    inner_splits: int = Field(ge=1, le=MOST_SPLITS)
    test_size: float = Field(default=0.2, gt=0, lt=1)
    scoring: _Score = "f1_weighted"
    classifiers: tuple[str, ...]
    ensemble: EnsembleConfig
    seed: int = Field(default=0, ge=0, lt=2**32)
    worc_compat: Literal["3.7.0"] | None = None

    @field_validator("classifiers")
    @classmethod
    def _known_classifiers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        known = worc_settings.CLASSIFIERS
        unknown = [name for name in value if name not in known]
        if unknown:
            hint = did_you_mean(unknown[0], known)
            message = Sentence(
                '"{value}" is no classifier of WORC. {hint}', value=unknown[0], hint=hint
            )
            raise ValueError(message)
        if not value:
            message = Sentence("At least one classifier is needed.")
            raise ValueError(message)
        return value
