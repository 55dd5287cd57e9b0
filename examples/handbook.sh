#!/usr/bin/env bash
# Writes a handbook about this project from the repository's own documents and header comments, with the offline model.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
longhand=${LONGHAND:-$root/build/release/longhand}
out=${1:-$root/build/demo}
mkdir -p "$out"

sources=(--source "$root/README.md" --source "$root/ARCHITECTURE.md" --source "$root/CONTRIBUTING.md")
while IFS= read -r -d '' file; do
  sources+=(--source "$file")
done < <(find "$root/docs" "$root/src" \( -name '*.md' -path '*/docs/*' -o -name '*.h' -not -name '*_testing.h' \) -print0 | LC_ALL=C sort -z)

"$longhand" write \
  "A handbook for engineers who run or extend Longhand, a server that writes long documents as durable jobs: what a job is, how leases, journals and the store keep it safe, how models are called, how sources become cited passages, how documents are typeset, and how to operate it." \
  --title "The Longhand Handbook" --author "The Longhand project" --pages 12-15 \
  --data "$out/data" --out "$out" --format pdf,md "${sources[@]}"

# As they can be typed, whatever is in a path.
command=$(printf '%q' "$longhand")
data=$(printf '%q' "$out/data")
cat <<TEXT

The PDF lies in $out. Start the server with:
  $command serve --data $data
and get a token for it with:
  $command token owner@localhost --data $data
TEXT
