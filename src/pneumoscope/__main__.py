"""``python -m pneumoscope``."""

import sys

from pneumoscope.cli import main

sys.exit(main())
