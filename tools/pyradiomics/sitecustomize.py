"""What PyRadiomics 3.0.1 asks of Python while it is built, and Python 3.12 no longer has.

Python imports this module when it starts with this folder on ``PYTHONPATH``, which ``tools/set_up``
and the lines for pip in README.md do for that one build (errata E16). Nothing is installed.
"""

import configparser


class SafeConfigParser(configparser.ConfigParser):
    """The parser by its name of before Python 3.12, as versioneer of 2015 uses it."""

    readfp = configparser.ConfigParser.read_file


if not hasattr(configparser, "SafeConfigParser"):
    configparser.SafeConfigParser = SafeConfigParser  # type: ignore[attr-defined]
