"""`python -m metrics_api serve | worker | migrate | openapi`."""

import sys

from metrics_api.definition import DEFINITION
from shared.kit.cli import main

sys.exit(main(DEFINITION))
