#!/usr/bin/env bash
# Makes the lock files anew: versions and hashes for Python 3.11 to 3.13 on every platform, no addresses.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${VENV:-.venv}/bin
common=(--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links
        --no-header --no-annotate --quiet)
# The build backend is locked too: nothing is fetched that was not pinned.
inputs=$(mktemp)
trap 'rm -f "$inputs"' EXIT
"$bin/python" - >"$inputs" <<'PY'
import tomllib
project = tomllib.load(open("pyproject.toml", "rb"))
print("\n".join([*project["build-system"]["requires"], *project["project"]["dependencies"]]))
PY
"$bin/uv" pip compile "${common[@]}" "$inputs" -o requirements.lock
"$bin/uv" pip compile "${common[@]}" -c requirements.lock --group dev "$inputs" -o requirements-dev.lock
if grep -n "://" requirements.lock requirements-dev.lock; then echo "an address in a lock file" >&2; exit 1; fi
