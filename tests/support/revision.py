"""`make revision s=catalog m="add risk"`: a migration from the models, on a throw-away server."""

import sys

from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from shared.kit.database import sqlalchemy_url
from shared.kit.migrations import alembic_config
from tests.support.postgres import SERVICES, running_server


def main() -> int:
    """Write the migration into the service's own folder; 2 when the arguments are not right."""
    service, message = [*sys.argv[1:], "", ""][:2]
    if service not in SERVICES or not message:
        print(f'make revision s={"|".join(SERVICES)} m="what it does"', file=sys.stderr)
        return 2
    with running_server() as server:
        engine = create_engine(
            sqlalchemy_url(server.create_database(service).admin_url), poolclass=NullPool
        )
        with engine.begin() as connection:
            config = alembic_config(f"{service}_api", connection)
            command.revision(config, message, autogenerate=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
