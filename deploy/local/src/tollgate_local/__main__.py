"""`python -m tollgate_local up | postgres`: the system, or only its database, in the foreground."""

import argparse
import os
import sys
from pathlib import Path

from tollgate_local.containers import write_containers
from tollgate_local.errors import SetupError
from tollgate_local.only_postgres import only_postgres
from tollgate_local.up import Stopped, data_directory, up


def main() -> int:
    """Run one verb and return the exit code; what stops it is one line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m tollgate_local")
    verbs = parser.add_subparsers(dest="verb", required=True)
    whole = verbs.add_parser("up", help="the three services, their workers and their database")
    whole.add_argument(
        "--with-parent", action="store_true", help="stop when the program that started it is gone"
    )
    verbs.add_parser("postgres", help="the embedded PostgreSQL of DATA_DIR alone")
    verbs.add_parser("containers", help="keys and environments for deploy/compose.yaml")
    chosen = parser.parse_args()
    try:
        if chosen.verb == "containers":
            return write_containers(data_directory())
        if chosen.verb == "postgres":
            return only_postgres()
        return up(parent=os.getppid() if chosen.with_parent else None)
    except Stopped:  # before anything ran
        return 0
    except SetupError as error:
        print(f"tollgate: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        if not _is_of_data(error):
            raise
        print(
            f"tollgate: {error.filename} cannot be used ({error.strerror}):"
            " set DATA_DIR to a directory that this user may write to.",
            file=sys.stderr,
        )
        return 1


def _is_of_data(error: OSError) -> bool:
    if error.filename is None:
        return False
    file, directory = Path(os.fsdecode(error.filename)), data_directory()
    return file.is_relative_to(directory) or directory.is_relative_to(file)


if __name__ == "__main__":
    sys.exit(main())
