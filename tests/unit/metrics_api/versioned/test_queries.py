"""What a definition said is read out of its versions."""

import pytest

from metrics_api.corrections.queries import CORRECTIONS
from metrics_api.corrections.schemas import CorrectionOut
from metrics_api.slis.queries import SLIS
from metrics_api.slis.schemas import SliOut
from metrics_api.slos.queries import SLOS
from metrics_api.slos.schemas import SloOut
from metrics_api.versioned.queries import Versioned
from shared.schemas.common import Out


@pytest.mark.parametrize(
    ("kept", "shown"), [(SLIS, SliOut), (SLOS, SloOut), (CORRECTIONS, CorrectionOut)]
)
def test_each_version_holds_every_column(kept: Versioned, shown: type[Out]) -> None:
    # A column that is not on the wire would be null as of any moment.
    assert {column.name for column in kept.present.__table__.c} <= set(shown.model_fields)
