"""`python -m catalog_api serve | worker | migrate | openapi`."""

import sys

from catalog_api.definition import DEFINITION
from shared.kit.cli import main

sys.exit(main(DEFINITION))
