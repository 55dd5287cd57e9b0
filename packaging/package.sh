#!/usr/bin/env bash
# Makes the Debian package in build/package/ of a release build that is there: `./dev package` calls it.
# package.sh RUN_PACKAGE...: the packages that the program needs beside its libraries.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
binary=$root/build/release/longhand
out=$root/build/package

# Of the project, in CMakeLists.txt.
version=$(sed -n 's/^project(longhand VERSION \([0-9.]*\).*/\1/p' "$root/CMakeLists.txt")
# Whoever makes the package answers for it.
maintainer="${DEBFULLNAME:-The Longhand contributors} <${DEBEMAIL:-longhand@example.org}>"
# The commit's time makes the package the same whenever it is built.
SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct 2>/dev/null || date +%s)
export SOURCE_DATE_EPOCH

stage=$out/longhand-$version
rm -rf "$out"
mkdir -p "$stage/docs" "$stage/completion"
cp -r "$root/packaging/debian" "$stage/debian"
cp "$root/packaging/longhand.service" "$stage/debian/longhand.service"
cp -r "$root"/packaging/{longhand.toml,environment,prometheus,grafana} "$root/README.md" "$stage/"
cp "$root"/docs/{errors,guarantees,operations,state-machine}.md "$stage/docs/"
cp "$binary" "$stage/longhand"
"$binary" manual >"$stage/longhand.1"
"$binary" completion bash >"$stage/completion/longhand"

depends=$(printf '%s, ' "$@")
sed -i "s/@RUN_PACKAGES@/${depends%, }/; s/@MAINTAINER@/$maintainer/" "$stage/debian/control"
{
  printf 'longhand (%s) bookworm; urgency=medium\n\n' "$version"
  printf '  * What has changed is in CHANGELOG.md.\n\n'
  printf ' -- %s  %s\n' "$maintainer" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")"
} >"$stage/debian/changelog"

(cd "$stage" && dpkg-buildpackage --build=binary --no-sign --no-check-builddeps) >"$out/build.log" 2>&1 ||
  { cat "$out/build.log" >&2; exit 1; }
rm -rf "$stage"
ls "$out"/longhand_"$version"_*.deb
