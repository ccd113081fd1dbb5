from __future__ import annotations

import configparser
import copy
import pickle
import re
import subprocess
import sys
from pathlib import Path, PurePath
from string import Formatter

import pytest

from lungmet_worc.analyses.run.arm_digest import ArmDigest
from lungmet_worc.basics.sentences import Sentence
from lungmet_worc.display.language import ENGLISH, Language, catalogues, language, read_texts
from lungmet_worc.display.privacy import cleaned
from lungmet_worc.pipeline.stages import STAGES
from lungmet_worc.tasks import failures
from lungmet_worc.tasks.task import TaskKey
from tests.display.said_texts import PACKAGE, home, homes, said_texts

TEXTS = {"{arm}: AUC {auc:.2f}": "{arm}: AUC {auc:.2f} (gemiddeld)", "{n:,}": "{n:,}"}
DUTCH = Language("nl", TEXTS)


def test_english_is_the_text_itself() -> None:
    assert language("en")("AUC {auc:.2f} of {arm}", auc=0.704, arm="MRI") == "AUC 0.70 of MRI"
    assert language("en")("100 % {") == "100 % {"


def test_dutch_numbers_have_decimal_commas_and_names_stay() -> None:
    said = DUTCH("{arm}: AUC {auc:.2f}", arm="T1 v1.5", auc=0.704)
    assert said == "T1 v1.5: AUC 0,70 (gemiddeld)"
    assert DUTCH("{n:,}", n=12000) == "12.000"


def test_plural() -> None:
    texts = "{n} split of {arm}", "{n} splits of {arm}"
    assert language("en").plural(1, *texts, arm="CT") == "1 split of CT"
    assert language("en").plural(0, *texts, arm="CT") == "0 splits of CT"


def test_marks_of_numbers() -> None:
    assert DUTCH.number(12345.678, ",.2f") == "12.345,68"
    assert ENGLISH.number(12345.678, ",.2f") == "12,345.68"


@pytest.mark.parametrize("code", ["en", "nl"])
def test_english_loads_no_catalogue(code: str) -> None:
    script = (
        "import sys; from lungmet_worc.display import wording, language; "
        f"wording.p_text(0.01, language.language('{code}')); print('babel' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == str(code != "en")


def test_a_text_without_dutch_is_said_in_english_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert DUTCH("Not there.") == "Not there."
    assert "Not there." in caplog.text


def test_a_text_knows_how_it_was_made_and_is_said_in_dutch() -> None:
    made = Sentence("{arm}: AUC {auc:.2f}", arm=Sentence("{n:,}", n=1200), auc=0.704)
    assert made == "1,200: AUC 0.70"
    assert DUTCH.of(made) == "1.200: AUC 0,70 (gemiddeld)"
    assert DUTCH.of("as it is {") == "as it is {"
    assert language("en").of(made) == made
    for copied in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):
        assert (copied, copied.template) == (made, made.template)
        assert DUTCH.of(copied) == DUTCH.of(made)


def test_a_language_that_nobody_wrote_is_refused() -> None:
    with pytest.raises(KeyError, match="en, nl"):
        language("de")


def fields(text: str) -> set[str]:
    return {name for _, name, *_ in Formatter().parse(text) if name}


def test_every_text_has_a_dutch_one_beside_the_module_that_says_it_and_no_other() -> None:
    """What "make texts" mends, but for the translation."""
    found = [
        (text, path.parent.relative_to(PACKAGE))
        for path in catalogues("nl")
        for text in read_texts([path])
    ]
    assert sorted(found) == sorted(homes().items())


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["checks/power.py"], "checks"),
        (["pipeline/stages/search.py"], "pipeline"),
        (["analyses/power/table.py", "analyses/power/section.py"], "analyses/power"),
        (["analyses/power/table.py", "analyses/cohort/table.py"], "analyses"),
        (["analyses/power/table.py", "cli/run.py"], "analyses/power"),
        (["analyses/power/table.py", "study/config.py", "cli/run.py"], "study"),
    ],
)
def test_home_of_a_text(files: list[str], expected: str) -> None:
    assert str(home(map(PurePath, files))) == expected


