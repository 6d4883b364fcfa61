"""``python -m aiobaseten.cli``."""

import sys

from . import main

sys.exit(main())
