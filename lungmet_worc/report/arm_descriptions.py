"""What an arm knows about a patient, in words and as a kind."""

from __future__ import annotations

from lungmet_worc.display.language import ENGLISH, Language, later
from lungmet_worc.display.wording import with_and
from lungmet_worc.study.config import ArmConfig

#: Groups of features as in "shape and texture features".
GROUPS = {
    "shape": later("shape"),
    "orientation": later("orientation"),
    "intensity": later("intensity"),
    "texture": later("texture"),
    "filtered": later("filtered images"),
}


def arm_kind(arm: ArmConfig) -> str:
    """Return "clinical", "volume", "images" or "clinical+images".

    An arm of the tumour volume with clinical columns is one of "clinical": both are known
    without radiomics.

    Parameters
    ----------
    arm : ArmConfig
    """
    if arm.modalities and arm.features != "volume":
        return "clinical+images" if arm.clinical else "images"
    return "clinical" if arm.clinical else "volume"


def describe_arm(arm: ArmConfig, say: Language = ENGLISH) -> str:
    """Return in plain words what an arm knows about a patient.

    Parameters
    ----------
    arm : ArmConfig
    say : Language
    """
    columns = ", ".join(arm.clinical)
    if not arm.modalities:
        text = say("clinical data ({columns})", columns=columns)
    else:
        text = _of_images(arm, say)
        if arm.clinical:
            text = say("{images} with clinical data ({columns})", images=text, columns=columns)
    if arm.missing == "impute":
        text = say("{known}; missing values imputed", known=text)
    return text[0].upper() + text[1:]


def _of_images(arm: ArmConfig, say: Language) -> str:
    """Return what an arm knows of images."""
    images = with_and([say.modality(name) for name in arm.modalities], say)
    if arm.features == "volume":
        return say("tumour volume from {images}", images=images)
    if arm.feature_groups:
        groups = with_and([say(GROUPS[group]) for group in arm.feature_groups], say)
        return say("{groups} features of {images}", groups=groups, images=images)
    return say("features of {images}", images=images)
