#!/usr/bin/env bash
# Installs the browser that tests/browser drive: Debian's or Ubuntu's Chromium, nothing else.
set -euo pipefail

if [ -x "${REGULARS_CHROMIUM:-/usr/bin/chromium}" ]; then
    exit 0
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo"
fi
$as_root apt-get update -qq
$as_root apt-get install -y --no-install-recommends chromium fonts-dejavu-core
