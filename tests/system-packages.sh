#!/bin/sh
# Debian's packages that the tests run against. Does nothing, and needs no root, where all are installed.
set -eu
# libatomic1: for what drives the browser. libpango, libharfbuzz-subset0: for reports as PDF.
wanted="mosquitto mosquitto-clients influxdb postgresql chromium libatomic1 poppler-utils fonts-noto-core libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 python3-venv git faketime"
missing=""
for package in $wanted; do
  dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' \
    || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
  echo "The tests need these packages of Debian 12, and there is no apt-get here:$missing" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "The tests need root once, to install:$missing" >&2
    echo "Run as root: apt-get update && apt-get install$missing" >&2
    exit 1
  fi
  run=sudo
else
  run=""
fi
echo "Installing for the tests:$missing"
# The servers that come with them are started by the tests on ports of their own, never as services of the machine.
$run apt-get update -qq
policy=/usr/sbin/policy-rc.d
ours=""
if [ ! -e "$policy" ]; then
  ours=yes
  printf '#!/bin/sh\nexit 101\n' | $run tee "$policy" >/dev/null
  $run chmod 755 "$policy"
fi
status=0
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq --no-install-recommends $missing >/dev/null || status=$?
[ -z "$ours" ] || $run rm -f "$policy"
exit $status
