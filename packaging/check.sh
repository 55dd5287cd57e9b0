#!/usr/bin/env bash
# Installs a package on a bare Debian 12 system, has its server write a document there, and removes it again.
#
#   packaging/check.sh build/package/longhand_0.1.0_amd64.deb [FOLDER]
#
# As root, with debootstrap. FOLDER gets the system; one that has a system is used again. The system's root is the root
# of a mount namespace (pivot_root): in a mere chroot the kernel lets nobody make user namespaces, and bubblewrap needs
# them.
set -euo pipefail

[ $# -ge 1 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
package=$(realpath "$1")
root=${2:-}
if [ -z "$root" ]; then
  root=$(mktemp -d /var/tmp/longhand-bare.XXXXXX)
  chmod 0755 "$root"  # it will be a / that its users go through
  trap 'rm -rf --one-file-system "$root"' EXIT
fi

# The way to the mirror that this machine has: certificates and what apt was told of proxies.
share_network() {
  install -d "$root/usr/local/share/ca-certificates"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  find /usr/local/share/ca-certificates -maxdepth 1 -type f -exec cp -t "$root/usr/local/share/ca-certificates" {} +
  grep -ls '^ *Acquire' /etc/apt/apt.conf.d/* | xargs -r cp -t "$root/etc/apt/apt.conf.d"
}

if [ ! -d "$root/etc/apt" ]; then
  debootstrap --variant=minbase --include=ca-certificates bookworm "$root" http://deb.debian.org/debian
fi
cat >"$root/etc/apt/sources.list" <<'TEXT'
deb http://deb.debian.org/debian bookworm main
deb http://deb.debian.org/debian bookworm-updates main
deb http://deb.debian.org/debian-security bookworm-security main
TEXT
share_network
cp "$package" "$root/root/longhand.deb"
cp "$here/check_inside.sh" "$root/root/check_inside.sh"

unshare --mount --pid --fork --kill-child --propagation private bash -euo pipefail -c '
  cd "$0"
  mount --bind . .
  cd "$PWD"
  mount --rbind /dev dev
  mount --rbind /sys sys
  mount -t proc proc proc
  mkdir -p oldroot
  pivot_root . oldroot
  cd /
  umount -l /oldroot
  exec env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive bash /root/check_inside.sh
' "$root"
