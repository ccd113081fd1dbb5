"""``python -m lungmet_worc`` is the command ``lungmet``."""

from lungmet_worc.cli import main

raise SystemExit(main())
