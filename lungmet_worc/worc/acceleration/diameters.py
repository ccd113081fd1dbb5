"""PyRadiomics' mesh, diameters and neighbourhoods of a tumour on whole arrays."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import spatial

#: The eight corners of a cube of voxels.
CORNERS = tuple(np.ndindex(2, 2, 2))


def calculate_coefficients(
    mask: np.ndarray, spacing: np.ndarray
) -> tuple[float, float, tuple[float, float, float, float]]:
    """Stand for ``radiomics.cShape.calculate_coefficients``.

    PyRadiomics builds a mesh, cube by cube, and compares every pair of its vertices for the
    largest distances. A cube has eight voxels, so there are 256 kinds: area and volume of each
    kind come from PyRadiomics' own function, and are summed over the cubes of a tumour. The
    vertices lie half-way between neighbouring voxels of which one is in the mask. Of all vertices
    only the corners of their convex hull can be the farthest apart, and of those in one plane only
    the outermost of each line: only these are compared.

    Parameters
    ----------
    mask : np.ndarray
        Boolean, slices x rows x columns, with a border of voxels outside the tumour.
    spacing : np.ndarray
        Distances between voxels along the axes, in mm.

    Returns
    -------
    tuple
        Area (mm²), volume (mm³), and the largest distances (mm) between vertices of the same
        slice, row and column, and of all vertices.
    """
    from radiomics import cShape

    if mask.ndim != 3 or mask.dtype != bool or not mask.any() or _touches_border(mask):
        return cShape.calculate_coefficients(mask, spacing)
    # Nothing outside the tumour and one voxel around it counts but its distance to the origin.
    found = [np.flatnonzero(mask.any(other)) for other in ((1, 2), (0, 2), (0, 1))]
    box = tuple(slice(line[0] - 1, line[-1] + 2) for line in found)
    origin = np.asarray([side.start for side in box], dtype=np.float64)
    inside = mask[box]
    distances = np.asarray(spacing, dtype=np.float64)
    area, volume = _mesh_sums(inside, origin, distances)
    return area, volume, _diameters(_vertices(inside), distances)


def _touches_border(mask: np.ndarray) -> bool:
    return any(bool(mask.take(side, axis).any()) for axis in range(3) for side in (0, -1))


def _mesh_sums(mask: np.ndarray, origin: np.ndarray, spacing: np.ndarray) -> tuple[float, float]:
    """Return area and volume of the mesh of a mask that starts at an origin (voxels)."""
    kinds = np.zeros([length - 1 for length in mask.shape], dtype=np.uint8)
    for bit, corner in enumerate(CORNERS):
        part = tuple(
            slice(first, first + length) for first, length in zip(corner, kinds.shape, strict=True)
        )
        kinds |= mask[part].astype(np.uint8) << np.uint8(bit)
    surface = np.nonzero((kinds != 0) & (kinds != 255))
    kinds = kinds[surface]
    volumes, slopes = _volumes()
    places = np.stack(surface, axis=1) + origin
    # A volume is that of tetrahedra to the origin: it grows with the distance to it.
    volume = volumes[kinds].sum() + np.einsum("ij,ij->", places, slopes[kinds])
    area = _areas(tuple(spacing)) @ np.bincount(kinds, minlength=256)
    return float(area), float(volume * np.prod(spacing))


def _cubes() -> Iterator[np.ndarray]:
    """Yield the 256 kinds of cubes."""
    for kind in range(256):
        cube = np.zeros((2, 2, 2), dtype=bool)
        for bit, corner in enumerate(CORNERS):
            cube[corner] = bool(kind >> bit & 1)
        yield cube


@functools.lru_cache(maxsize=64)
def _areas(spacing: tuple[float, float, float]) -> np.ndarray:
    """Return PyRadiomics' area of each kind of cube, in mm²."""
    from radiomics import cShape

    distances = np.asarray(spacing)
    return np.asarray([cShape.calculate_coefficients(cube, distances)[0] for cube in _cubes()])


@functools.lru_cache(maxsize=1)
def _volumes() -> tuple[np.ndarray, np.ndarray]:
    """Return the volume (voxels) of each kind at the origin, and what it gains with each step.

    A cube one step away comes with another cube before it, of which the two layers are the same
    as the first of the cube.
    """
    from radiomics import cShape

    unit = np.ones(3)
    volumes = np.asarray([cShape.calculate_coefficients(cube, unit)[1] for cube in _cubes()])
    slopes = np.zeros((256, 3))
    for kind, cube in enumerate(_cubes()):
        for axis in range(3):
            first = cube.take([0], axis)
            before = np.concatenate([first, first], axis)
            both = np.concatenate([first, cube], axis)
            moved = cShape.calculate_coefficients(both, unit)[1]
            moved -= cShape.calculate_coefficients(before, unit)[1]
            slopes[kind, axis] = moved - volumes[kind]
    return volumes, slopes