@pytest.mark.parametrize("path", catalogues("nl"), ids=lambda path: path.parent.name)
def test_dutch_texts_keep_fields_and_end_of_sentence(path: Path) -> None:
    for english, dutch in read_texts([path]).items():
        assert fields(english) == fields(dutch), english
        assert english.endswith(".") == dutch.endswith("."), english
        # Spaces at an end, in a row, or a new line are meant where English has them too.
        odd = r"^\s+|\s+$|\n\s*|\s\s+"
        assert re.findall(odd, english) == re.findall(odd, dutch), english


def test_a_catalogue_without_a_translation(tmp_path: Path) -> None:
    path = tmp_path / "nl.po"
    path.write_text('msgid "one"\nmsgstr ""\n\nmsgid "two\\n"\nmsgstr "twéé\\n"\n', "utf-8")
    assert read_texts([path]) == {"two\n": "twéé\n"}


def test_collector_sees_all_ways_of_saying(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "say('one' ' text', x=1); self.say('two'); say.plural(n, 'three', 'four')\n"
        "x = later('five'); say(unknown); plural(2, 'split'); print('six')\n"
    )
    (tmp_path / "b.html.j2").write_text("{% if x %}{{ say('seven', n=1) | upper }}{% endif %}")
    (tmp_path / "c.j2").write_text("{{ say.plural(n, 'eight', 'nine') }} {{ other('ten') }}")
    found = said_texts(tmp_path)
    texts = {"one text", "two", "three", "four", "five", "seven", "eight", "nine"}
    assert found.keys() == texts
    assert found["seven"] == {PurePath("b.html.j2")}


def test_a_digest_in_dutch() -> None:
    say = language("nl")
    arm = ArmDigest("mri_only", 48, 18, 3, n_done=4, n_failed=0, n_splits=4)
    assert arm.sentence == (
        "mri_only: 48 patients, 18 with the outcome; 4 of 4 splits done; 3 patients left out"
    )
    assert say.of(arm.sentence) == (
        "mri_only: 48 patiënten, 18 met de uitkomst; 4 van de 4 splitsingen klaar; "
        "3 patiënten niet meegenomen"
    )
    errors = [
        failures.Failed(TaskKey("extraction", "CT", f"P{n}"), f"ValueError: P{n} has no tumour.")
        for n in (1, 2)
    ]
    (cause,) = failures.failed_tasks(errors, STAGES)
    assert say.of(cause.what) == (
        "Het berekenen van CT-kenmerken van 2 patiënten (P1 en P2) is mislukt: "
        "ValueError: P1 has no tumour."
    )
    (memory,) = failures.failed_tasks(
        [failures.Failed(TaskKey("search", arm="CT", split=1), "MemoryError")], STAGES
    )
    assert say.of(memory.sentence) == (
        "De zoektocht van CT, splitsing 2 is mislukt: het geheugen was vol, of iemand heeft het "
        "werkproces beëindigd (MemoryError). Voer opnieuw uit met minder taken tegelijk, "
        "bijvoorbeeld --cores 1."
    )


def test_catalogues_are_part_of_the_package() -> None:
    setup = configparser.ConfigParser()
    setup.read(PACKAGE.parent / "setup.cfg")
    patterns = setup["options.package_data"]["*"].split()
    folders = [path.parent for path in PACKAGE.rglob("__init__.py")]
    packed = {path for folder in folders for each in patterns for path in folder.glob(each)}
    assert set(catalogues("nl")) <= packed


def test_paths_in_dutch_texts() -> None:
    assert cleaned({"a": ["in /srv/data/"]}, language("nl")) == {"a": ["in een map"]}
