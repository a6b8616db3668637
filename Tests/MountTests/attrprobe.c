// attrprobe: system calls on one path, each with its result or errno name, because a shell's echo and cat hide both.
//
//   attrprobe [-q] [-e] [-u UID] [-n LABEL] PATH FLAGS OP...
//
// FLAGS are for one open(2): r w rw x(=3), then any of ,creat ,excl ,trunc ,append ,direct ,nonblock ,dir ,path ,tmp;
// "-" opens nothing (operations on the path). All OPs use that one descriptor, in order; one line is printed.
// -q leaves out what was read, -e prints the last errno name alone (or "ok"), -u drops to another user first.
// DATA: text with \n \t \0 \\ \xHH, or %rep,COUNT,TEXT, or %rand,COUNT,SEED.
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

static int quiet, terse, lastError;
static int fd = -1;
static const char *path;

static void say(const char *operation, const char *argument, long result) {
    lastError = result < 0 ? errno : 0;
    if (terse) return;
    printf(" %s%s%s%s=", operation, argument ? "(" : "", argument ? argument : "", argument ? ")" : "");
    if (result < 0) printf("%s", strerrorname_np(lastError));
    else if (result == 0) printf("0");
    else printf("%ld", result);
}

// Aligned, so that O_DIRECT fails only for what the test means to be wrong.
static char *buffer(size_t length) {
    void *memory = NULL;
    if (posix_memalign(&memory, 4096, length + 4096)) abort();
    memset(memory, 0, length + 4096);
    return memory;
}

static char *unescape(const char *text, size_t *length) {
    char *out = buffer(strlen(text)), *end = out;
    for (; *text; text++) {
        if (*text != '\\') { *end++ = *text; continue; }
        switch (*++text) {
        case 'n': *end++ = '\n'; break;
        case 't': *end++ = '\t'; break;
        case '0': *end++ = '\0'; break;
        case 'x': {
            char hex[3] = {text[1], text[2], 0};
            *end++ = (char)strtol(hex, NULL, 16);
            text += 2;
            break;
        }
        default: *end++ = *text;
        }
    }
    *length = (size_t)(end - out);
    return out;
}

static char *data(const char *text, size_t *length) {
    char kind[8];
    size_t count;
    int used = 0;
    if (sscanf(text, "%%%7[a-z],%zu,%n", kind, &count, &used) != 2 || !used) return unescape(text, length);
    char *out = buffer(count);
    *length = count;
    if (!strcmp(kind, "rep")) {
        size_t unit;
        char *pattern = unescape(text + used, &unit);
        for (size_t at = 0; unit && at < count; at++) out[at] = pattern[at % unit];
        free(pattern);
    } else {
        uint64_t state = strtoull(text + used, NULL, 0) * 2654435761u + 1;
        for (size_t at = 0; at < count; at++) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            out[at] = (char)(state >> 24);
        }
    }
    return out;
}

static void show(const char *bytes, long count) {
    if (terse || quiet || count < 0) return;
    if (count > 160) {
        uint64_t hash = 14695981039346656037u;
        for (long at = 0; at < count; at++) hash = (hash ^ (unsigned char)bytes[at]) * 1099511628211u;
        printf("#%016llx", (unsigned long long)hash);
        return;
    }
    printf("\"");
    for (long at = 0; at < count; at++) {
        unsigned char byte = (unsigned char)bytes[at];
        if (byte == '\n') printf("\\n");
        else if (byte == '"' || byte == '\\') printf("\\%c", byte);
        else if (isprint(byte)) putchar(byte);
        else printf("\\x%02x", byte);
    }
    printf("\"");
}

static void describe(const char *operation, int failed, const struct stat *st) {
    if (failed) { say(operation, NULL, -1); return; }
    lastError = 0;
    if (terse) return;
    const char *type = S_ISREG(st->st_mode) ? "file" : S_ISDIR(st->st_mode) ? "dir" : S_ISBLK(st->st_mode) ? "block" : "other";
    printf(" %s=%s mode %04o owner %u:%u", operation, type, st->st_mode & 07777, st->st_uid, st->st_gid);
    if (!S_ISDIR(st->st_mode)) printf(" nlink %lu size %lld blocks %lld", st->st_nlink, (long long)st->st_size, (long long)st->st_blocks);
}

