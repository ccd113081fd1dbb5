"""Outer splits as WORC draws them, and whether a cohort is large enough for them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedShuffleSplit, train_test_split

from lungmet_worc.basics.errors import CohortError
from lungmet_worc.checks.feasibility import feasibility_problems
from lungmet_worc.checks.splits import split_problems
from lungmet_worc.study.splits import Split, make_splits, restrict, write_splits
from lungmet_worc.study.tested_splits import ArmSplits, UntestedSplit, allocations, why_untested
from tests.synthetic import read_splits


def cohort(events: int, others: int, seed: int = 0) -> tuple[list[str], list[int]]:
    ids = [f"P{number}" for number in range(events + others)]
    outcomes = [1] * events + [0] * others
    order = np.random.default_rng(seed).permutation(len(ids))
    return [ids[position] for position in order], [outcomes[position] for position in order]


sizes = st.tuples(st.integers(4, 40), st.integers(4, 40), st.integers(0, 1000))


class TestMakeSplits:
    @given(sizes, st.sampled_from([0.2, 0.25, 0.3, 0.5]), st.integers(0, 2**31))
    @settings(max_examples=60, deadline=None)
    def test_disjoint_complete_and_stratified(
        self, size: tuple[int, int, int], test_size: float, seed: int
    ) -> None:
        ids, outcomes = cohort(*size)
        outcome_of = dict(zip(ids, outcomes, strict=True))
        splits = make_splits(ids, outcomes, n_splits=3, test_size=test_size, seed=seed)
        assert [split.index for split in splits] == [0, 1, 2]
        for split in splits:
            assert not set(split.train) & set(split.test)
            assert sorted((*split.train, *split.test)) == sorted(ids)
            assert len(split.train) + len(split.test) == len(ids)
            assert len(split.test) == math.ceil(test_size * len(ids))
            assert [i for i in ids if i in set(split.train)] == list(split.train)
            in_test = sum(outcome_of[i] for i in split.test)
            assert abs(in_test - len(split.test) * sum(outcomes) / len(ids)) < 1

    def test_same_seed_same_splits_and_other_seed_others(self) -> None:
        ids, outcomes = cohort(19, 32)
        draw = {"n_splits": 4, "test_size": 0.2}
        first = make_splits(ids, outcomes, seed=3, **draw)  # type: ignore[arg-type]
        assert first == make_splits(ids, outcomes, seed=3, **draw)  # type: ignore[arg-type]
        assert first != make_splits(ids, outcomes, seed=4, **draw)  # type: ignore[arg-type]
        assert len({split.test for split in first}) == 4

    def test_order_of_the_patients_does_not_matter(self) -> None:
        ids, outcomes = cohort(10, 20)
        forward = make_splits(ids, outcomes, n_splits=5, test_size=0.2, seed=0)
        backward = make_splits(ids[::-1], outcomes[::-1], n_splits=5, test_size=0.2, seed=0)
        assert [set(split.test) for split in forward] == [set(split.test) for split in backward]

    def test_seed_0_is_the_draw_written_in_worc(self) -> None:
        # WORC/classification/crossval.py: random_seed = i**2; np.unique of the ids;
        # train_test_split(unique_patient_ids, test_size=..., random_state=..., stratify=...)
        ids, outcomes = cohort(19, 32)
        unique, positions = np.unique(np.asarray(ids), return_index=True)
        splits = make_splits(ids, outcomes, n_splits=6, test_size=0.2, seed=0)
        for index, split in enumerate(splits):
            train, _ = train_test_split(
                unique,
                test_size=0.2,
                random_state=index**2,
                stratify=[outcomes[position] for position in positions],
            )
            assert list(split.train) == [i for i in ids if i in set(train)]

    def test_patient_twice(self) -> None:
        with pytest.raises(CohortError, match="twice"):
            make_splits(["a", "b", "a"], [0, 1, 0], n_splits=1, test_size=0.5, seed=0)

    def test_too_few(self) -> None:
        with pytest.raises(CohortError, match="1 with the outcome"):
            make_splits(["a", "b", "c"], [0, 1, 0], n_splits=1, test_size=0.3, seed=0)


@pytest.mark.worc
def test_seed_0_equals_the_splits_of_worc_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    from WORC.classification import crossval

    class ReachedError(Exception):
        pass

    seen: list[tuple[list[str], list[str]]] = []
    ids, outcomes = cohort(12, 18)
    splits = make_splits(ids, outcomes, n_splits=5, test_size=0.2, seed=0)

    def search(features: list[tuple[list[str], list[str]]], **_: object) -> None:
        seen.append(([feature[0][0] for feature in features], []))
        raise ReachedError

    monkeypatch.setattr(crossval, "random_search_parameters", search)
    features = [([patient_id], ["name"]) for patient_id in ids]
    for index in range(5):
        with pytest.raises(ReachedError):
            crossval.random_split_cross_validation(
                image_features=features,
                feature_labels=["name"],
                classes=np.asarray(outcomes),
                patient_ids=np.asarray(ids),
                n_iterations=5,
                param_grid={"classifiers": ["SVM"]},
                config={"HyperOptimization": {}, "General": {"Joblib_ncores": "1"}},
                modus="singlelabel",
                test_size=0.2,
                start=index,
                fixed_seed=True,
            )
    assert [train for train, _ in seen] == [list(split.train) for split in splits]


class TestRestrict:
    def test_keeps_order_and_index(self) -> None:
        split = Split(7, ("a", "b", "c"), ("d", "e"))
        assert restrict(split, ["e", "c", "a"]) == Split(7, ("a", "c"), ("e",))


class TestFile:
    def test_round_trip_with_ragged_columns(self, tmp_path: Path) -> None:
        splits = (Split(0, ("1", "2", "NA"), ("p q",)), Split(1, ("1", "p q"), ("2", "NA")))
        names = {"1": "patient_001", "2": "patient_002", "NA": "patient_003", "p q": "patient_004"}
        path = tmp_path / "splits.csv"
        write_splits(path, splits, names)
        lines = path.read_text().splitlines()
        assert lines[0] == "0_train,0_test,1_train,1_test"
        assert lines[1] == "patient_001,patient_004,patient_001,patient_002"
        assert lines[3] == "patient_003,,,"
        read = read_splits(path)
        assert read[0].train == ("patient_001", "patient_002", "patient_003")
        assert read[1].test == ("patient_002", "patient_003")
        assert list(tmp_path.iterdir()) == [path]

    @pytest.mark.parametrize("bad", ["001", "NA", "1e5", "nan"])
    def test_ids_that_worc_would_misread_are_refused(self, tmp_path: Path, bad: str) -> None:
        splits = (Split(0, ("a",), ("b",)),)
        with pytest.raises(ValueError, match="WORC would not read"):
            write_splits(tmp_path / "s.csv", splits, {"a": bad, "b": "patient_1"})
        assert not (tmp_path / "s.csv").exists()

    @pytest.mark.worc
    def test_worc_reads_the_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import pandas as pd
        from WORC.classification import crossval

        ids, outcomes = cohort(8, 10)
        splits = make_splits(ids, outcomes, n_splits=2, test_size=0.2, seed=5)
        write_splits(tmp_path / "s.csv", splits, {i: f"safe_{i}" for i in ids})
        seen: list[list[str]] = []

        class ReachedError(Exception):
            pass

        def search(features: list[tuple[list[str], list[str]]], **_: object) -> None:
            seen.append([feature[0][0] for feature in features])
            raise ReachedError

        monkeypatch.setattr(crossval, "random_search_parameters", search)
        with pytest.raises(ReachedError):
            crossval.random_split_cross_validation(
                image_features=[([i], ["name"]) for i in ids],
                feature_labels=["name"],
                classes=np.asarray(outcomes),
                patient_ids=np.asarray([f"safe_{i}" for i in ids]),
                n_iterations=2,
                param_grid={"classifiers": ["SVM"]},
                config={"HyperOptimization": {}, "General": {"Joblib_ncores": "1"}},
                modus="singlelabel",
                test_size=0.2,
                start=1,
                fixedsplits=pd.read_csv(tmp_path / "s.csv", header=0),
            )
        assert seen == [list(splits[1].train)]


class TestFeasibility:
    @given(
        st.integers(2, 30), st.integers(2, 60), st.sampled_from([0.1, 0.2, 0.25, 0.3, 0.5]),
        st.integers(0, 10_000),
    )  # fmt: skip
    @settings(max_examples=200, deadline=None)
    def test_allocations_are_those_of_scikit_learn(
        self, events: int, others: int, test_size: float, seed: int
    ) -> None:
        total = events + others
        if min(math.ceil(test_size * total), total - math.ceil(test_size * total)) < 2:
            return
        labels = np.array([1] * events + [0] * others)
        splitter = StratifiedShuffleSplit(n_splits=3, test_size=test_size, random_state=seed)
        allowed = allocations(events, others, test_size)
        for train, _ in splitter.split(np.zeros(total), labels):
            in_train = int(labels[train].sum())
            assert (in_train, len(train) - in_train) in allowed

    def problems(self, n_patients: int, n_events: int) -> list[str]:
        return [
            f"{problem.severity}: {problem.what} {problem.remedy}"
            for problem in feasibility_problems(
                "CT", n_patients, n_events, test_size=0.2, inner_splits=5, outcome="lung_met"
            )
        ]

    def test_enough(self) -> None:
        assert self.problems(51, 19) == []

    def test_few_events_is_a_warning(self) -> None:
        (said,) = self.problems(51, 7)
        assert said.startswith("warning")
        assert "51 patients, 7 with lung_met and 44 without" in said

    @pytest.mark.parametrize(
        ("n_patients", "n_events"), [(51, 0), (51, 2), (0, 0), (51, 51), (5, 3)]
    )
    def test_too_few_is_an_error(self, n_patients: int, n_events: int) -> None:
        (said,) = self.problems(n_patients, n_events)
        assert said.startswith("error")
        assert "would do" in said

    @given(st.integers(0, 12), st.integers(0, 60))
    @settings(max_examples=80, deadline=None)
    def test_the_number_that_would_do_does(self, events: int, others: int) -> None:
        problems = feasibility_problems("a", events + others, events, test_size=0.2, inner_splits=5)
        for problem in problems:
            if problem.severity == "warning":
                continue
            more_events, more_others = (
                int(word) for word in problem.remedy.split() if word.isdigit()
            )
            assert more_events >= events
            assert more_others >= others
            after = feasibility_problems(
                "a", more_events + more_others, more_events, test_size=0.2, inner_splits=5
            )
            assert all(problem.severity == "warning" for problem in after)

    @given(
        st.integers(0, 9), st.integers(0, 50), st.integers(0, 50), st.sampled_from([0.2, 0.4, 0.5])
    )
    @settings(max_examples=150, deadline=None)
    def test_what_passes_can_be_split_inside_and_out(
        self, events: int, others: int, seed: int, inner_size: float
    ) -> None:
        problems = feasibility_problems(
            "a",
            events + others,
            events,
            test_size=0.2,
            inner_splits=5,
            inner_test_size=inner_size,
        )
        if any(problem.severity == "error" for problem in problems):
            return
        ids, outcomes = cohort(events, others, seed)
        outcome_of = dict(zip(ids, outcomes, strict=True))
        for split in make_splits(ids, outcomes, n_splits=3, test_size=0.2, seed=seed):
            assert {outcome_of[i] for i in split.test} == {0, 1}
            labels = np.array([outcome_of[i] for i in split.train])
            inner = StratifiedShuffleSplit(3, test_size=inner_size, random_state=seed)
            for train, validation in inner.split(labels, labels):
                assert set(labels[validation]) == {0, 1}
                assert min(np.bincount(labels[train], minlength=2)) >= 2

    def test_two_of_each_are_left_to_train_on(self) -> None:
        def severities(events: int) -> list[str]:
            problems = feasibility_problems(
                "a", 40 + events, events, test_size=0.2, inner_splits=5, inner_test_size=0.5
            )
            return [problem.severity for problem in problems]

        # 4 events: 3 to train on, of which an inner training part of a half gets 1 or 2.
        assert severities(4) == ["error"]
        assert severities(6) == ["warning"]

    def test_impossible_test_size(self) -> None:
        (problem,) = feasibility_problems("a", 50, 20, test_size=0.0001, inner_splits=5)
        assert problem.severity == "error"


class TestSplitProblems:
    outcomes = {f"e{i}": 1 for i in range(6)} | {f"n{i}": 0 for i in range(6)}

    def split(self, index: int, test: list[str], left_out: str = "") -> Split:
        train = tuple(i for i in self.outcomes if i not in test and i not in left_out.split())
        return Split(index, train, tuple(test))

    def arm(self, *splits: Split) -> ArmSplits:
        tested, untested = {}, []
        for split in splits:
            reason = why_untested(split, self.outcomes, 0.2)
            if reason is None:
                tested[split.index] = split
            else:
                sizes = (len(split.train), len(split.test))
                untested.append(UntestedSplit("a", split.index, *sizes, reason))
        return ArmSplits(tested, tuple(untested))

    def said(self, *splits: Split) -> list[tuple[str, str]]:
        found = split_problems("a", self.arm(*splits), self.outcomes, outcome="lung_met")
        return [(problem.severity, problem.what) for problem in found]

    def test_sound(self) -> None:
        assert self.said(self.split(0, ["e0", "n0"])) == []

    def test_some_test_parts_without_events(self) -> None:
        parts = (["e0", "n0"], ["n1", "n2"], ["e1", "n3"])
        ((severity, what),) = self.said(*(self.split(i, part) for i, part in enumerate(parts)))
        assert severity == "warning"
        assert "1 of 3 splits" in what

    def test_most_test_parts_without_events(self) -> None:
        parts = (["n0"], ["n1", "n2"], ["e1", "n3"])
        ((severity, _),) = self.said(*(self.split(i, part) for i, part in enumerate(parts)))
        assert severity == "error"

    def test_nobody_to_test_and_too_few_to_train(self) -> None:
        few = self.split(1, ["e2", "n3"], left_out="e3 e4 e5 n4 n5 e1")
        splits = [self.split(0, []), few, self.split(2, ["e0", "n0"]), self.split(3, ["e1", "n0"])]
        assert self.said(*splits) == [
            (
                "warning",
                "Arm a is not tested in 1 of 4 splits: none of its patients is in the test part.",
            ),
            (
                "warning",
                "Arm a is not tested in 1 of 4 splits: they leave too few with, or without, "
                "lung_met to train on.",
            ),
        ]

    def test_fewer_than_two_tested_splits_is_an_error(self) -> None:
        splits = [self.split(0, []), self.split(1, ["e0", "n0"]), self.split(2, [])]
        ((severity, what),) = self.said(*splits)
        assert severity == "error"
        assert "not tested in 2 of 3 splits" in what
        assert "It takes 2 tested splits to report an arm, and 1 would be." in what

    def test_the_only_split_is_enough(self) -> None:
        assert self.said(self.split(0, ["e0", "n0"])) == []
        ((severity, _),) = self.said(self.split(0, []))
        assert severity == "error"
