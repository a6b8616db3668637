// Many stores that hang at once: opens PATH N times and writes TEXT once through each, every write in a thread of its own.
// hang [-n COUNT] [-t SECONDS] PATH TEXT
// Prints "pending N" when all writes are in flight (in the kernel, or ended), and when all have ended a histogram of
// their results; SIGTERM prints the histogram of those that have ended. -t: gives up after so long, exit 1.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { stackBytes = 16384, errnos = 256 };

static const char *path, *text;
static size_t length;
static atomic_int started, ended, results[errnos]; // results[0]: succeeded
static volatile sig_atomic_t stop;

static void onSignal(int number) { (void)number, stop = 1; }

static void *store(void *argument) {
    int fd = (int)(long)argument;
    atomic_fetch_add(&started, 1);
    ssize_t done = write(fd, text, length);
    int error = done < 0 ? errno : 0;
    atomic_fetch_add(&results[error < errnos ? error : errnos - 1], 1);
    atomic_fetch_add(&ended, 1);
    close(fd);
    return NULL;
}

// A thread that has counted itself may not be inside write(2) yet: wait until the process burns no time any more.
static int allAsleep(void) {
    unsigned long long last = 0;
    for (int quiet = 0; quiet < 3; quiet++) {
        struct timespec used;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
        unsigned long long spent = (unsigned long long)used.tv_sec * 1000000000u + (unsigned long long)used.tv_nsec;
        if (last && spent - last > 5000000) return 0;
        last = spent;
        usleep(50000);
    }
    return 1;
}

static void histogram(void) {
    for (int error = 0; error < errnos; error++) {
        int count = atomic_load(&results[error]);
        if (count) printf("%s %d\n", error ? strerrorname_np(error) : "ok", count);
    }
    printf("ended %d\n", atomic_load(&ended));
    fflush(stdout);
}

int main(int argc, char **argv) {
    int option, count = 10000;
    double limit = 0;
    while ((option = getopt(argc, argv, "+n:t:")) != -1) {
        if (option == 'n') count = atoi(optarg);
        else if (option == 't') limit = atof(optarg);
        else return 2;
    }
    if (argc - optind != 2) return fprintf(stderr, "usage: hang [-n COUNT] [-t SECONDS] PATH TEXT\n"), 2;
    path = argv[optind], text = argv[optind + 1], length = strlen(text);

    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    rlim_t wanted = (rlim_t)count + 64;
    if (files.rlim_cur < wanted) {
        struct rlimit raised = {wanted, files.rlim_max < wanted ? wanted : files.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised)) return fprintf(stderr, "hang: cannot open %d files at once: %s\n", count, strerror(errno)), 1;
    }
    struct sigaction action = {.sa_handler = onSignal};
    sigaction(SIGTERM, &action, NULL), sigaction(SIGINT, &action, NULL);

    // All descriptors first: an open that fails must not leave stores behind that hang.
    int *fds = malloc((size_t)count * sizeof *fds);
    for (int at = 0; at < count; at++)
        if ((fds[at] = open(path, O_WRONLY)) < 0) return fprintf(stderr, "hang: open number %d: %s\n", at, strerror(errno)), 1;

    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stackBytes);
    pthread_attr_setguardsize(&attributes, 0); // one mapping a thread: 10,000 stay far below vm.max_map_count
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigset_t blocked, old; // the signals are for the main thread
    sigfillset(&blocked);
    pthread_sigmask(SIG_SETMASK, &blocked, &old);
    for (int at = 0; at < count; at++) {
        pthread_t thread;
        int error = pthread_create(&thread, &attributes, store, (void *)(long)fds[at]);
        if (error) return fprintf(stderr, "hang: thread number %d: %s\n", at, strerror(error)), 1;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);

    struct timespec began, now;
    clock_gettime(CLOCK_MONOTONIC, &began);
    for (int announced = 0; atomic_load(&ended) < count && !stop;) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (limit > 0 && (double)(now.tv_sec - began.tv_sec) + (double)(now.tv_nsec - began.tv_nsec) / 1e9 > limit) break;
        if (!announced && atomic_load(&started) == count && allAsleep()) {
            printf("pending %d\n", count - atomic_load(&ended)), fflush(stdout);
            announced = 1;
        }
        usleep(10000);
    }
    histogram();
    fflush(stdout);
    _exit(atomic_load(&ended) < count); // threads in a hung store would keep exit waiting for nothing
}
