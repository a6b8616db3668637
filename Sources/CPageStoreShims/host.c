#define _GNU_SOURCE
#include "host.h"

#include <fcntl.h>

int zramfs_punch_hole(int fd, off_t offset, off_t length) {
    return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}
