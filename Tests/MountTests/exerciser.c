// Random work on a disk (or any file) against a model in memory: the first byte that differs ends it with exit 1.
// exerciser [-s SEED] [-n OPERATIONS] [-z BYTES] [-m BYTES] [-x KINDS] [-v] PATH
//   -z: make the file and give it this size first (plain files only); -m: use only the first BYTES
//   -x: leave out kinds of operation, letters of: w write, d direct write, m mapping, p punch hole, c concurrent map
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { page = 4096, longest = 1 << 20 };

static const char *path, *leftOut = "";
static char *model, *buffer, *kept; // kept: a mapping that stays while other operations run
static off_t size;
static int fd = -1, directFd = -1, verbose;
static uint64_t state, seed, number;
static char current[160] = "start";

static uint64_t roll(void) { // xorshift64*: the same on every host
    state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
    return state * 2685821657736338717u;
}
static uint64_t below(uint64_t limit) { return limit ? roll() % limit : 0; }

static void begin(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(current, sizeof current, format, arguments);
    va_end(arguments);
    if (verbose) printf("%llu: %s\n", (unsigned long long)number, current);
}

static void die(const char *format, ...) {
    va_list arguments;
    printf("FAIL seed %llu operation %llu (%s): ", (unsigned long long)seed, (unsigned long long)number, current);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    exit(1);
}

static void compare(const char *got, off_t offset, size_t length) {
    if (!memcmp(got, model + offset, length)) return;
    size_t at = 0, bad = 0;
    while (got[at] == model[offset + (off_t)at]) at++;
    for (size_t index = at; index < length; index++) bad += got[index] != model[offset + (off_t)index];
    die("offset %lld (page %lld + %lld): expected %02x, got %02x; %zu bytes of %zu differ", (long long)offset + (long long)at,
        ((long long)offset + (long long)at) / page, ((long long)offset + (long long)at) % page,
        (unsigned char)model[offset + (off_t)at], (unsigned char)got[at], bad, length);
}

// Places: everywhere, but often at page edges and at the end.
static void place(off_t *offset, size_t *length, int aligned) {
    static const size_t usual[] = {1, 7, 512, 4095, 4096, 4097, 8192, 65536, 131072, longest};
    *length = below(2) ? usual[below(sizeof usual / sizeof *usual)] : 1 + below(below(4) ? 20000 : longest);
    if ((off_t)*length > size) *length = (size_t)size;
    *offset = (off_t)below((uint64_t)(size - (off_t)*length) + 1);
    switch (below(4)) {
    case 0: *offset -= *offset % page; break;
    case 1: *offset = below(8) ? *offset : size - (off_t)*length; break;
    }
    if (aligned) {
        *offset -= *offset % page;
        *length = (*length + page - 1) / page * page;
        if (*offset + (off_t)*length > size) *offset = size - (off_t)*length;
    }
}

// What zram stores in different ways: same-filled, compressible, incompressible pages, and mixtures.
static void fill(char *bytes, size_t length) {
    uint64_t word = below(3) ? roll() : 0, kind = below(4);
    for (size_t at = 0; at < length; at += 8) {
        uint64_t value = kind == 0 ? word : kind == 1 ? roll() : kind == 2 ? at / 64 : (at / page % 2 ? word : roll());
        memcpy(bytes + at, &value, length - at < 8 ? length - at : 8);
    }
}

static void openAll(void) {
    fd = open(path, O_RDWR);
    if (fd < 0) die("open: %s", strerror(errno));
    directFd = open(path, O_RDWR | O_DIRECT);
}
static void closeAll(void) {
    if (kept) munmap(kept, (size_t)size), kept = NULL;
    if (close(fd)) die("close: %s", strerror(errno));
    if (directFd >= 0) close(directFd);
}

static void transfer(int file, int writing, char *bytes, off_t offset, size_t length) {
    for (size_t done = 0; done < length;) {
        ssize_t part = writing ? pwrite(file, bytes + done, length - done, offset + (off_t)done)
                               : pread(file, bytes + done, length - done, offset + (off_t)done);
        if (part < 0 && errno == EINTR) continue;
        if (part < 0) die("%s at %lld: %s", writing ? "pwrite" : "pread", (long long)offset + (long long)done, strerror(errno));
        if (part == 0) die("%s at %lld: 0 bytes", writing ? "pwrite" : "pread", (long long)offset + (long long)done);
        done += (size_t)part;
    }
}

static char *map(off_t start, size_t length) {
    char *mapped = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, start);
    if (mapped == MAP_FAILED) die("mmap: %s", strerror(errno));
    return mapped;
}

static void verifyAll(void) {
    begin("read everything");
    for (off_t at = 0; at < size; at += longest) {
        size_t length = size - at < longest ? (size_t)(size - at) : longest;
        transfer(fd, 0, buffer, at, length);
        compare(buffer, at, length);
    }
}

