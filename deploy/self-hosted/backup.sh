#!/bin/sh
# backup.sh DATABASE FOLDER DAYS: a whole copy of a database that is written to meanwhile, beside those of some days.
set -eu
umask 077
database=$1 folder=$2 days=$3
[ -f "$database" ] || { echo "backup: there is no $database" >&2; exit 1; }
mkdir -p "$folder"
copy="$folder/$(date -u +%Y-%m-%dT%H%M%SZ).db"
# A copy that did not come to its end, now or another time, would fill the disk that the function writes to.
rm -f "$folder"/*.part
trap 'rm -f "$copy.part"' EXIT
# One transaction that reads: writers go on, and what it reads is of one moment.
sqlite3 -cmd '.timeout 30000' "$database" "VACUUM INTO '$copy.part'"
mv "$copy.part" "$copy"
find "$folder" -name '*.db' -mtime +"$days" -delete
