// Reads or writes a disk for a while and prints MB/s and the CPU time it took itself, in ms per MB.
// diskclient [-w] [-r] [-d] [-b BYTES] [-q DEPTH] [-s SECONDS] [-m MIB] [-f] DISK CORPUS
//   -w write, else read; -r random, else sequential; -d O_DIRECT; -q requests in flight (kernel AIO, needs -d);
//   -m the first MIB of the disk; -f all of it once instead of for SECONDS. Writes take the bytes of CORPUS in turn.
// diskclient -g MIB FILE   makes data that is 60 % compressible, as fio's: random bytes, then zeroes, in every 512.
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t next(void) {
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return seed;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void) {
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static void generate(const char *path, size_t mib) {
    FILE *file = fopen(path, "w");
    if (!file) err(1, "%s", path);
    for (size_t chunk = 0; chunk < mib << 11; chunk++) {
        uint64_t words[64] = {0};
        for (int i = 0; i < 26; i++) words[i] = next();
        fwrite(words, sizeof words, 1, file);
    }
    if (fclose(file)) err(1, "%s", path);
}

int main(int argc, char **argv) {
    int option, writes = 0, random = 0, direct = 0, whole = 0;
    size_t block = 4096, depth = 1, mib = 128, make = 0;
    double seconds = 0.3;
    while ((option = getopt(argc, argv, "wrdfb:q:s:m:g:")) != -1) {
        switch (option) {
        case 'w': writes = 1; break;
        case 'r': random = 1; break;
        case 'd': direct = 1; break;
        case 'f': whole = 1; break;
        case 'b': block = strtoul(optarg, NULL, 0); break;
        case 'q': depth = strtoul(optarg, NULL, 0); break;
        case 's': seconds = strtod(optarg, NULL); break;
        case 'm': mib = strtoul(optarg, NULL, 0); break;
        case 'g': make = strtoul(optarg, NULL, 0); break;
        default: return 2;
        }
    }
    if (make && argc - optind == 1) return generate(argv[optind], make), 0;
    if (argc - optind != 2 || depth < 1 || depth > 64) return fprintf(stderr, "usage: diskclient OPTIONS DISK CORPUS\n"), 2;
    seed ^= (uint64_t)getpid() << 32;
    int disk = open(argv[optind], (writes ? O_RDWR : O_RDONLY) | (direct ? O_DIRECT : 0));
    if (disk < 0) err(1, "%s", argv[optind]);
    int file = open(argv[optind + 1], O_RDONLY);
    struct stat st;
    if (file < 0 || fstat(file, &st)) err(1, "%s", argv[optind + 1]);
    size_t corpus = (size_t)st.st_size / block * block;
    if (!corpus) errx(1, "%s is smaller than a block", argv[optind + 1]);
    char *data = mmap(NULL, corpus, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    char *room = mmap(NULL, depth * block, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (data == MAP_FAILED || room == MAP_FAILED) err(1, "mmap");

    aio_context_t context = 0;
    if (depth > 1 && syscall(SYS_io_setup, depth, &context)) err(1, "io_setup");
    struct iocb controls[64];
    struct io_event events[64];
    size_t blocks = (mib << 20) / block, at = 0, done = 0, flying = 0, freed[64];
    for (size_t i = 0; i < depth; i++) freed[i] = i;
    size_t idle = depth;
    // Every run begins somewhere else in the corpus, so that no two writes of a page are alike.
    size_t source = random || whole ? 0 : next() % (corpus / block) * block;
    double start = now(), end = start + seconds, used = cpu();
    for (;;) {
        int over = whole ? at >= blocks : now() >= end;
        if (over && !flying) break;
        if (!over && idle) {
            off_t offset = (off_t)((random ? next() % blocks : at % blocks) * block);
            if (random) source = next() % (corpus / block) * block;
            at++;
            size_t slot = freed[--idle];
            char *buffer = writes ? data + source : room + slot * block;
            source = (source + block) % corpus;
            if (depth == 1) {
                ssize_t got = writes ? pwrite(disk, buffer, block, offset) : pread(disk, buffer, block, offset);
                if (got != (ssize_t)block) err(1, "%s at %lld", writes ? "write" : "read", (long long)offset);
                done++;
                freed[idle++] = slot;
                continue;
            }
            struct iocb *control = &controls[slot];
            memset(control, 0, sizeof *control);
            control->aio_data = slot;
            control->aio_lio_opcode = writes ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
            control->aio_fildes = (uint32_t)disk;
            control->aio_buf = (uint64_t)(uintptr_t)buffer;
            control->aio_nbytes = block;
            control->aio_offset = offset;
            if (syscall(SYS_io_submit, context, 1, &control) != 1) err(1, "io_submit");
            flying++;
            if (idle) continue;
        }
        long count = syscall(SYS_io_getevents, context, 1, depth, events, NULL);
        if (count < 1) err(1, "io_getevents");
        for (long i = 0; i < count; i++) {
            if (events[i].res != (int64_t)block) errx(1, "request failed: %lld", (long long)events[i].res);
            freed[idle++] = events[i].data;
            done++;
            flying--;
        }
    }
    if (writes && !direct && fdatasync(disk)) err(1, "fdatasync");
    double megabytes = (double)(done * block) / 1e6;
    printf("%.1f %.4f\n", megabytes / (now() - start), (cpu() - used) * 1000 / megabytes);
    return 0;
}
