# What the host scripts share; sourced, not run. State lies below $MITOGEN_HOSTS, and names that the whole machine can see (accounts,
# network namespaces) carry $MITOGEN_HOSTS_ID, so that several runs stand side by side.
set -eu
MITOGEN_HOSTS=${MITOGEN_HOSTS:-${TMPDIR:-/tmp}/mitogen-hosts}
MITOGEN_HOSTS_ID=${MITOGEN_HOSTS_ID:-0}
HERE=$(dirname "$(readlink -f "$0")")
NAME=$(basename "$0")
# containers: one that runs, one that does not, and one that runs and has no Python
APP=mitogen-app-$MITOGEN_HOSTS_ID STOPPED=mitogen-stopped-$MITOGEN_HOSTS_ID BARE=mitogen-bare-$MITOGEN_HOSTS_ID
LOGIN=mitogen-login-$MITOGEN_HOSTS_ID OTHER=mitogen-other-$MITOGEN_HOSTS_ID RULE=mitogen-rule-$MITOGEN_HOSTS_ID

say() { printf '%-6s %s\n' "$NAME" "$1"; }
fail() { say "$1" >&2; exit 1; }
need_root() { [ "$(id -u)" = 0 ] || fail "needs root"; }
need() {  # need COMMAND PACKAGE
  command -v "$1" >/dev/null || PATH=$PATH:/usr/sbin command -v "$1" >/dev/null || fail "$1 is missing: apt-get install $2"
}

# refuse WHY: this machine does not allow what the host is made of. That alone lets tests be skipped; all else that goes wrong is a failure
REFUSED=77
refuse() { say "refused by this machine: $1" >&2; exit $REFUSED; }

# need_of_machine namespaces|cgroups|overlay…: each is tried, since nothing tells what a kernel, or the container around us, forbids
need_of_machine() {
  local what said
  for what; do said=$(may_have_$what 2>&1) || refuse "$what: ${said:-not allowed}"; done
}

may_have_namespaces() { unshare --mount --uts --ipc --net --pid --fork --mount-proc true; }

