"""The parts of the report about the run: how it went, failures, errata, settings, methods."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lungmet_worc.analyses.context import ReportContext
from lungmet_worc.analyses.material import Material
from lungmet_worc.analyses.run.digest import Digest
from lungmet_worc.display.blocks import Answers, Block, Bullets, Pairs, Section, Text
from lungmet_worc.display.language import ENGLISH, Language
from lungmet_worc.display.privacy import cleaned
from lungmet_worc.report.checklists import checklists
from lungmet_worc.report.methods import methods
from lungmet_worc.tasks.failures import plain_cause

#: Causes in a list of what failed.
SHOWN_CAUSES = 20


def sections(material: Material) -> list[Section]:
    """Return the parts of the report about the run, behind those of the analyses.

    Parameters
    ----------
    material : Material
    """
    return [
        failures(material),
        errata(material),
        settings(material),
        *methods_and_references(material),
        *_checklists(material),
    ]


def verdict(context: ReportContext, say: Language) -> list[Block]:
    """Return how the run went, in a few plain lines.

    Parameters
    ----------
    context : ReportContext
    say : Language
    """
    digest = context.digest
    lines = [
        say(
            "Begun {day} {time} UTC; {span} of computing on one core.",
            day=digest.started[:10],
            time=digest.started[11:16],
            span=_span(digest.task_seconds, say),
        ),
        *_splits_done(digest, say),
    ]
    if digest.failed:
        n_failed = sum(arm.n_failed for arm in digest.arms)
        lines.append(
            say.plural(n_failed, "{n} search failed.", "{n} searches failed.")
            if n_failed
            else say("Something failed.")
        )
    left_out = {patient for patient, _ in context.excluded}
    if left_out:
        lines.append(
            say.plural(
                len(left_out),
                "{n} patient was left out during the run.",
                "{n} patients were left out during the run.",
            )
        )
    without = sum(number for arm in digest.arms for _, number in arm.without_score)
    if without:
        all_of_them = sum(arm.n_candidates for arm in digest.arms)
        lines.append(
            say(
                "{without} of {all} candidate workflows gave no score.",
                without=without,
                all=all_of_them,
            )
        )
    return [
        Text(say.of(cleaned(digest.verdict, say)), "lead"),
        *(Text(line) for line in lines),
        Text("", anchor="failures", link=say("What failed, and why")),
    ]


def _span(seconds: float, say: Language) -> str:
    """Return a time span as people say it."""
    if seconds < 90:
        return say("{seconds:.0f} seconds", seconds=seconds)
    if seconds < 5400:
        return say("{minutes:.0f} minutes", minutes=seconds / 60)
    return say("{hours:.1f} hours", hours=seconds / 3600)


def _splits_done(digest: Digest, say: Language) -> list[str]:
    """Return how many splits are done: once if all arms are alike."""
    if not digest.arms:
        return []
    counts = {(arm.n_done, arm.n_splits) for arm in digest.arms}
    if len(counts) == 1:
        done, of = counts.pop()
        return [say("{done} of {of} splits done in every arm.", done=done, of=of)]
    return [
        say(
            "{arm}: {done} of {of} splits done.",
            arm=say.arm(arm.arm),
            done=arm.n_done,
            of=arm.n_splits,
        )
        for arm in digest.arms
    ]


def failures(material: Material) -> Section:
    """Return what failed, and which candidate workflows got no score.

    Parameters
    ----------
    material : Material
    """
    say, context = material.say, material.context
    blocks: list[Block] = []
    for said, causes in (
        (say("Failed in this run:"), context.digest.failed),
        (say("Left out during this run:"), context.digest.left_out),
    ):
        if causes:
            blocks += [
                Text(said),
                Bullets([say.of(cleaned(cause.sentence, say)) for cause in causes[:SHOWN_CAUSES]]),
            ]
        if len(causes) > SHOWN_CAUSES:
            blocks.append(Text(say("All causes are in log.txt of the run folder."), "note"))
    if len(context.failures):
        frame = pd.DataFrame(
            {
                say("Arm"): [say.arm(str(arm)) for arm in context.failures["arm"]],
                say("Cause"): [
                    say.of(plain_cause(str(cause))) for cause in context.failures["cause"]
                ],
                say("Candidates"): [str(number) for number in context.failures["candidates"]],
            }
        )
        caption = say("Workflows that the search drew and that gave no score, by cause.")
        blocks.append(material.text_table(frame, caption))
    else:
        blocks.append(Text(say("Every candidate workflow got a score.")))
    return Section("failures", say("Failures"), blocks)


def errata(material: Material) -> Section:
    """Return which known defects of WORC the run met.

    Parameters
    ----------
    material : Material
    """
    say, context = material.say, material.context
    title = say("Known defects of WORC that this run met")
    if not context.errata:
        return Section("errata", title, [Text(say("None."))])
    known = [(number, say.of(text)) for number, text in context.errata]
    caption = say("Numbers are those of docs/worc_errata.md.")
    second = say("What it is, and what was done")
    return Section("errata", title, [Pairs(known, caption, say("Number"), second)])


def settings(material: Material) -> Section:
    """Return the settings of the study and the versions of its packages.

    Parameters
    ----------
    material : Material
    """
    say, context = material.say, material.context
    blocks: list[Block] = []
    rows = flattened(context.settings, say=say)
    if rows:
        caption = say("Settings, by their names in the study file.")
        blocks.append(Pairs(rows, caption, say("Setting"), say("Value")))
    versions = [(str(name), str(version)) for name, version in context.versions.items()]
    if versions:
        caption = say("Packages that computed these results.")
        blocks.append(Pairs(versions, caption, say("Package"), say("Version")))
    return Section("settings", say("Settings and versions"), blocks)


def flattened(
    settings: Mapping[str, object], prefix: str = "", *, say: Language = ENGLISH
) -> list[tuple[str, str]]:
    """Return settings as (name, text), nested ones as "ensemble.size".

    Parameters
    ----------
    settings : mapping of str to object
    prefix : str
        Put before every name.
    say : Language
    """
    rows: list[tuple[str, str]] = []
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            rows += flattened(value, f"{name}.", say=say)
        elif isinstance(value, list | tuple):
            rows.append((name, ", ".join(map(str, value)) or say("none")))
        else:
            rows.append((name, say("not set") if value is None else str(value)))
    return rows


def methods_and_references(material: Material) -> list[Section]:
    """Return how the study was done, ready for a paper, and what it cites.

    Parameters
    ----------
    material : Material
    """
    say = material.say
    note = Text(
        say(
            "Written from the settings of this run and ready to paste into a paper; the numbers "
            "in brackets are those of the references below."
        ),
        "note",
    )
    found = methods(material.context, say)
    paragraphs = [Text(text, "ready") for text in found.paragraphs]
    cited = [Bullets(found.references, numbered=True)] if found.references else []
    return [
        Section("methods", say("Methods"), [note, *paragraphs]),
        Section("references", say("References"), cited),
    ]


def _checklists(material: Material) -> list[Section]:
    """Return the reporting checklists with what the run answers.

    Parameters
    ----------
    material : Material
    """
    say, facts = material.say, material.context.facts
    answered = checklists(facts, say) if facts else []
    return [
        Section(
            f"checklist-{checklist.key}",
            say("Checklist {name}", name=checklist.name),
            [
                Text(checklist.citation, "note"),
                Answers(
                    list(checklist.items),
                    say("Items of {name} and where this report answers them.", name=checklist.name),
                    (say("No."), say("Item"), say("Answer")),
                    say("(this run has no such section)"),
                ),
            ],
        )
        for checklist in answered
    ]
