#!/usr/bin/env bash
# Writes a guide from a manual that a Debian package ships: the HTML documentation of borgbackup, unpacked into a folder.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
longhand=${LONGHAND:-$root/build/release/longhand}
out=${1:-$root/build/manual}
mkdir -p "$out/package"

# The package is unpacked, not installed: minimal systems leave /usr/share/doc out of what they install.
if [ ! -e "$out/package/usr/share/doc/borgbackup/html/faq.html" ]; then
  (cd "$out/package" && apt-get download -q borgbackup-doc && dpkg -x borgbackup-doc_*.deb .)
fi
html=$out/package/usr/share/doc/borgbackup/html

"$longhand" write \
  "A practical guide to keeping backups with Borg, for people who look after a few machines: how repositories and archives work, how to set up regular backups, how to restore, what encryption protects, and what to do when something goes wrong." \
  --title "Keeping Backups with Borg" --author "From the Borg documentation" --pages 8-10 \
  --data "$out/data" --out "$out" --format pdf,md \
  --source "$html/quickstart.html" --source "$html/faq.html" --source "$html/usage/general.html" --source "$html/internals/security.html"
