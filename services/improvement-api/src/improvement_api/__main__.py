"""`python -m improvement_api serve | worker | migrate | openapi`."""

import sys

from improvement_api.definition import DEFINITION
from shared.kit.cli import main

sys.exit(main(DEFINITION))
