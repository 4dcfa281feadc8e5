#!/bin/bash
# box.sh EMPTY SHARED REPOSITORY SOURCE COMMAND…: runs COMMAND on a machine of its own, as PID 1's only child.
#
# It has this machine's files, but nothing that is changed in it stays; processes, a name and a network of its own, which is loopback with
# an sshd that root can log in to, for a session with our PATH; REPOSITORY, that cannot be changed; a copy of SOURCE as /source; and
# SHARED as /shared, of which what is written stays. To be started by `unshare --mount --net --pid --uts --ipc --fork --kill-child`: then
# it ends with its first process.
set -eu
empty=$1 shared=$2 repository=$3 source=$4; shift 4

mount --make-rprivate /
mount -t tmpfs -o size=4g,mode=755 box "$empty"
layers() { mkdir -p "$empty/$1-upper" "$empty/$1-work"; echo "upperdir=$empty/$1-upper,workdir=$empty/$1-work"; }
mkdir "$empty/root"
mount -t overlay -o "lowerdir=/,$(layers root)" overlay "$empty/root"
cd "$empty/root"
mkdir -p source shared old
mount -t overlay -o "lowerdir=$source,$(layers source)" overlay source
mount --bind "$shared" shared
mount --bind "$repository" ".$repository"
mount -o remount,bind,ro ".$repository"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
for folder in tmp var/tmp dev/shm; do mount -t tmpfs -o mode=1777 tmpfs "$folder"; done
mount -t tmpfs -o mode=755 tmpfs run
pivot_root . old
umount -l /old
rmdir /old
cd /

ip link set lo up
mkdir -p /run/sshd /run/lock
chmod a+x /root  # what is below it, such as interpreters, is for every account
install -d -m 700 /root/.ssh
rm -f /root/.ssh/*
ssh-keygen -q -t ed25519 -N '' -f /run/sshd/host
ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
printf '%s\n' 'HostKey /run/sshd/host' 'PermitRootLogin yes' 'UsePAM yes' 'PrintMotd no' 'MaxStartups 100' 'AcceptEnv LANG LC_*' \
  'Subsystem sftp /usr/lib/openssh/sftp-server' "SetEnv PATH=$PATH" > /run/sshd/config
/usr/sbin/sshd -f /run/sshd/config

"$@" &
wait $!
