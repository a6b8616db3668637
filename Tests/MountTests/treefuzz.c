// Uses every file of a mounted tree at once, from several processes, at random: opens in all ways, reads, writes of words
// that mean something and of none, truncates, maps, discards, locks, polls, watches; keeps descriptors, O_PATH ones too,
// and uses them when what they stood for is gone; is interrupted by signals. Says how much it did.
// treefuzz [-s SEED] [-t SECONDS] [-p PROCESSES] [-x NAME]... MOUNT
//   -x: leaves out files of that name, e.g. sysrq-trigger, to have no reboots
// It looks for nothing in what it is told: who runs it looks whether the daemon lives.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum { most_files = 4096, kept = 24, left_out_most = 16 };

static char *files[most_files];
static int file_count;
static const char *mount_point, *left_out[left_out_most];
static int left_out_count;
static uint64_t state;
static unsigned long operations;

static uint64_t roll(void) { // xorshift64*
    state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
    return state * 2685821657736338717u;
}
static uint64_t below(uint64_t limit) { return limit ? (roll() >> 11) % limit : 0; }

// What knobs understand, and what they may choke on.
static const char *words[] = {
    "0", "1", "2", "-1", "4096", "1M", "8M", "16M", "64K", "18446744073709551615", "9223372036854775808", "0x10", "1G",
    "lz4", "zstd", "deflate", "lzo", "lzo-rle", "lz4hc", "all", "huge", "idle", "huge_idle", "incompressible", "none",
    "zram", "zram num_devices=3", "zram force", "test_firmware", "test_sysfs", "fsl_mpic_timer_wakeup", "test_sysfs force",
    "hold", "hold fn=reset_store", "hold comm=treefuzz", "go", "open", "open", "go", "5.15", "5.16", "v8", "v6", "v8-11", "v1",
    "7 300", "9 1000", "off", "on", "w", "d", "l", "algo=zstd", "algo=lz4 priority=1", "algo=zstd level=3", "priority=1",
    "type=idle", "type=huge threshold=3000", "page_index=1", "page_indexes=1-3", "type=idle max_pages=4", "zram0", "zram1 5",
    "", " ", "\n", "a b c d e f", "%n%s%x", "\xff\xfe", "N", "Y", "reset", "\t1\t", "1 2",
};

static int is_left_out(const char *name) {
    for (int i = 0; i < left_out_count; i++)
        if (!strcmp(name, left_out[i])) return 1;
    return 0;
}

static void list(const char *folder, int depth) {
    DIR *stream = opendir(folder);
    struct dirent *entry;
    if (!stream) return;
    while ((entry = readdir(stream)) && file_count < most_files) {
        char path[1024];
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") || is_left_out(entry->d_name)) continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        files[file_count++] = strdup(path);
        // Not into the host's own, which the view links to.
        if (entry->d_type == DT_DIR && depth < 5) list(path, depth + 1);
    }
    closedir(stream);
}

static void relist(void) {
    while (file_count > 0) free(files[--file_count]);
    list(mount_point, 0);
}

// A file of the tree as it was; now and then one that may be there by now.
static const char *some_file(void) {
    static char made[1200];
    static const char *often[] = {"zram0/reset", "zram0/disksize", "zram1/disksize", "zram-control/hot_add",
        "zram-control/hot_remove", "zram0/hot_remove", "debug/init_module", "debug/delete_module", "dev/zram0", "dev/zram1",
        "view/backing/zram0", "view/backing/zram1", "zram1/reset", "sysrq-trigger", "debug/jitter", "debug/policy",
        "view/dev/zram0", "zram2/disksize", "cpu/cpu1/online", "zram0/writeback", "zram0/recompress", "zram0/idle", "zram0/comp_algorithm"};
    if (file_count && below(3)) return files[below((uint64_t)file_count)];
    const char *name = often[below(sizeof often / sizeof *often)];
    const char *last = strrchr(name, '/');
    snprintf(made, sizeof made, "%s/%s", mount_point, is_left_out(last ? last + 1 : name) ? "zram0/reset" : name);
    return made;
}

