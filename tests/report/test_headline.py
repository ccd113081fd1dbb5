from __future__ import annotations

import pandas as pd

from lungmet_worc.analyses.comparison.statistics import TEST_NAME
from lungmet_worc.display.language import ENGLISH, Language, language
from lungmet_worc.report.headline import Headline, headline

NAN = float("nan")
COLUMNS = (
    "arm_a", "arm_b", "metric", "difference", "ci_low", "ci_high", "p_value", "p_adjusted",
    "test", "n_patients",
)  # fmt: skip


def auc(arm: str, mean: float, low: float, high: float, n_splits: int = 100) -> dict[str, object]:
    return {
        "arm": arm, "metric": "auc", "mean": mean, "ci_low": low, "ci_high": high,
        "n_splits": n_splits, "n_patients": 51, "n_events": 19,
    }  # fmt: skip


def pair(
    a: str, b: str, difference: float, p: float, low: float, high: float, test: str = TEST_NAME
) -> dict[str, object]:
    values = (a, b, "auc", difference, low, high, p, p, test, 51)
    return dict(zip(COLUMNS, values, strict=True))


def say(
    arms: list[dict[str, object]],
    pairs: list[dict[str, object]] | None = None,
    said: Language = ENGLISH,
    **more: object,
) -> Headline:
    comparison = pd.DataFrame(pairs or [], columns=list(COLUMNS))
    return headline(pd.DataFrame(arms), comparison, "lung_met", say=said, **more)  # type: ignore[arg-type]


MRI = auc("mri_only", 0.62, 0.48, 0.76)
CT = auc("ct_only", 0.55, 0.41, 0.69)
BOTH = auc("combined", 0.66, 0.54, 0.78)
CLINICAL = auc("clinical", 0.6, 0.45, 0.75)
VOLUME = auc("volume", 0.69, 0.56, 0.82)
KINDS = {"clinical": "clinical", "volume": "volume", "mri_only": "images", "combined": "images"}


def test_no_arm_better_than_chance() -> None:
    assert say([MRI, CT]).answer == (
        "Neither of the two arms predicted lung_met clearly better than chance: AUC 0.62 (95% "
        "interval 0.48 to 0.76) for MRI only and 0.55 (0.41 to 0.69) for CT only.",
    )
    three = say([MRI, CT, auc("combined", 0.6, 0.5, 0.7)]).answer[0]
    assert three.startswith("None of the three arms predicted lung_met clearly better than chance")


def test_one_arm() -> None:
    assert say([MRI]).answer == (
        "MRI only did not predict lung_met clearly better than chance: AUC 0.62 (95% interval "
        "0.48 to 0.76).",
    )
    assert say([BOTH]).answer == (
        "Combined predicted lung_met better than chance: AUC 0.66 (95% interval 0.54 to 0.78).",
    )


def test_all_arms_better_than_chance() -> None:
    other = auc("clinical", 0.7, 0.6, 0.8)
    assert say([BOTH, other]).answer[0].startswith("Both arms predicted lung_met better than")
    third = auc("volume", 0.7, 0.6, 0.8)
    assert say([BOTH, other, third]).answer[0].startswith("All three arms predicted lung_met")


def test_some_arms_better_than_chance() -> None:
    assert say([MRI, CT, BOTH]).answer[0] == (
        "Combined predicted lung_met better than chance, with AUC 0.66 (95% interval 0.54 to "
        "0.78); MRI only and CT only did not clearly do so, with AUC 0.62 (0.48 to 0.76) for MRI "
        "only and 0.55 (0.41 to 0.69) for CT only."
    )


def test_a_bound_of_exactly_one_half_is_not_better() -> None:
    assert "did not predict" in say([auc("ct", 0.6, 0.5, 0.7)]).answer[0]
    just = say([auc("ct", 0.6, 0.5004, 0.7)]).answer[0]
    assert "predicted lung_met better than chance" in just
    assert "0.5004 to 0.7000" in just  # rounded to 0.50 it would contradict the sentence


def test_without_interval_nothing_is_claimed() -> None:
    answer = say(
        [auc("mri_only", 0.7, NAN, NAN, 1), auc("ct_only", 0.6, NAN, NAN, 1)],
        [pair("mri_only", "ct_only", 0.1, NAN, NAN, NAN)],
    ).answer
    assert answer[0] == (
        "A single split gave AUC 0.70 for MRI only and 0.60 for CT only: without an interval "
        "nobody can say whether that is better than chance."
    )
    assert answer[1].startswith("Differences between the arms cannot be tested")


