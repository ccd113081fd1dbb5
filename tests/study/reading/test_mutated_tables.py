"""Damaged study files and manifests, 600 of each, end in messages of ours and in nothing else."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from lungmet_worc.basics.errors import LungmetError
from lungmet_worc.checks.study import check_study
from lungmet_worc.study.study_file import load_study

N = 600

STUDY = """[study]
name = "mutated"
outcome = "lung_met"
[cohort]
manifest = "{manifest}"
missing = [999, "x"]
exclude = ["P03"]
centre = "site"
[arms.clinical]
clinical = ["age", "sex", "volume"]
missing = "impute"
[arms.grade]
clinical = ["grade"]
[clinical.grade]
kind = "ordered"
order = ["low", "intermediate", "high"]
[search]
preset = "smoke"
splits = 3
candidates = 8
ensemble = {{ method = "top_N", size = 4 }}
[statistics]
subgroups = ["sex", "age"]
bands = {{ age = [50, 65.5] }}
[report]
acquisition = ["made"]
[worc.Imputation]
strategy = "median"
[run]
cores = 2
"""
HEADER = ("patient_id", "lung_met", "age", "sex", "volume", "grade", "site", "made")

#: What strange files have in them: numbers and marks, quotes, brackets, what nobody sees.
PIECES = [
    *(b'"', b"'", b",", b";", b"\t", b"\r", b"\n", b"\x00", b"[", b"]", b"{", b"}", b"=", b"."),
    *(b"\xff", b"\xc3", b"\xe2\x80\x8b", b"\xef\xbb\xbf", b"-", b"1e999", b"9" * 30, b"nan"),
    *(b"inf", b"true", b"2026-11-29", b"..", b"/dev/null", b"~root/x", b"[[", b"#", b"\\", b"&"),
    *(b"<", b">", b'"""', b"1,234", b"[" * 40, b"\xf0\x9f\x98\x80", b"999999999999", b"-1"),
]


#: Values of TOML that are sound, and seldom what is asked for.
VALUES = [
    *("true", "[]", "{}", "nan", "-inf", "-1", "0", "1e308", "9" * 40, "9" * 5000, "07:00:00"),
    *('""', '"."', '"/"', '"~nobody/x"', '"\\u0000"', '"\\u202e"', "[[[]]]", "2026-11-29"),
    *('["age", "age"]', '[1, "x"]', "{a = {b = 1}}", f'"{"long" * 3000}"', "[" * 500 + "]" * 500),
]


def rows(n: int = 24) -> list[tuple[object, ...]]:
    made = [
        (
            f"P{number + 1:02d}", number % 2, 40 + 7 * number % 31, "mf"[number % 3 > 0],
            f"{1.5 + number / 8:.2f}", ("low", "intermediate", "high")[number % 3],
            ("north", "south")[number % 5 > 1], 2001 + number,
        )
        for number in range(n)
    ]  # fmt: skip
    return [HEADER, *made]


def csv_bytes() -> bytes:
    return "\n".join(",".join(map(str, row)) for row in rows()).encode()


def xlsx_parts() -> dict[str, bytes]:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows():
        book.active.append(row)
    book.active.merge_cells("C3:C4")
    book.active.row_dimensions[5].hidden = True
    book.create_sheet("Codebook").append(["variable", "meaning"])
    stream = io.BytesIO()
    book.save(stream)
    with zipfile.ZipFile(stream) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Return the bytes with one to four changes: overwritten, put in, cut out, moved, cut off."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        length = chance.choice((1, 2, 5, 20))
        piece = chance.choice(PIECES)
        match chance.randrange(6):
            case 0:
                changed[at : at + len(piece)] = piece
            case 1:
                changed[at:at] = piece
            case 2:
                del changed[at : at + length]
            case 3:
                other = chance.randrange(len(changed) + 1)
                changed[at:at] = changed[other : other + length]
            case 4 if changed:
                changed[at % len(changed)] ^= 1 << chance.randrange(8)
            case _ if chance.random() < 0.1:
                del changed[at:]
    return bytes(changed)


def mutated_toml(text: str, chance: random.Random) -> bytes:
    """Return a study file with other bytes, or with another value that TOML can have."""
    if chance.random() < 0.4:
        return mutated(text.encode(), chance)
    lines = text.splitlines()
    at = chance.choice([number for number, line in enumerate(lines) if " = " in line])
    lines[at] = f"{lines[at].partition(' = ')[0]} = {chance.choice(VALUES)}"
    return "\n".join(lines).encode()


def mutated_xml(content: bytes, chance: random.Random) -> bytes:
    """Return XML that can be read, with another attribute or text in it."""
    places = [match.span() for match in re.finditer(rb'(?<=")[^"<>]*(?=")|(?<=>)[^<]+', content)]
    start, end = chance.choice(places)
    piece = chance.choice([each for each in PIECES if not set(each) & set(b'<>&"\x00\xff\xc3')])
    return content[:start] + piece + content[end:]


def mutated_xlsx(parts: dict[str, bytes], whole: bytes, chance: random.Random) -> bytes:
    """Return a workbook with damage in one of its parts, or in the ZIP file around them."""
    if chance.random() < 0.4:
        return mutated(whole, chance)
    name = chance.choice(sorted(parts))
    if chance.random() < 0.1:
        return zipped({key: content for key, content in parts.items() if key != name})
    change = mutated_xml if chance.random() < 0.6 else mutated
    return zipped(parts | {name: change(parts[name], chance)})


def said(path: Path) -> str:
    """Check a study; return "error", "problems" or "clean", whatever else there is fails."""
    try:
        report = check_study(load_study(path))
    except LungmetError as error:
        assert error.message
        assert all(problem.what and problem.remedy for problem in error.problems)
        return "error"
    assert report.to_text()
    assert all(problem.what and problem.remedy for problem in report.problems)
    return "problems" if report.problems else "clean"


def outcomes(folder: Path, name: str, make: Callable[[random.Random], bytes]) -> set[str]:
    found = set()
    for number in range(N):
        (folder / name).write_bytes(make(random.Random(f"{name} {number}")))
        try:
            found.add(said(folder / "study.toml"))
        except Exception as error:
            error.add_note(f"change {number} of {name}")
            raise
    return found


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "manifest.csv").write_bytes(csv_bytes())
    (tmp_path / "study.toml").write_text(STUDY.format(manifest="manifest.csv"), "utf-8")
    return tmp_path


def test_what_is_damaged_was_sound(study: Path) -> None:
    assert check_study(load_study(study / "study.toml")).errors == ()


def test_study_files(study: Path) -> None:
    text = (study / "study.toml").read_text("utf-8")
    found = outcomes(study, "study.toml", lambda chance: mutated_toml(text, chance))
    assert found == {"error", "problems", "clean"}


def test_csv(study: Path) -> None:
    table = csv_bytes()
    assert "problems" in outcomes(study, "manifest.csv", lambda chance: mutated(table, chance))


def test_xlsx(study: Path) -> None:
    (study / "study.toml").write_text(STUDY.format(manifest="manifest.xlsx"), "utf-8")
    parts = xlsx_parts()
    whole = zipped(parts)
    found = outcomes(study, "manifest.xlsx", lambda c: mutated_xlsx(parts, whole, c))
    assert "problems" in found