// Reboots are rare, and gates do not stay shut for long: else nothing would happen any more.
static size_t some_text(const char *path, char *buffer, size_t room) {
    const char *name = strrchr(path, '/') + 1;
    if (!strcmp(name, "sysrq-trigger")) return (size_t)snprintf(buffer, room, "%c", below(40) ? "wdl"[below(3)] : 'b');
    if (!strcmp(name, "backing_dev")) return (size_t)snprintf(buffer, room, "%s", below(4) ? "none" : words[below(60)]);
    if (strstr(path, "/points/") && below(3)) return (size_t)snprintf(buffer, room, "%s", below(2) ? "open" : "go");
    if (below(24) == 0) {
        size_t count = below(room);
        for (size_t i = 0; i < count; i++) buffer[i] = (char)roll();
        return count;
    }
    return (size_t)snprintf(buffer, room, below(2) ? "%s\n" : "%s", words[below(sizeof words / sizeof *words)]);
}

// An alarm of a few milliseconds gets it out of what would hang.
static void set_alarm(int milliseconds) { // again and again: one may come too early
    struct itimerval time = {{milliseconds / 1000, milliseconds % 1000 * 1000}, {milliseconds / 1000, milliseconds % 1000 * 1000}};
    setitimer(ITIMER_REAL, &time, NULL);
}
static void nothing(int signal) { (void)signal; }

static void use(int fd, const char *path) {
    static char buffer[70000];
    struct stat status;
    switch (below(15)) {
    case 0: case 1: case 2: if (read(fd, buffer, below(2) ? 4096 : below(sizeof buffer)) < 0) break; break;
    case 3: case 4: case 5: case 6: {
        size_t count = some_text(path, buffer, below(40) ? 200 : sizeof buffer);
        if (write(fd, buffer, count) < 0) break;
        break;
    }
    case 7: if (pread(fd, buffer, below(8192), (off_t)below(2) * (off_t)below(1 << 24)) < 0) break; break;
    case 8: {
        size_t count = (1 + below(16)) * (below(4) ? 4096 : 512);
        memset(buffer, (int)below(3) * 85, count);
        if (below(2)) for (size_t i = 0; i < count; i++) buffer[i] = (char)roll();
        if (pwrite(fd, buffer, count, (off_t)below(4096) * 512) < 0) break;
        break;
    }
    case 9: fallocate(fd, below(2) ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE : FALLOC_FL_ZERO_RANGE,
        (off_t)below(4096) * 512, (off_t)(1 + below(256)) * 512); break;
    case 10: if (below(2)) fsync(fd); else if (ftruncate(fd, (off_t)below(1 << 20))) break; break;
    case 11: fstat(fd, &status); lseek(fd, (off_t)below(1 << 20), (int)below(5)); break;
    case 12: {
        struct pollfd wanted = {fd, POLLPRI | POLLIN, 0};
        poll(&wanted, 1, (int)below(3));
        break;
    }
    case 13: {
        char *map = mmap(NULL, 8192, below(2) ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED) break;
        msync(map, 8192, MS_SYNC);
        munmap(map, 8192);
        break;
    }
    case 14:
        flock(fd, (below(2) ? LOCK_EX : LOCK_SH) | (below(4) ? LOCK_NB : 0));
        if (below(2)) flock(fd, LOCK_UN);
        break;
    }
}

// Everything that a path can be used for without being opened.
static void use_path(const char *path) {
    char buffer[256];
    struct stat status;
    struct statvfs statistics;
    // Links of the view lead to files of the host.
    if (lstat(path, &status) || S_ISLNK(status.st_mode)) {
        if (readlink(path, buffer, sizeof buffer) < 0) return;
        return;
    }
    switch (below(9)) {
    case 0: lstat(path, &status); break;
    case 1: if (readlink(path, buffer, sizeof buffer) < 0) break; break;
    case 2: if (truncate(path, (off_t)below(8192))) break; break;
    case 3: chmod(path, 0200 | below(0777)); break;
    case 4: utimensat(AT_FDCWD, path, NULL, 0); break;
    case 5: getxattr(path, "user.x", buffer, sizeof buffer); listxattr(path, buffer, sizeof buffer); break;
    case 6: statvfs(path, &statistics); break;
    case 7: {
        DIR *stream = opendir(path);
        if (!stream) break;
        while (readdir(stream) && below(200)) ;
        closedir(stream);
        break;
    }
    case 8: unlink(path); mkdir(path, 0755); if (rename(path, mount_point)) break; break;
    }
}

