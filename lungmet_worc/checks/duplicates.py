"""The same image or mask where there should be two different ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

from lungmet_worc.basics.errors import Problem
from lungmet_worc.basics.sentences import Sentence, joined
from lungmet_worc.imaging.foreign_files import Kind
from lungmet_worc.imaging.inspection import InspectedScan, PairInspection, same_place


def duplicate_problems(scans: Sequence[InspectedScan]) -> Iterator[Problem]:
    """Report images and masks that are used more than once, by content.

    Each scan concerned gets the problem, since nobody knows which one is right. Two masks of
    the same shape in different places are a warning only: small masks in cropped images can
    agree by chance. One mask for several images of the same patient is how co-registered
    scans are segmented, and nothing to report.
    """
    yield from _same_images(scans)
    yield from _same_masks(scans)
    yield from _image_as_mask(scans)


def _grouped(
    scans: Iterable[InspectedScan], key: Callable[[PairInspection], str]
) -> list[list[InspectedScan]]:
    """Return the scans that share a key, where more than one does; "" is no key."""
    groups: dict[str, list[InspectedScan]] = {}
    for scan in scans:
        groups.setdefault(key(scan.inspection), []).append(scan)
    groups.pop("", None)
    return [group for group in groups.values() if len(group) > 1]


def _named(group: Sequence[InspectedScan]) -> Sentence:
    """Return patients and rows as in a sentence."""
    rows = dict.fromkeys((scan.patient.patient_id, scan.patient.row) for scan in group)
    return _and([Sentence("{patient} (row {row})", patient=p, row=row) for p, row in rows])


def _and(names: Sequence[str]) -> Sentence:
    return Sentence("{names} and {last}", names=joined(names[:-1], ", "), last=names[-1])


def _in_conflict(group: Sequence[InspectedScan], kind: Kind) -> list[InspectedScan]:
    """Return the scans of a group that belong to several patients.

    Of scans of several modalities only those of the same column, if there are any: with one
    mask for the MRI and the CT of a patient, a copy of it in another patient's MRI says
    nothing against the CT.
    """
    where = [(each.patient.patient_id, each.place(kind)[1]) for each in group]
    if len({patient for patient, _ in where}) < 2:
        return []
    same_column = [
        each
        for each, (patient, column) in zip(group, where, strict=True)
        if any(other != patient and in_column == column for other, in_column in where)
    ]
    return same_column or list(group)


def _same_images(scans: Sequence[InspectedScan]) -> Iterator[Problem]:
    for group in _grouped(scans, lambda found: found.image_content or found.image_digest):
        if conflict := _in_conflict(group, "image"):
            what = Sentence(
                "The same image is used for patients {patients}.", patients=_named(conflict)
            )
            for each in conflict:
                yield each.problem("image", what, Sentence("Give each patient's own image."))
        elif len({scan.config.image for scan in group}) > 1:
            modalities = _and([scan.modality for scan in group])
            what = Sentence("The same image is used for {modalities}.", modalities=modalities)
            remedy = Sentence("Correct one of the two paths, unless this is meant.")
            yield group[-1].problem("image", what, remedy, "warning")


def _same_masks(scans: Sequence[InspectedScan]) -> Iterator[Problem]:
    for same in _grouped(
        scans, lambda found: found.segmentation_content or found.segmentation_digest
    ):
        group = _in_conflict(same, "mask")
        if not group:
            continue
        if any(_same_mask(*two) for two in itertools.combinations(group, 2)):
            what = Sentence(
                "The same mask is used for patients {patients}.", patients=_named(group)
            )
            for each in group:
                yield each.problem("mask", what, Sentence("Give each patient's own mask."))
        else:
            what = Sentence(
                "The masks of patients {patients} have the same voxels, in another place.",
                patients=_named(group),
            )
            remedy = Sentence("Look whether one was copied to the other.")
            for each in group:
                yield each.problem("mask", what, remedy, "warning")


def _same_mask(first: InspectedScan, second: InspectedScan) -> bool:
    if first.patient.patient_id == second.patient.patient_id:
        return False
    one, other = first.inspection, second.inspection
    return one.segmentation_digest == other.segmentation_digest or same_place(one, other)


def _image_as_mask(scans: Sequence[InspectedScan]) -> Iterator[Problem]:
    images = {each.inspection.image_digest: each.patient for each in scans}
    images.pop("", None)
    for each in scans:
        other = images.get(each.inspection.segmentation_digest)
        if other is not None and other.row != each.patient.row:
            what = Sentence(
                "This mask file is the image of patient {patient} (row {row}).",
                patient=other.patient_id,
                row=other.row,
            )
            yield each.problem("mask", what, Sentence("Correct one of the two paths."))