static void step(void) {
    off_t offset;
    size_t length;
    uint64_t kind = below(100);
    int aligned = kind >= 50 && kind < 75;
    place(&offset, &length, aligned);
    const char *what[] = {"pwrite", "pread", "direct pwrite", "direct pread", "punch hole", "mapped write", "mapped read"};
    int which = kind < 28 ? 0 : kind < 50 ? 1 : kind < 60 ? 2 : kind < 68 ? 3 : kind < 75 ? 4 : kind < 86 ? 5 : kind < 92 ? 6 : 7;
    const char *letters = "w-d-pmm";
    if (which < 7 && strchr(leftOut, letters[which]) && letters[which] != '-') return;
    if ((which == 2 || which == 3) && (directFd < 0 || strchr(leftOut, 'd'))) return;
    if (which < 7) begin("%s %lld+%zu", what[which], (long long)offset, length);
    switch (which) {
    case 0: case 2:
        fill(buffer, length);
        transfer(which == 2 ? directFd : fd, 1, buffer, offset, length);
        memcpy(model + offset, buffer, length);
        break;
    case 1: case 3:
        transfer(which == 3 ? directFd : fd, 0, buffer, offset, length);
        compare(buffer, offset, length);
        break;
    case 4:
        if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, (off_t)length)) die("fallocate: %s", strerror(errno));
        memset(model + offset, 0, length);
        break;
    case 5: case 6: {
        off_t start = offset - offset % page;
        size_t whole = (size_t)(offset - start) + length;
        char *mapped = kept ? kept + start : map(start, whole);
        compare(mapped + (offset - start), offset, length);
        if (which == 5) {
            fill(buffer, length);
            memcpy(mapped + (offset - start), buffer, length);
            memcpy(model + offset, buffer, length);
            if (below(2) && msync(mapped, whole, MS_SYNC)) die("msync: %s", strerror(errno));
        }
        if (!kept) munmap(mapped, whole);
        break;
    }
    default:
        if (kind < 95) {
            begin("fsync");
            if (below(2) ? fsync(fd) : fdatasync(fd)) die("%s", strerror(errno));
        } else if (kind < 97) {
            begin("reopen");
            closeAll(), openAll();
        } else if (kind < 99 && !strchr(leftOut, 'c')) {
            begin(kept ? "unmap all" : "map all");
            if (kept) munmap(kept, (size_t)size), kept = NULL;
            else kept = map(0, (size_t)size);
        } else if (below(8) == 0) verifyAll();
    }
}

int main(int argc, char **argv) {
    uint64_t operations = 2000;
    off_t make = 0, most = 0;
    int option;
    seed = (uint64_t)time(NULL) ^ ((uint64_t)getpid() << 32);
    while ((option = getopt(argc, argv, "s:n:z:m:x:v")) != -1) {
        if (option == 's') seed = strtoull(optarg, NULL, 0);
        else if (option == 'n') operations = strtoull(optarg, NULL, 0);
        else if (option == 'z') make = strtoll(optarg, NULL, 0);
        else if (option == 'm') most = strtoll(optarg, NULL, 0);
        else if (option == 'x') leftOut = optarg;
        else if (option == 'v') verbose = 1;
        else return 2;
    }
    if (argc - optind != 1)
        return fprintf(stderr, "usage: exerciser [-s SEED] [-n OPERATIONS] [-z BYTES] [-m BYTES] [-x KINDS] [-v] PATH\n"), 2;
    path = argv[optind];
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("seed %llu\n", (unsigned long long)seed);
    state = seed * 2654435761u + 88172645463325252u;
    if (make) {
        int file = open(path, O_RDWR | O_CREAT, 0600);
        if (file < 0 || ftruncate(file, make)) return perror(path), 2;
        close(file);
    }
    openAll();
    size = lseek(fd, 0, SEEK_END);
    if (most && most < size) size = most;
    size -= size % page;
    if (size < page) return fprintf(stderr, "exerciser: %s has no page\n", path), 2;
    model = malloc((size_t)size);
    if (!model || posix_memalign((void **)&buffer, page, longest + page)) return perror("exerciser"), 2;
    for (off_t at = 0; at < size; at += longest)
        transfer(fd, 0, model + at, at, size - at < longest ? (size_t)(size - at) : longest);
    for (number = 1; number <= operations; number++) step();
    verifyAll();
    if (fsync(fd)) die("last fsync: %s", strerror(errno));
    closeAll(), openAll();
    verifyAll();
    closeAll();
    printf("ok %llu operations on %lld bytes%s\n", (unsigned long long)operations, (long long)size, directFd < 0 ? ", without O_DIRECT" : "");
    return 0;
}
