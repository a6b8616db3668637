#include "checksum.h"

#include <string.h>

static uint32_t table[256];

__attribute__((constructor)) static void fill_table(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? 0x82F63B78u : 0);
        table[byte] = crc;
    }
}

static inline uint32_t step8_portable(uint32_t crc, uint8_t byte) {
    return (crc >> 8) ^ table[(crc ^ byte) & 0xFF];
}

static inline uint32_t step64_portable(uint32_t crc, uint64_t word) {
    for (int i = 0; i < 8; i++, word >>= 8)
        crc = step8_portable(crc, (uint8_t)word);
    return crc;
}

static inline uint64_t word_at(const uint8_t *p) {
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;  // the format is little-endian, and so is every machine that this runs on
}

// One body, two sets of instructions.
#define CHECKSUM_BODY(STEP64, STEP8)                                        \
    const uint8_t *p = bytes;                                               \
    uint32_t a = ~seed, b = seed ^ 0x9E3779B9u, c = seed ^ 0x85EBCA6Bu;     \
    uint32_t d = seed ^ 0xC2B2AE35u;                                        \
    for (; length >= 32; length -= 32, p += 32) {                           \
        a = STEP64(a, word_at(p));                                          \
        b = STEP64(b, word_at(p + 8));                                      \
        c = STEP64(c, word_at(p + 16));                                     \
        d = STEP64(d, word_at(p + 24));                                     \
    }                                                                       \
    a = STEP64(a, (uint64_t)b << 32 | c);                                   \
    a = STEP64(a, d);                                                       \
    for (; length >= 8; length -= 8, p += 8)                                \
        a = STEP64(a, word_at(p));                                          \
    for (; length > 0; length--, p++)                                       \
        a = STEP8(a, *p);                                                   \
    return ~a;

static uint32_t checksum_portable(uint32_t seed, const void *bytes, size_t length) {
    CHECKSUM_BODY(step64_portable, step8_portable)
}

#if defined(__x86_64__)
#define STEP64_SSE(crc, word) ((uint32_t)__builtin_ia32_crc32di((crc), (word)))
#define STEP8_SSE(crc, byte) __builtin_ia32_crc32qi((crc), (byte))
__attribute__((target("sse4.2")))
static uint32_t checksum_sse42(uint32_t seed, const void *bytes, size_t length) {
    CHECKSUM_BODY(STEP64_SSE, STEP8_SSE)
}
#endif

uint32_t zramfs_checksum(uint32_t seed, const void *bytes, size_t length) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2"))
        return checksum_sse42(seed, bytes, length);
#endif
    return checksum_portable(seed, bytes, length);
}
