"""`python -m tollgate_local postgres`: the embedded server of DATA_DIR alone, in the foreground."""

import os
from contextlib import ExitStack

from tollgate_local import database, postgres
from tollgate_local.data_lock import lock
from tollgate_local.environment import Installation
from tollgate_local.processes import ProcessGroup
from tollgate_local.up import data_directory


def only_postgres() -> int:
    """Print the administrative URL and run until Ctrl-C, SIGTERM or the server's own end."""
    installation = Installation(data_directory(), {})
    with ExitStack() as at_exit:
        held = lock(installation.directory)
        at_exit.callback(os.close, held)
        installation.logs.mkdir(exist_ok=True)
        sockets = postgres.socket_directory()
        group = ProcessGroup(remove=[sockets], holds=[held])
        at_exit.callback(group.close)
        server, cluster = database.embedded(installation, group, sockets)
        print(cluster.url(database.NAME), flush=True)
        assert server.process is not None
        try:
            return server.process.wait()
        except KeyboardInterrupt:
            postgres.stop(server.process)
            return 0
