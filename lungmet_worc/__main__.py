"""``python -m lungmet_worc`` is the command ``lungmet``."""

import sys

if not sys.flags.safe_path:
    # Python put the working folder first, where a "random.py" would be taken for its own.
    del sys.path[0]

from lungmet_worc.cli import main

raise SystemExit(main())