static void onDescriptor(const char *name, const char *full, const char *argument, long long at) {
    long long a = 0, b = 0, c = 0;
    sscanf(argument, "%lli,%lli,%lli", &a, &b, &c);
    if (!strcmp(name, "read") || !strcmp(name, "pread")) {
        char *memory = buffer((size_t)a);
        long got = *name == 'p' ? pread(fd, memory, (size_t)a, at) : read(fd, memory, (size_t)a);
        say(full, argument, got), show(memory, got), free(memory);
    } else if (!strcmp(name, "readv")) {
        char *memory = buffer((size_t)(a + b));
        struct iovec parts[2] = {{memory, (size_t)a}, {memory + a, (size_t)b}};
        long got = readv(fd, parts, 2);
        say(full, argument, got), show(memory, got), free(memory);
    } else if (!strcmp(name, "write") || !strcmp(name, "pwrite")) {
        size_t length;
        char *memory = data(argument, &length);
        say(full, argument, *name == 'p' ? pwrite(fd, memory, length, at) : write(fd, memory, length)), free(memory);
    } else if (!strcmp(name, "writev")) {
        struct iovec parts[8];
        int count = 0;
        char *copy = strdup(argument);
        for (char *part = strtok(copy, "|"); part && count < 8; part = strtok(NULL, "|"), count++)
            parts[count].iov_base = data(part, &parts[count].iov_len);
        say(full, argument, writev(fd, parts, count));
    } else if (!strcmp(name, "readnull")) say(full, argument, syscall(0 /* read */, fd, NULL, a));
    else if (!strcmp(name, "writenull")) say(full, argument, syscall(1 /* write */, fd, NULL, a));
    else if (!strcmp(name, "lseek")) {
        const char *names[] = {"set", "cur", "end", "data", "hole"}, *comma = strchr(argument, ',');
        int whence = 0;
        while (comma && whence < 4 && strcmp(names[whence], comma + 1)) whence++;
        say(full, argument, lseek(fd, a, whence));
    } else if (!strcmp(name, "poll")) {
        struct pollfd one = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI | POLLERR};
        int ready = poll(&one, 1, 0);
        say(full, NULL, ready);
        if (!terse && ready > 0)
            printf("%s%s%s%s%s", one.revents & POLLIN ? ",IN" : "", one.revents & POLLOUT ? ",OUT" : "",
                one.revents & POLLPRI ? ",PRI" : "", one.revents & POLLERR ? ",ERR" : "", one.revents & POLLHUP ? ",HUP" : "");
    } else if (!strcmp(name, "mmap")) { // mmap:r,shared  mmap:rw,private
        void *mapped = mmap(NULL, 4096, argument[1] == 'w' ? PROT_READ | PROT_WRITE : PROT_READ,
            strstr(argument, "shared") ? MAP_SHARED : MAP_PRIVATE, fd, 0);
        say(full, argument, mapped == MAP_FAILED ? -1 : 0);
    } else if (!strcmp(name, "ftruncate")) say(full, argument, ftruncate(fd, a));
    else if (!strcmp(name, "fallocate")) say(full, argument, fallocate(fd, (int)a, b, c));
    else if (!strcmp(name, "fsync")) say(full, NULL, fsync(fd));
    else if (!strcmp(name, "fchmod")) say(full, argument, fchmod(fd, (mode_t)a));
    else if (!strcmp(name, "fstat")) {
        struct stat st;
        int failed = fstat(fd, &st);
        describe(full, failed, &st);
    } else if (!strcmp(name, "sendfile")) {
        int sink = memfd_create("sink", 0);
        say(full, argument, sendfile(sink, fd, NULL, (size_t)a)), close(sink);
    } else if (!strcmp(name, "ioctl")) {
        uint64_t value[8] = {0};
        struct termios terminal;
        if (!strcmp(argument, "tcgets")) { say(full, argument, ioctl(fd, TCGETS, &terminal)); return; }
        say(full, argument, ioctl(fd, !strcmp(argument, "blkgetsize64") ? BLKGETSIZE64 : !strcmp(argument, "blksszget") ? BLKSSZGET
            : !strcmp(argument, "blkflsbuf") ? BLKFLSBUF : !strcmp(argument, "fionread") ? FIONREAD : BLKROGET, value));
    } else fprintf(stderr, "attrprobe: unknown operation %s\n", full), exit(2);
}