def _vertices(mask: np.ndarray) -> np.ndarray:
    """Return the vertices of the mesh, in whole half voxels: n x 3."""
    found = []
    for axis in range(3):
        length = mask.shape[axis]
        low, high = (
            tuple(part if other == axis else slice(None) for other in range(3))
            for part in (slice(0, length - 1), slice(1, length))
        )
        points = 2 * np.stack(np.nonzero(mask[low] != mask[high]), axis=1)
        points[:, axis] += 1
        found.append(points)
    return np.concatenate(found)


def _diameters(vertices: np.ndarray, spacing: np.ndarray) -> tuple[float, float, float, float]:
    """Return the largest distance (mm) within planes across each axis, and that of all."""
    in_planes = [_largest_in_planes(vertices, spacing, axis) for axis in range(3)]
    corners = vertices[spatial.ConvexHull(vertices).vertices]
    largest = _largest_distance(corners * 0.5 * spacing)
    return in_planes[0], in_planes[1], in_planes[2], largest


def _largest_in_planes(vertices: np.ndarray, spacing: np.ndarray, axis: int) -> float:
    """Return the largest distance between vertices of the same plane across an axis."""
    one, two = (other for other in range(3) if other != axis)
    vertices = vertices[np.lexsort((vertices[:, two], vertices[:, one], vertices[:, axis]))]
    # The outermost of each line of a plane.
    changes = np.flatnonzero(np.any(np.diff(vertices[:, [axis, one]], axis=0), axis=1))
    ends = np.unique(np.concatenate([[0], changes, changes + 1, [len(vertices) - 1]]))
    vertices = vertices[ends]
    points = vertices[:, [one, two]] * 0.5 * spacing[[one, two]]
    starts = np.flatnonzero(np.diff(vertices[:, axis], prepend=-1))
    sides = np.maximum.reduceat(points, starts) - np.minimum.reduceat(points, starts)
    bounds = np.sqrt((sides**2).sum(1))
    planes = np.split(points, starts[1:])
    largest = 0.0
    # Planes that could have the largest first; a margin for rounding.
    for plane in np.argsort(-bounds):
        if bounds[plane] < largest * (1 - 1e-9):
            break
        largest = max(largest, _largest_distance(planes[plane]))
    return largest


def _largest_distance(points: np.ndarray) -> float:
    """Return the largest distance of any two points; row by row, so that memory stays small."""
    largest = 0.0
    for start in range(0, len(points), 512):
        block = spatial.distance.cdist(points[start : start + 512], points[start:], "sqeuclidean")
        largest = max(largest, float(block.max()))
    return float(np.sqrt(largest))


def _applyBinning(self: Any, matrix: np.ndarray) -> np.ndarray:  # noqa: N802  (PyRadiomics' name)
    """Stand for ``radiomics.base.RadiomicsFeaturesBase._applyBinning``.

    Each class of texture features cuts the same image into the same grey levels: the last image
    cut is kept, and used again where image, mask and settings are the same.
    """
    from radiomics import imageoperations

    settings = self.settings.get("binWidth"), self.settings.get("binCount")
    same = (
        _last_binning.get("settings") == settings
        and np.array_equal(_last_binning["matrix"], matrix)
        and np.array_equal(_last_binning["mask"], self.maskArray)
    )
    if not same:
        levels, _ = imageoperations.binImage(matrix, self.maskArray, **self.settings)
        found = np.flatnonzero(np.bincount(levels[self.maskArray]))
        _last_binning.update(
            settings=settings, matrix=matrix, mask=self.maskArray, levels=levels, found=found
        )
    self.coefficients["grayLevels"] = _last_binning["found"].copy()
    self.coefficients["Ng"] = int(_last_binning["found"].max())
    return _last_binning["levels"].copy()


#: The last image that was cut into grey levels.
_last_binning: dict[str, Any] = {}