def test_without_auc_nothing_is_claimed() -> None:
    assert say([auc("mri_only", NAN, NAN, NAN, 0)]).answer[0].startswith("No AUC could be computed")
    mixed = say([MRI, auc("ct_only", NAN, NAN, NAN, 0)]).answer[0]
    assert mixed.startswith("MRI only did not predict")
    assert mixed.endswith("; CT only could not be tested.")


def test_differences_of_two_arms() -> None:
    unclear = pair("mri_only", "ct_only", 0.07, 0.38, -0.09, 0.23)
    assert say([MRI, CT], [unclear]).answer[1] == (
        "There was no clear difference in AUC between MRI only and CT only: 0.07 (95% interval "
        "-0.09 to 0.23, p 0.38)."
    )
    clear = pair("ct_only", "mri_only", -0.2, 0.0003, -0.3, -0.1)
    assert say([MRI, CT], [clear]).answer[1] == (
        "MRI only was clearly better than CT only: 0.20 (95% interval 0.10 to 0.30, p < 0.001)."
    )


def test_differences_of_three_arms() -> None:
    small = pair("mri_only", "ct_only", 0.07, 0.9, -0.09, 0.23)
    large = pair("ct_only", "combined", -0.11, 0.03, -0.25, 0.03) | {"p_adjusted": 0.06}
    undefined = pair("mri_only", "combined", NAN, NAN, NAN, NAN)
    assert say([MRI, CT, BOTH], [small, large]).answer[1] == (
        "No arm was clearly better than another: the largest difference in AUC was Combined "
        "minus CT only 0.11 (95% interval -0.03 to 0.25, adjusted p 0.060)."
    )
    clear = large | {"p_adjusted": 0.04}
    assert say([MRI, CT, BOTH], [small, clear, undefined]).answer[1] == (
        "The arms differed clearly in AUC in 1 of 3 pairs, namely Combined minus CT only 0.11 "
        "(95% interval -0.03 to 0.25, adjusted p 0.040)."
    )
    assert say([MRI, CT, BOTH], [clear, clear]).answer[1].startswith("All pairs of arms differed")
    larger = clear | {"difference": -0.3}
    many = say([MRI, CT, BOTH], [clear, small, larger, clear]).answer[1]
    assert many.startswith("The arms differed clearly in AUC in 3 of 4 pairs; the largest")
    assert "Combined minus CT only 0.30 (95% interval" in many


def test_an_interval_without_zero_is_not_clear_unless_the_adjusted_p_is_small() -> None:
    row = pair("mri_only", "ct_only", 0.2, 0.02, 0.03, 0.37) | {"p_adjusted": 0.06}
    other = pair("mri_only", "combined", 0.0, 0.9, -0.1, 0.1)
    assert "No arm was clearly better" in say([MRI, CT, BOTH], [row, other]).answer[1]


def test_two_sentences_answer_images_and_what_is_known_without_them() -> None:
    pairs = [
        pair("mri_only", "combined", -0.04, 0.6, -0.2, 0.12),
        pair("clinical", "combined", -0.06, 0.5, -0.2, 0.08),
        pair("mri_only", "volume", -0.07, 0.4, -0.2, 0.06),
        pair("clinical", "volume", -0.09, 0.01, -0.2, -0.02),
    ]
    found = say([MRI, BOTH, CLINICAL, VOLUME], pairs, kinds=KINDS)
    assert found.answer == (
        "There was no clear difference in AUC between Combined and MRI only: 0.04 (95% interval "
        "-0.12 to 0.20, p 0.60), with AUC 0.62 for MRI only and 0.66 for Combined.",
        "Images were not clearly better than what is known without them (AUC 0.60 for Clinical "
        "and 0.69 for Volume): the largest difference was MRI only minus Volume -0.07 (95% "
        "interval -0.20 to 0.06, p 0.40).",
    )
    # What the answer has no room for is the first caveat.
    assert found.caveats[0].startswith("Combined and Volume predicted lung_met better than chance")


