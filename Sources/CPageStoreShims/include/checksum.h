#ifndef ZRAMFS_CHECKSUM_H
#define ZRAMFS_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/// A 32-bit checksum of `length` bytes, continued from `seed`: four interleaved CRC32C lanes, folded by a fifth.
///
/// C, because Swift cannot reach the processor's CRC32 instruction. One lane is bound by the latency of that
/// instruction; four run at the speed of the memory. The result is the same on every machine.
uint32_t zramfs_checksum(uint32_t seed, const void *bytes, size_t length);

#endif