may_have_cgroups() {  # in any hierarchy: which of them a daemon cannot do without is for the daemon to say
  local places=(/sys/fs/cgroup) place
  [ -f /sys/fs/cgroup/cgroup.procs ] || places=(/sys/fs/cgroup/*)
  for place in "${places[@]}"; do
    [ ! -f "$place/cgroup.procs" ] || { mkdir "$place/mitogen-$NAME-$MITOGEN_HOSTS_ID" && rmdir "$place/mitogen-$NAME-$MITOGEN_HOSTS_ID" && return 0; }
  done
  return 1
}

may_have_overlay() {  # where the containers' file systems will lie: over some file systems there can be none
  local d=$MITOGEN_HOSTS/overlay-$NAME status=0
  mkdir -p "$d"/{lower,upper,work,merged}
  unshare --mount mount -t overlay overlay -o "lowerdir=$d/lower,upperdir=$d/upper,workdir=$d/work" "$d/merged" || status=1
  rm -rf "$d"
  return $status
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port_answers() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }
retry() { local n=$1; shift; until "$@" >/dev/null 2>&1; do n=$((n - 1)); [ $n -gt 0 ] || return 1; sleep 0.05; done; }
gone() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }

# background NAME COMMAND…: start a daemon in a session of its own, its PID in pids/NAME, its output in log/NAME
background() {
  local name=$1; shift
  mkdir -p "$MITOGEN_HOSTS/pids" "$MITOGEN_HOSTS/log"
  setsid -f bash -c 'echo $$ > "$0"; exec "$@"' "$MITOGEN_HOSTS/pids/$name" "$@" > "$MITOGEN_HOSTS/log/$name" 2>&1 < /dev/null
}

# end NAME WORD: end the daemon NAME, if the process with the recorded PID still has WORD in its command line
end() {
  local file=$MITOGEN_HOSTS/pids/$1 pid
  [ -f "$file" ] || return 0
  pid=$(cat "$file"); rm -f "$file"
  tr '\0' ' ' < "/proc/$pid/cmdline" 2>/dev/null | grep -qa -- "$2" || return 0
  kill -TERM "$pid" 2>/dev/null || return 0
  retry 60 gone "$pid" || kill -KILL "$pid"
}

# ssh_keys: the key pairs that every sshd of this state shares, made once
ssh_keys() {
  local d=$MITOGEN_HOSTS/ssh; mkdir -p "$d" /run/sshd; chmod 755 "$MITOGEN_HOSTS" "$d"
  [ -f "$d/key" ] || ssh-keygen -q -t ed25519 -N '' -C mitogen-test -f "$d/key"
  [ -f "$d/wrong_key" ] || ssh-keygen -q -t ed25519 -N '' -C mitogen-wrong -f "$d/wrong_key"
  [ -f "$d/host_key" ] || ssh-keygen -q -t ed25519 -N '' -C mitogen-host -f "$d/host_key"
  cp "$d/key.pub" "$d/authorized_keys"
  printf '* %s\n' "$(cut -d' ' -f1,2 "$d/host_key.pub")" > "$d/known_hosts"
}

# sshd_config PORT ADDRESS…: a server that takes our key or a password through PAM, and touches nothing of the system's own sshd
sshd_config() {
  local d=$MITOGEN_HOSTS/ssh port=$1 a; shift
  for a in "$@"; do printf 'ListenAddress %s:%s\n' "$a" "$port"; done
  printf '%s\n' "HostKey $d/host_key" "AuthorizedKeysFile $d/authorized_keys" "StrictModes no" "UsePAM yes" "PidFile none" \
    "PermitRootLogin yes" "PasswordAuthentication yes" "KbdInteractiveAuthentication no" "UseDNS no" "PrintMotd no" \
    "MaxStartups 200" "MaxSessions 200" "LoginGraceTime 60" "Subsystem sftp internal-sftp"
}

# the words that make an ssh client use our keys and nothing of the user's
ssh_options() {
  printf '%s ' -F none -i "$MITOGEN_HOSTS/ssh/key" -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes \
    -o "UserKnownHostsFile=$MITOGEN_HOSTS/ssh/known_hosts" -o LogLevel=ERROR -o ConnectTimeout=10
}

# small_roots: two root file systems for containers, made once: root (busybox, su, rsync, and the system's Python with its byte code: 54 MB) and bare-root
# (busybox only). They need nothing of this machine once they stand. Their accounts are root and app (1000).
small_roots() {
  need busybox busybox-static; need rsync rsync
  local lock; exec {lock}> "$MITOGEN_HOSTS/roots.lock"; flock "$lock"  # several scripts may start beside each other
  make_roots
  exec {lock}>&-
}

make_roots() {
  [ ! -f "$MITOGEN_HOSTS/root/done" ] || return 0
  local d=$MITOGEN_HOSTS/root version library
  small_system "$MITOGEN_HOSTS/bare-root"; small_system "$d"
  version=$(/usr/bin/python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
  install -D "/usr/bin/$version" "$d/usr/bin/$version"; ln -s "$version" "$d/usr/bin/python3"
  mkdir -p "$d/usr/lib/$version" "$d/etc/pam.d"
  tar -C "/usr/lib/$version" --exclude=test --exclude='config-*' --exclude=idlelib --exclude=ensurepip -cf - . | tar -C "$d/usr/lib/$version" -xf -
  rm "$d/bin/su"; install -m 755 /bin/su "$d/bin/su"  # busybox's may be left out of it
  printf '%s\n' 'auth sufficient pam_rootok.so' 'account required pam_permit.so' 'session required pam_permit.so' > "$d/etc/pam.d/su"
  install -D /usr/bin/rsync "$d/usr/bin/rsync"
  libraries "$d" "/usr/bin/$version" /bin/su /usr/bin/rsync "/usr/lib/$version"/lib-dynload/*.so $(ls /usr/lib/*/security/pam_rootok.so /usr/lib/*/security/pam_permit.so)
  touch "$d/done"
}

small_system() {  # small_system FOLDER: busybox and its accounts
  local d=$1
  rm -rf "$d"; mkdir -p "$d"/{bin,sbin,etc,proc,sys,dev/pts,dev/shm,tmp,root,run,var/tmp,usr/bin,usr/lib,home/app}
  ln -s usr/lib "$d/lib"  # where libpam looks for its modules
  chmod 1777 "$d/tmp" "$d/var/tmp"; chown 1000:1000 "$d/home/app"
  install "$(command -v busybox)" "$d/bin/busybox"; chroot "$d" /bin/busybox --install -s /bin; touch "$d/bin/su"
  printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'app:x:1000:1000:app:/home/app:/bin/sh' > "$d/etc/passwd"
  printf '%s\n' 'root:x:0:' 'app:x:1000:' > "$d/etc/group"
  printf '%s\n' '#!/bin/sh' 'exec /bin/sleep 86400' > "$d/sbin/init"; chmod 755 "$d/sbin/init"
}

libraries() {  # libraries FOLDER FILE…: what the dynamic linker would load for the files, and the modules of PAM among them
  local d=$1 library; shift
  for library; do case $library in */security/*) install -D "$library" "$d$library" ;; esac; done
  for library; do ldd "$library" 2>/dev/null; done | grep -oE '/[^ ]+\.so[^ ]*' | sort -u | while read -r library; do install -D "$library" "$d$library"; done
}

# no_cgroups GLOB: remove the cgroups that a container's end left, which are empty; never a process
no_cgroups() {
  local d
  for d in /sys/fs/cgroup/*/$1; do [ ! -d "$d" ] || find "$d" -depth -type d -exec rmdir {} + 2>/dev/null || true; done
}

# dispatch start|prove|stop: the end of every script
dispatch() {
  case ${1:-} in
    start) mkdir -p "$MITOGEN_HOSTS"; need_root; start ;;
    prove) need_root; prove ;;
    stop) need_root; stop ;;
    *) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; [ "${1:-}" = --help ] || exit 2 ;;
  esac
}
