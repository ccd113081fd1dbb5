"""In how many splits an arm was not tested, and why, in sentences."""

from __future__ import annotations

from lungmet_worc.analyses.context import ReportContext
from lungmet_worc.analyses.untested.table import UNTESTED
from lungmet_worc.display.language import Language


def untested_sentences(context: ReportContext, say: Language) -> list[str]:
    """Return a sentence for each arm and reason; none where every arm was tested in every split.

    Parameters
    ----------
    context : ReportContext
    say : Language
    """
    frame = context.tables.get("untested")
    if frame is None:
        return []
    return [
        say.plural(
            len(splits),
            "{arm} was not tested in {n} split: {why}.",
            "{arm} was not tested in {n} splits: {why}.",
            arm=say.arm(str(arm)),
            why=UNTESTED.label("reason", reason, say),
        )
        for (arm, reason), splits in frame.groupby(["arm", "reason"], sort=False)
    ]