def test_images_are_only_better_if_they_beat_every_baseline() -> None:
    over_clinical = pair("clinical", "combined", -0.2, 0.001, -0.3, -0.1)
    over_volume = pair("combined", "volume", 0.15, 0.001, 0.05, 0.25)
    unclear = pair("combined", "volume", 0.05, 0.5, -0.1, 0.2)
    arms = [BOTH, CLINICAL, VOLUME]
    part = say(arms, [over_clinical, unclear], kinds=KINDS).answer[1]
    assert part.startswith("Images were clearly better than a part of what is known without them")
    assert part.endswith("Combined minus Clinical 0.20 (95% interval 0.10 to 0.30, p 0.001).")
    whole = say(arms, [over_clinical, over_volume], kinds=KINDS).answer[1]
    assert whole.startswith("Combined was clearly better than what is known without images (AUC ")
    assert "Combined minus Volume 0.15" in whole
    # One image arm: nothing to compare within images, so chance comes first.
    assert say(arms, [over_volume], kinds=KINDS).answer[0].startswith("Combined and Volume pred")


def test_baselines_may_be_better() -> None:
    worse = pair("combined", "volume", -0.15, 0.001, -0.25, -0.05)
    assert say([BOTH, VOLUME], [worse], kinds=KINDS).answer[1] == (
        "What is known without images (AUC 0.69 for Volume) was clearly better than images: "
        "Combined minus Volume -0.15 (95% interval -0.25 to -0.05, p 0.001)."
    )
    untested = pair("combined", "volume", NAN, NAN, NAN, NAN)
    assert say([BOTH, VOLUME], [untested], kinds=KINDS).answer[1].endswith("cannot be tested.")


def test_arms_with_clinical_columns_beside_images_count_against_baselines() -> None:
    kinds = {**KINDS, "both": "clinical+images"}
    both = auc("both", 0.7, 0.6, 0.8)
    pairs = [
        pair("combined", "both", -0.2, 0.001, -0.3, -0.1),
        pair("mri_only", "combined", 0.0, 0.9, -0.1, 0.1),
        pair("both", "clinical", 0.2, 0.001, 0.1, 0.3),
    ]
    answer = say([MRI, BOTH, both, CLINICAL], pairs, kinds=kinds).answer
    assert "between MRI only and Combined" in answer[0]
    assert answer[1].startswith("Both was clearly better than what is known without images")


def test_only_the_corrected_resampled_test_answers() -> None:
    unclear = pair("mri_only", "ct_only", 0.1, 0.2, -0.05, 0.25)
    delong = pair("mri_only", "ct_only", 0.12, 0.01, 0.03, 0.2, "DeLong test")
    boot = pair("mri_only", "ct_only", 0.12, 0.2, -0.03, 0.2, "bootstrap over patients")
    found = say([MRI, CT], [unclear, delong, boot])
    assert "no clear difference" in found.answer[1]
    assert (
        "MRI only and CT only: on the pooled probabilities the DeLong test finds a clear "
        "difference (p 0.010), which the corrected resampled t-test does not; the answer "
        "follows the latter."
    ) in found.caveats
    agreed = say([MRI, CT], [unclear, boot]).caveats
    assert "On the pooled probabilities the same is found by: bootstrap over patients." in agreed
    clear = unclear | {"p_adjusted": 0.01}
    assert any("unlike the corrected" in text for text in say([MRI, CT], [clear, boot]).caveats)
    opposite = delong | {"difference": -0.12}
    assert not any("the same is" in text for text in say([MRI, CT], [clear, opposite]).caveats)


def test_caveats_never_let_a_negative_result_mean_equality() -> None:
    unclear = pair("mri_only", "ct_only", 0.07, 0.38, -0.09, 0.23)
    text = " ".join(say([MRI, CT], [unclear]).caveats)
    assert "Absence of a clear difference is not evidence that arms are equal." in text
    assert "with 19 events only strong predictors stand out" in text
    assert "repeated splits of the same patients are approximate" in text
    assert "needs confirmation" not in text
    positive = " ".join(say([MRI, BOTH]).caveats)
    assert "A finding in one cohort needs confirmation in other patients." in positive
    assert "not adjusted for looking at several arms" in positive
    assert "first look" not in positive


