# What packaging/check.sh runs in the bare system, as its root.
set -euo pipefail

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
die() { printf 'check: %s\n' "$*" >&2; exit 1; }
# As the unit starts it: the service user, no capabilities, nothing gained by exec.
as_service=(setpriv --reuid longhand --regid longhand --clear-groups --bounding-set=-all --no-new-privs --)
# get PATH: an answer's body, without curl.
get() {
  exec 3<>"/dev/tcp/127.0.0.1/${url##*:}"
  printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' "$1" >&3
  sed '1,/^\r$/d' <&3
  exec 3>&-
}

say "installing"
update-ca-certificates >/dev/null 2>&1
apt-get update -qq
! dpkg-query -W longhand >/dev/null 2>&1 || apt-get purge -y -qq longhand >/dev/null
apt-get install -y -qq --no-install-recommends /root/longhand.deb >/root/apt.log 2>&1 || { tail -20 /root/apt.log; exit 1; }
longhand --version
dpkg --verify longhand
[ "$(stat -c '%U %a' /var/lib/longhand)" = "longhand 700" ] || die "/var/lib/longhand is not the service's own"
[ "$(stat -c '%U %a' /etc/longhand/environment)" = "root 600" ] || die "the key's file is not root's own"
bash -n /usr/share/bash-completion/completions/longhand
zcat /usr/share/man/man1/longhand.1.gz | grep '^\.TH LONGHAND' >/dev/null || die "there is no manual page"
"${as_service[@]}" longhand doctor --config /etc/longhand/longhand.toml

say "starting"
read -ra start <<<"$(sed -n 's/^ExecStart=//p' /lib/systemd/system/longhand.service)"
# On a port that is free; the words of the unit otherwise.
export LONGHAND_LISTEN=127.0.0.1:0
"${as_service[@]}" "${start[@]}" >/tmp/serve.out 2>/tmp/serve.log &
server=$!
unset LONGHAND_LISTEN
for _ in $(seq 600); do
  url=$(sed -n 's/^listening on //p' /tmp/serve.out)
  [ -z "$url" ] || break
  kill -0 "$server" 2>/dev/null || { cat /tmp/serve.log; die "the server ended"; }
  sleep 0.1
done
[ -n "$url" ] || die "the server does not listen"
get /healthz
echo
get /metrics | grep -c '^longhand_' >/dev/null || die "no metrics"

say "writing a document"
LONGHAND_TOKEN=$("${as_service[@]}" longhand token owner@localhost --config /etc/longhand/longhand.toml)
export LONGHAND_TOKEN LONGHAND_SERVER=$url
cd /root
zcat -f /usr/share/doc/longhand/guarantees.md* >guarantees.md
job=$(longhand submit "A handbook of running this server" --source guarantees.md --pages 3-4)
longhand watch "$job" | tail -1
longhand get "$job" --format pdf --out /root/document.pdf
[ "$(head -c 5 /root/document.pdf)" = "%PDF-" ] || die "that is no PDF"
pdfinfo /root/document.pdf | grep '^Pages'

say "stopping"
kill -TERM "$server"
wait "$server"

say "the unit"
apt-get install -y -qq --no-install-recommends systemd >/root/apt.log 2>&1 || { tail -20 /root/apt.log; exit 1; }
systemd-analyze verify --man=no longhand.service
# Tenths of its exposure level; what bubblewrap needs keeps it from less.
systemd-analyze security --offline=true --threshold=32 longhand.service | tail -1

say "removing"
apt-get remove -y -qq longhand 2>&1 | grep '^longhand: '
[ -f /var/lib/longhand/longhand.db ] || die "removing took the data"
[ -f /etc/longhand/longhand.toml ] || die "removing took the configuration"
apt-get purge -y -qq longhand 2>&1 | grep '^longhand: '
[ ! -e /var/lib/longhand ] && [ ! -e /etc/longhand ] || die "purging left something"
! getent passwd longhand >/dev/null || die "purging left the user"
say "all is well"
