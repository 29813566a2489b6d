#!/bin/sh
# Sets up .venv from a lock: `deploy/setup.sh runtime|dev`. Finds a Python; deploy/make_venv.py does the rest.
cd "$(dirname "$0")/.." || exit 1
usable=
for python in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
    [ -n "$python" ] || continue
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    usable=$python
    # Debian packages venv apart; a later Python may have it.
    "$python" -c 'import ensurepip, venv' 2>/dev/null && exec "$python" -I deploy/make_venv.py "$1"
done
if [ -n "$usable" ]; then
    echo "tollgate: $usable has no venv module: install it (Debian, Ubuntu: apt install python3-venv) and run make again." >&2
else
    echo "tollgate: Python 3.11 or newer is needed: install it, or name it (make PYTHON=/path/to/python3 ...)." >&2
fi
exit 1