def test_caveats_of_few_and_undefined_splits() -> None:
    auc_row = auc("mri_only", 0.6, 0.4, 0.8, 4)
    other = auc_row | {"metric": "brier", "n_splits": 5}
    text = " ".join(say([auc_row, other]).caveats)
    assert "With 5 splits this is a first look" in text
    by_centre = say([auc_row, other], drawn=False).caveats
    assert not any("first look" in caveat for caveat in by_centre)
    assert "MRI only: in 1 split the AUC is not defined" in text


def test_a_part_of_a_study_says_so_first() -> None:
    caveats = say([MRI], partial="7 of 20 splits in every arm").caveats
    assert caveats[0] == ("These are results of a part of the study: 7 of 20 splits in every arm.")


def permutations(p_value: float, number: int = 99) -> pd.DataFrame:
    names = "arm n_permutations auc permuted_mean permuted_low permuted_high p_value p_adjusted"
    values = ("mri_only", number, 0.62, 0.51, 0.4, 0.6, p_value, p_value)
    row = dict(zip(names.split(), values, strict=True))
    return pd.DataFrame([row])


def test_permutation_test_is_said() -> None:
    for p_value, verdict in ((0.01, "better than chance"), (0.2, "not clearly better than chance")):
        text = say([MRI], permutations=permutations(p_value)).caveats[0]
        assert text.startswith(f"Permutation test, 99 searches with shuffled outcomes: {verdict}")
        assert "MRI only p 0." in text
    few = say([MRI], permutations=permutations(0.2, 9)).caveats
    assert "With so few permutations no p-value below 0.10 is possible." in few


def test_power_is_said_plainly() -> None:
    rows = [
        {"auc": value, "n_patients": 51, "n_events": 19, "half_width": 0.15, "correlation": r,
         "smallest_difference": 0.2}
        for value in (0.6, 0.7) for r in (0.3, 0.5)
    ]  # fmt: skip
    assert (
        "With 51 patients, 19 with the outcome, an AUC of 0.70 has an interval of about plus or "
        "minus 0.15; differences between arms below about 0.20 cannot be seen reliably."
    ) in say([MRI], power=pd.DataFrame(rows)).caveats
    unseen = pd.DataFrame(rows).assign(smallest_difference=NAN)
    assert (
        "With 51 patients, 19 with the outcome, an AUC of 0.70 has an interval of about plus or "
        "minus 0.15; no difference between arms, however large, can be seen reliably."
    ) in say([MRI], power=unseen).caveats


def test_values_that_are_too_good_are_warned_about() -> None:
    found = say([MRI, auc("ct_only", 0.93, 0.88, 0.98)]).warnings
    assert len(found) == 1
    assert "CT only reached AUC 0.93 (0.88 to 0.98)" in found[0]
    assert "label-permutation check" in found[0]
    assert say([auc("ct_only", 0.9, 0.8, 1.0)]).warnings == ()
    known = say([auc("ct_only", 0.93, 0.88, 0.98)], permutations=permutations(0.01)).warnings[0]
    assert "With the outcome shuffled over the patients the AUC was 0.51 on average" in known
    assert "label-permutation check" not in known


def test_values_below_chance_are_warned_about() -> None:
    found = say([auc("ct_only", 0.3, 0.2, 0.45)])
    assert "worse than chance" in found.warnings[0]
    assert "did not predict" in found.answer[0]


def test_dutch_answer() -> None:
    pairs = [
        pair("mri_only", "combined", -0.04, 0.6, -0.2, 0.12),
        pair("combined", "volume", -0.03, 0.7, -0.2, 0.14),
    ]
    found = say([MRI, BOTH, VOLUME], pairs, language("nl"), kinds=KINDS)
    assert found.answer == (
        "Er was geen duidelijk verschil in AUC tussen Combined en MRI only: 0,04 "
        "(95%-betrouwbaarheidsinterval -0,12 tot 0,20, p 0,60), met AUC 0,62 voor MRI only en 0,66 "
        "voor Combined.",
        "Met beeldvorming was de voorspelling niet duidelijk beter dan met wat zonder beeldvorming "
        "bekend is (AUC 0,69 voor Volume): het verschil was Combined min Volume -0,03 "
        "(95%-betrouwbaarheidsinterval -0,20 tot 0,14, p 0,70).",
    )
