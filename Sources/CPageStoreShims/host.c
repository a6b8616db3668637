#define _GNU_SOURCE
#include "host.h"

#include <fcntl.h>
#include <unistd.h>

int zramfs_punch_hole(int fd, off_t offset, off_t length) {
    return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

int zramfs_preallocate(int fd, off_t offset, off_t length) {
    return fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, length);
}

off_t zramfs_seek_data(int fd, off_t offset) {
    return lseek(fd, offset, SEEK_DATA);
}