// 0 if it is not an operation on the path.
static int onPath(const char *name, const char *argument) {
    long long a = 0, b = 0;
    struct stat st;
    sscanf(argument, "%lli,%lli", &a, &b);
    if (!strcmp(name, "stat")) { int failed = lstat(path, &st); describe(name, failed, &st); }
    else if (!strcmp(name, "mtime")) {
        if (lstat(path, &st)) say(name, NULL, -1);
        else say(name, NULL, (long)st.st_mtime);
    } else if (!strcmp(name, "access"))
        say(name, argument, access(path, strcspn(argument, "r") < strlen(argument) ? R_OK : *argument == 'w' ? W_OK : *argument == 'x' ? X_OK : F_OK));
    else if (!strcmp(name, "unlink")) say(name, NULL, unlink(path));
    else if (!strcmp(name, "rmdir")) say(name, NULL, rmdir(path));
    else if (!strcmp(name, "mkdir")) say(name, NULL, mkdir(path, 0755));
    else if (!strcmp(name, "mkfifo")) say(name, NULL, mknod(path, S_IFIFO | 0644, 0));
    else if (!strcmp(name, "mkreg")) say(name, NULL, mknod(path, S_IFREG | 0644, 0));
    else if (!strcmp(name, "mkblk")) say(name, NULL, mknod(path, S_IFBLK | 0600, makedev(1, 1)));
    else if (!strcmp(name, "symlink")) say(name, NULL, symlink("target", path));
    else if (!strcmp(name, "link") || !strcmp(name, "rename")) { // to a name in the same directory
        char *other = NULL;
        const char *slash = strrchr(path, '/');
        if (asprintf(&other, "%.*s/%s", (int)(slash - path), path, argument) < 0) abort();
        say(name, argument, *name == 'l' ? link(path, other) : rename(path, other)), free(other);
    } else if (!strcmp(name, "chmod")) say(name, argument, chmod(path, (mode_t)a));
    else if (!strcmp(name, "chown")) say(name, argument, chown(path, (uid_t)a, (gid_t)b));
    else if (!strcmp(name, "utimes")) {
        struct timespec times[2] = {{a, 0}, {a, 0}};
        say(name, argument, utimensat(AT_FDCWD, path, times, 0));
    } else if (!strcmp(name, "truncate")) say(name, argument, truncate(path, a));
    else if (!strcmp(name, "getxattr")) say(name, argument, getxattr(path, argument, NULL, 0));
    else if (!strcmp(name, "setxattr")) say(name, argument, setxattr(path, argument, "v", 1, 0));
    else if (!strcmp(name, "listxattr")) say(name, NULL, listxattr(path, NULL, 0));
    else return 0;
    return 1;
}

static int openFlags(const char *text) {
    static const struct { const char *name; int flag; } table[] = {
        {"r", O_RDONLY}, {"w", O_WRONLY}, {"rw", O_RDWR}, {"x", 3}, {"creat", O_CREAT}, {"excl", O_EXCL}, {"trunc", O_TRUNC},
        {"append", O_APPEND}, {"direct", O_DIRECT}, {"nonblock", O_NONBLOCK}, {"dir", O_DIRECTORY}, {"path", O_PATH},
        {"sync", O_SYNC}, {"tmp", O_TMPFILE}};
    int flags = 0;
    char *copy = strdup(text);
    for (char *word = strtok(copy, ","); word; word = strtok(NULL, ",")) {
        size_t at = 0, count = sizeof table / sizeof *table;
        while (at < count && strcmp(table[at].name, word)) at++;
        if (at == count) fprintf(stderr, "attrprobe: unknown flag %s\n", word), exit(2);
        flags |= table[at].flag;
    }
    free(copy);
    return flags;
}

int main(int argc, char **argv) {
    const char *label = NULL;
    long user = -1;
    int option;
    while ((option = getopt(argc, argv, "+qeu:n:")) != -1) {
        if (option == 'q') quiet = 1;
        else if (option == 'e') terse = 1;
        else if (option == 'u') user = atol(optarg);
        else if (option == 'n') label = optarg;
        else return 2;
    }
    if (argc - optind < 2) return fprintf(stderr, "usage: attrprobe [-qe] [-u UID] [-n LABEL] PATH FLAGS OP...\n"), 2;
    path = argv[optind];
    const char *flags = argv[optind + 1], *slash = strrchr(path, '/');
    if (user >= 0 && (setgroups(0, NULL) || setgid((gid_t)user) || setuid((uid_t)user))) return perror("attrprobe: -u"), 2;
    if (!terse) printf("%s%s %s:", label ? label : slash ? slash + 1 : path, user >= 0 ? " as user" : "", flags);
    if (strcmp(flags, "-")) {
        fd = open(path, openFlags(flags), 0644);
        if (fd < 0) say("open", NULL, -1);
        else if (!terse) printf(" open=ok");
    }
    for (int at = optind + 2; at < argc && !(strcmp(flags, "-") && fd < 0); at++) {
        char *full = strdup(argv[at]), *argument = strchr(full, ':');
        if (argument) *argument++ = 0;
        else argument = full + strlen(full);
        char *name = strdup(full), *offset = strchr(name, '@');
        if (offset) *offset++ = 0;
        if (!strcmp(name, "run")) { // something else happens while the descriptor stays open
            char line[256] = "";
            FILE *command = popen(argument, "r");
            size_t length = command ? fread(line, 1, sizeof line - 1, command) : 0;
            while (length && line[length - 1] == '\n') line[--length] = 0;
            int status = command ? pclose(command) : -1;
            if (!terse) printf(" run=%s[%s]", status ? "failed" : "ok", line);
        } else if (!onPath(name, argument)) onDescriptor(name, full, argument, offset ? strtoll(offset, NULL, 0) : 0);
    }
    if (terse) printf("%s", lastError ? strerrorname_np(lastError) : "ok");
    printf("\n");
    return 0;
}