static void work(uint64_t seed, int seconds, int report) {
    int fds[kept], watch = inotify_init1(IN_NONBLOCK);
    char *paths[kept];
    struct sigaction action = {.sa_handler = nothing};
    time_t end = time(NULL) + seconds;
    state = seed * 0x9e3779b97f4a7c15u | 1;
    sigaction(SIGALRM, &action, NULL);
    signal(SIGBUS, SIG_DFL);
    for (int i = 0; i < kept; i++) fds[i] = -1, paths[i] = NULL;
    relist();
    while (time(NULL) < end) {
        int place = (int)below(kept);
        operations++;
        if (below(400) == 0) relist();
        set_alarm(below(4) ? 30 : 3);
        if (below(4) == 0) {
            use_path(some_file());
        } else if (fds[place] < 0 || below(5) == 0) {
            static const int modes[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_TRUNC, O_WRONLY | O_APPEND, O_PATH, O_PATH,
                O_RDONLY | O_DIRECT, O_RDWR | O_DIRECT, O_RDONLY | O_DIRECTORY, 3, O_RDWR | O_CREAT | O_EXCL};
            if (fds[place] >= 0) close(fds[place]);
            free(paths[place]);
            paths[place] = strdup(some_file());
            fds[place] = open(paths[place], modes[below(sizeof modes / sizeof *modes)] | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW, 0644);
            if (below(30) == 0) inotify_add_watch(watch, paths[place], IN_ALL_EVENTS);
        } else if (below(8) == 0) {
            // What it stood for may be gone: opened anew through the descriptor.
            char name[64];
            snprintf(name, sizeof name, "/proc/self/fd/%d", fds[place]);
            int again = open(name, (below(2) ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
            if (again >= 0) {
                use(again, paths[place]);
                close(again);
            }
        } else {
            use(fds[place], paths[place]);
        }
        set_alarm(0);
    }
    if (write(report, &operations, sizeof operations) < 0) _exit(1);
    _exit(0);
}

int main(int count, char **arguments) {
    int option, seconds = 10, processes = 16, ends[2];
    uint64_t seed = (uint64_t)time(NULL);
    while ((option = getopt(count, arguments, "s:t:p:x:")) > 0) switch (option) {
        case 's': seed = strtoull(optarg, NULL, 0); break;
        case 't': seconds = atoi(optarg); break;
        case 'p': processes = atoi(optarg); break;
        case 'x': if (left_out_count < left_out_most) left_out[left_out_count++] = optarg; break;
        default: return 2;
        }
    if (optind + 1 != count) return fprintf(stderr, "usage: treefuzz [-s SEED] [-t SECONDS] [-p PROCESSES] [-x NAME]... MOUNT\n"), 2;
    mount_point = arguments[optind];
    if (pipe(ends)) return 1;
    pid_t pids[256];
    if (processes > 256) processes = 256;
    for (int i = 0; i < processes; i++)
        if (!(pids[i] = fork())) work(seed + (uint64_t)i, seconds, ends[1]);
    close(ends[1]);
    // One that hangs all the same is ended, as a person would: nobody may be stuck for good.
    time_t late = time(NULL) + seconds + 10;
    int running = processes, stuck = 0;
    while (running > 0) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid > 0) { running--; continue; }
        if (pid < 0) break;
        if (time(NULL) > late) {
            for (int i = 0; i < processes; i++) if (!kill(pids[i], SIGKILL)) stuck = 1;
            if (time(NULL) > late + 10) break;
        }
        usleep(20000);
    }
    unsigned long total = 0, one;
    while (read(ends[0], &one, sizeof one) == sizeof one) total += one;
    printf("seed %llu: %lu operations%s\n", (unsigned long long)seed, total, stuck ? ", some had to be killed" : "");
    return running > 0 ? 1 : 0;
}
