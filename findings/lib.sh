# Shared functions of the scripts in this folder. Source it first: it changes to an empty directory, and removes that at the end.
set -euo pipefail

work=$(mktemp -d)
started=()

# Stops the last program first, because servers wait for their clients. Kills a program that is still running after five seconds.
finish() {
  local i
  for ((i = ${#started[@]} - 1; i >= 0; i--)); do
    kill "${started[i]}" 2>/dev/null || continue
    for _ in $(seq 50); do kill -0 "${started[i]}" 2>/dev/null && sleep 0.1; done
    kill -9 "${started[i]}" 2>/dev/null || true
    wait "${started[i]}" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap finish EXIT
cd "$work"

# Installs exact versions from npm, without their install scripts.
npm_packages() {
  printf '{ "private": true }\n' >package.json
  npm install --silent --ignore-scripts --no-audit --no-fund --save-exact "$@"
}

# Installs missing Debian packages, without starting their services.
debian_packages() {
  local missing=() name guard=
  for name in "$@"; do dpkg -s "$name" >/dev/null 2>&1 || missing+=("$name"); done
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    guard=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' >$guard
    chmod +x $guard
  fi
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
  if [ -n "$guard" ]; then rm "$guard"; fi
}

# Prints a free port of the loopback address.
free_port() {
  node -e "const s = require('net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close(); })"
}

# Starts a program in the background, until the script ends.
start() {
  "$@" &
  started+=($!)
}

# Waits until a program listens on this port of the loopback address.
until_listening() {
  for _ in $(seq 200); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
    sleep 0.1
  done
  echo "no program listens on port $1" >&2
  exit 1
}

# Compares the behaviour with the documented one; fails if it has changed.
expect() {
  printf '%s\n  actual: %s\n' "$1" "$3"
  if [ "$2" = "$3" ]; then return; fi
  printf '  CHANGED. Documented: %s\n' "$2"
  exit 1
}
