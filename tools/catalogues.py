"""Puts each text into the catalogue beside the modules that say it (docs/translating.md).

A text moves with its module, what nobody says any more goes, and a new text is added without a
translation, which the tests then ask for.
"""

from __future__ import annotations

from collections import defaultdict

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from lungmet_worc.display.language import LANGUAGES, catalogues, language
from tests.display.said_texts import PACKAGE, homes

HEADER = b"""\
msgid ""
msgstr ""
"Language: %s\\n"
"Content-Type: text/plain; charset=utf-8\\n"

"""


def write_catalogues(code: str) -> None:
    """Write the catalogues of a language."""
    translated, made = language(code).texts, defaultdict(lambda: Catalog(code))
    for text, folder in homes().items():
        # The flags would take "95% interval" for a format of C.
        made[PACKAGE / folder / f"{code}.po"].add(text, translated.get(text)).flags.clear()
    for path in set(catalogues(code)) - set(made):
        path.unlink()
    for path, catalogue in made.items():
        with path.open("wb") as file:
            file.write(HEADER % code.encode())
            write_po(file, catalogue, width=0, omit_header=True, sort_output=True)


if __name__ == "__main__":
    for code in set(LANGUAGES) - {"en"}:
        write_catalogues(code)
