#!/bin/sh
# container.sh FOLDER [user] [bare]: a container of the barest kind, in namespaces and under a root of its own at FOLDER, an empty
# directory.
#
# Prints the PID of its first process and a newline when all is there, and ends at EOF on stdin, with all that was brought into it.
# With `user` it has a user namespace too, in which 0 is the one account. With `bare` it has sh and no Python. Its root is not that of
# its mount namespace, and it has accounts that the machine has not.
set -eu
if [ "$1" != inside ]; then
  case " $* " in *" user "*) user="--user --map-root-user" ;; *) user= ;; esac
  exec unshare $user --mount --uts --ipc --net --pid --fork --kill-child "$0" inside "$@"
fi
shift
root=$1
read -r leader _ < /proc/self/stat  # by the outer /proc: the number that the outside knows
mount --make-rprivate /
mount -t tmpfs -o mode=755 none "$root"
cd "$root"
mkdir -p dev etc proc root tmp srv home/app usr/bin
: > dev/null
mount --bind /dev/null dev/null
for name in bin sbin lib lib64; do ln -s "usr/$name" "$name"; done
case " $* " in
  *" bare "*)
    for name in lib lib64; do [ ! -d "/usr/$name" ] || { mkdir "usr/$name"; mount --rbind "/usr/$name" "usr/$name"; }; done
    for name in sh cat; do : > "usr/bin/$name"; mount --bind "/usr/bin/$name" "usr/bin/$name"; done ;;
  *) mount --rbind /usr usr ;;
esac
mount -t proc proc proc
chmod 1777 tmp
printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'app:x:7301:7302:An app:/home/app:/bin/sh' 'bare:x:7303:7303::/home/nowhere:' > etc/passwd
printf '%s\n' 'root:x:0:' 'app:x:7302:' 'web:x:7310:other,app' 'video:x:7311:other' 'audio:x:7312:app' > etc/group
hostname inside
# Said by what has the new root already.
exec chroot . /bin/sh -c 'echo "$1"; exec cat' sh "$leader"