def calculate_gldm(image: np.ndarray, mask: np.ndarray, *settings: Any) -> np.ndarray:
    """Stand for ``radiomics.cMatrices.calculate_gldm``.

    PyRadiomics visits the neighbours of each voxel of the tumour, 244 at WORC's distances of 1
    and 3, and counts those of the same grey level. Here the whole volume is compared with itself
    shifted, once for each pair of opposite neighbours. Whole numbers, equal.

    Parameters
    ----------
    image : np.ndarray
        Grey levels from 1, slices x rows x columns.
    mask : np.ndarray
        Boolean, of the same shape.
    *settings
        Distances, number of grey levels, difference allowed, and whether and where in 2D only;
        other settings than WORC's are left to PyRadiomics.

    Returns
    -------
    np.ndarray
        1 x grey levels x number of such neighbours; as many columns as PyRadiomics has.
    """
    from radiomics import cMatrices

    distances, n_levels, alpha, flat = settings[:4] if len(settings) == 5 else ([], 0, 1, True)
    shifts = _half_neighbours(tuple(distances))
    # Numbers of neighbours are counted in one byte.
    if alpha or flat or not 0 < len(shifts) < 128 or not _are_levels(image, mask, n_levels):
        return cMatrices.calculate_gldm(image, mask, *settings)
    levels, inside = _padded_levels(image, mask, n_levels, max(distances))
    same = np.zeros(levels.shape, dtype=np.uint8)
    for shift in shifts:
        here, there = (
            tuple(
                slice(max(0, sign * step), length + min(0, sign * step))
                for step, length in zip(shift, levels.shape, strict=True)
            )
            for sign in (-1, 1)
        )
        equal = ((levels[here] == levels[there]) & inside[here]).view(np.uint8)
        same[here] += equal
        same[there] += equal
    columns = 2 * 2 * len(shifts) + 1
    places = (levels[inside].astype(np.intp) - 1) * columns + same[inside]
    counts = np.bincount(places, minlength=n_levels * columns)
    return counts.reshape(1, n_levels, columns).astype(np.float64)


def calculate_ngtdm(image: np.ndarray, mask: np.ndarray, *settings: Any) -> np.ndarray:
    """Stand for ``radiomics.cMatrices.calculate_ngtdm``.

    PyRadiomics visits the neighbours of each voxel of the tumour for their mean. Here sums and
    numbers of neighbours are those of boxes less those of smaller boxes, in whole numbers; the
    rest is the same arithmetic in the same order.

    Parameters
    ----------
    image, mask, *settings
        As in `calculate_gldm`, without the difference allowed.

    Returns
    -------
    np.ndarray
        1 x grey levels x (voxels, sum of differences to the neighbours, grey level).
    """
    from radiomics import cMatrices

    distances, n_levels, flat = settings[:3] if len(settings) == 4 else ([], 0, True)
    distinct = len(set(distances)) == len(distances) > 0 and min(distances) > 0
    if flat or not distinct or not _are_levels(image, mask, n_levels):
        return cMatrices.calculate_ngtdm(image, mask, *settings)
    levels, inside = _padded_levels(image, mask, n_levels, max(distances))
    largest = n_levels * (2 * max(distances) + 1) ** 3
    kind = np.int16 if largest <= np.iinfo(np.int16).max else np.int64
    own = levels[inside].astype(np.int64)
    sums, numbers = (
        sum(
            _box_sums(values, distance)[inside].astype(np.int64)
            - _box_sums(values, distance - 1)[inside]
            for distance in distances
        )
        for values in (levels.astype(kind), inside.astype(kind))
    )
    alone = numbers == 0
    differences = np.where(alone, 0, np.abs(own - sums / np.where(alone, 1, numbers)))
    matrix = np.empty((1, n_levels, 3))
    matrix[0, :, 0] = np.bincount(own - 1, minlength=n_levels)
    matrix[0, :, 1] = np.bincount(own - 1, differences, minlength=n_levels)
    matrix[0, :, 2] = np.arange(1, n_levels + 1)
    return matrix


@functools.lru_cache(maxsize=8)
def _half_neighbours(distances: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Return one of each pair of opposite neighbours at distances, by their largest step."""
    steps = range(-max(distances, default=0), max(distances, default=0) + 1)
    return tuple(
        shift
        for shift in itertools.product(steps, repeat=3)
        if shift > (0, 0, 0) and max(map(abs, shift)) in distances
    )


def _are_levels(image: np.ndarray, mask: np.ndarray, n_levels: int) -> bool:
    """Return whether these are whole grey levels of a volume, few enough for two bytes."""
    return bool(
        image.ndim == 3
        and np.issubdtype(image.dtype, np.integer)
        and mask.dtype == bool
        and mask.any()
        and 0 < n_levels < np.iinfo(np.uint16).max
    )


def _padded_levels(
    image: np.ndarray, mask: np.ndarray, n_levels: int, margin: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return grey levels, 0 outside the mask, and the mask, both with a margin of voxels."""
    kind = np.uint8 if n_levels <= np.iinfo(np.uint8).max else np.uint16
    levels: np.ndarray = np.pad(np.where(mask, image, 0).astype(kind), margin)
    return levels, levels != 0


def _box_sums(values: np.ndarray, radius: int) -> np.ndarray:
    """Return the sums over boxes of voxels; what lies outside the volume is 0."""
    for axis in range(3):
        total = values.copy()
        for step in range(1, min(radius, values.shape[axis] - 1) + 1):
            low, high = (
                tuple(part if other == axis else slice(None) for other in range(3))
                for part in (slice(None, -step), slice(step, None))
            )
            total[low] += values[high]
            total[high] += values[low]
        values = total
    return values
