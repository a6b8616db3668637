#ifndef ZRAMFS_HOST_H
#define ZRAMFS_HOST_H

#include <sys/types.h>

/// fallocate(2) with FALLOC_FL_PUNCH_HOLE: visible only under _GNU_SOURCE, which Swift's importer does not define.
int zramfs_punch_hole(int fd, off_t offset, off_t length);

/// fallocate(2) with FALLOC_FL_KEEP_SIZE, which posix_fallocate emulates by writing where the host has no such thing.
int zramfs_preallocate(int fd, off_t offset, off_t length);

/// lseek(2) with SEEK_DATA, which Swift's importer does not see either.
off_t zramfs_seek_data(int fd, off_t offset);

#endif
