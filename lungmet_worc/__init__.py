"""lungmet_worc: from a patient manifest to study tables with WORC.

Research software; not a medical device.
"""

# Nothing else is imported here: "python -m lungmet_worc" finds it in the working folder first.
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lungmet_worc.basics.errors import LungmetError
    from lungmet_worc.pipeline.compare import compare_runs
    from lungmet_worc.pipeline.run import Run
    from lungmet_worc.pipeline.study import Study
    from lungmet_worc.tasks.progress import Quiet

__version__ = "0.1.0"
__all__ = ["LungmetError", "Quiet", "Run", "Study", "__version__", "compare_runs"]


def __getattr__(name: str) -> object:
    """Load what is public only when it is asked for."""
    homes = {
        "LungmetError": "lungmet_worc.basics.errors",
        "Quiet": "lungmet_worc.tasks.progress",
        "Study": "lungmet_worc.pipeline.study",
        "Run": "lungmet_worc.pipeline.run",
        "compare_runs": "lungmet_worc.pipeline.compare",
    }
    if name in ("errors", "progress"):  # of scripts older than LungmetError and Quiet here
        return import_module(f"lungmet_worc.{name}")
    if name not in homes:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(homes[name]), name)
