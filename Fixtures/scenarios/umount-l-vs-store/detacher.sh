umount -l $1
