#!/usr/bin/env bash
# Builds the wheel, installs it from the lock into an environment of its own, and runs the tests there from a
# folder without src, so that what users get is what was tested.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
project=$PWD
"$python" -m hatchling build -t wheel -d "$work/dist" >/dev/null
"$python" -m venv "$work/venv"
pip=("$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check)
"${pip[@]}" --no-deps --require-hashes -r requirements-dev.lock
"${pip[@]}" --no-deps "$work"/dist/*.whl
mkdir "$work/project"
cp -r pyproject.toml tests benchmarks docs examples prompts README.md ARCHITECTURE.md .mcp.json.example "$work/project/"
cd "$work/project"
"$work/venv/bin/python" - "$project" <<'PY'
import sys
import gemini_mcp
assert not gemini_mcp.__file__.startswith(sys.argv[1]), f"{gemini_mcp.__file__} is not the wheel's"
PY
"$work/venv/bin/python" -m pytest -q -n auto --dist loadfile -m "not clients" -p no:cacheprovider tests
