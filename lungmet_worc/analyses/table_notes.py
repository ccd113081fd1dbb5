"""What the notes of several tables say in the same words."""

from __future__ import annotations

OVER_SPLITS = (
    "Intervals are corrected resampled 95% intervals over the splits (Nadeau and Bengio 2003)."
)
LEFT_OUT = "A measure that a split does not define is left out of its mean."
POOLED = "The probability of a patient is the mean over the splits that tested the patient."
