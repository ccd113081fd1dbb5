"""The kinds of sources, and which of them a table of the study file is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import PlainValidator, ValidationInfo

from lungmet_worc.study.sources.images import ImageSource
from lungmet_worc.study.sources.source import Source

#: The key that tells a kind of source from the others, and that names one of the files of its
#: data -> the kind; without any it is the first.
SOURCES: dict[str, type[Any]] = {"image": ImageSource}


def kind_of(table: object) -> type[Any]:
    """Return the kind of source that a table of the study file describes."""
    keys = table if isinstance(table, Mapping) else {}
    return next((SOURCES[key] for key in SOURCES if key in keys), next(iter(SOURCES.values())))


def _of_its_kind(table: Any, info: ValidationInfo) -> Any:
    if isinstance(table, tuple(SOURCES.values())):
        return table
    return kind_of(table).model_validate(table, context=info.context)


AnySource = Annotated[Source, PlainValidator(_of_its_kind)]


def column_names(*sources: Source) -> set[str]:
    """Return the columns of the manifest that sources need."""
    return {column.name for source in sources for column in source.columns}
