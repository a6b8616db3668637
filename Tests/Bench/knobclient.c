// Round trips of a knob: N threads read or write PATH for S seconds; one JSON line with the rate and the latencies.
// knobclient [-t THREADS] [-s SECONDS] [-w TEXT] [-o] [-c CORE] [-b BYTES] PATH
//   -w: pwrite TEXT instead of pread; -o: open and close around every operation; -c: pin all threads to a core
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// Buckets of 1/32 of a power of two: latencies to 3 %, without keeping each.
enum { perPower = 32, buckets = 64 * perPower };

static const char *path, *text;
static int openEach, core = -1;
static size_t bytes = 4096;
static double seconds = 2;
static pthread_barrier_t start;

struct client {
    pthread_t thread;
    uint64_t operations, errors, counts[buckets];
    int firstError;
};

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int bucket(uint64_t value) {
    if (value < perPower) return (int)value;
    int power = 63 - __builtin_clzll(value);
    return (power - 4) * perPower + (int)((value >> (power - 5)) & (perPower - 1));
}

static double middle(int index) {
    if (index < 2 * perPower) return index;
    int power = index / perPower + 4;
    return ((double)perPower + index % perPower + 0.5) * (double)(1ull << (power - 5));
}

static void *run(void *argument) {
    struct client *me = argument;
    char *buffer = malloc(bytes);
    size_t length = text ? strlen(text) : bytes;
    int flags = text ? O_WRONLY : O_RDONLY, fd = -1;
    if (core >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(core, &set);
        if (pthread_setaffinity_np(pthread_self(), sizeof set, &set)) fprintf(stderr, "knobclient: cannot pin to core %d\n", core), exit(2);
    }
    if (!openEach && (fd = open(path, flags)) < 0) perror(path), exit(1);
    pthread_barrier_wait(&start);
    uint64_t end = now() + (uint64_t)(seconds * 1e9), before = now();
    while (before < end) {
        if (openEach) fd = open(path, flags);
        ssize_t done = fd < 0 ? -1 : text ? pwrite(fd, text, length, 0) : pread(fd, buffer, length, 0);
        if (done < 0) {
            if (!me->errors++) me->firstError = errno;
        }
        if (openEach && fd >= 0) close(fd);
        uint64_t after = now();
        me->counts[bucket(after - before)]++;
        me->operations++;
        before = after;
    }
    if (!openEach) close(fd);
    free(buffer);
    return NULL;
}

static double percentile(const uint64_t *counts, uint64_t total, double part) {
    uint64_t seen = 0, wanted = (uint64_t)((double)total * part);
    for (int at = 0; at < buckets; at++)
        if ((seen += counts[at]) > wanted) return middle(at) / 1000;
    return 0;
}

int main(int argc, char **argv) {
    int option, threads = 1;
    while ((option = getopt(argc, argv, "t:s:w:oc:b:")) != -1) {
        if (option == 't') threads = atoi(optarg);
        else if (option == 's') seconds = atof(optarg);
        else if (option == 'w') text = optarg;
        else if (option == 'o') openEach = 1;
        else if (option == 'c') core = atoi(optarg);
        else if (option == 'b') bytes = strtoul(optarg, NULL, 0);
        else return 2;
    }
    if (argc - optind != 1 || threads < 1)
        return fprintf(stderr, "usage: knobclient [-t N] [-s SECONDS] [-w TEXT] [-o] [-c CORE] [-b BYTES] PATH\n"), 2;
    path = argv[optind];
    struct client *clients = calloc((size_t)threads, sizeof *clients), all = {0};
    pthread_barrier_init(&start, NULL, (unsigned)threads);
    uint64_t began = now();
    for (int at = 0; at < threads; at++)
        if (pthread_create(&clients[at].thread, NULL, run, &clients[at])) return perror("knobclient: thread"), 1;
    for (int at = 0; at < threads; at++) {
        pthread_join(clients[at].thread, NULL);
        all.operations += clients[at].operations;
        all.errors += clients[at].errors;
        if (!all.firstError) all.firstError = clients[at].firstError;
        for (int index = 0; index < buckets; index++) all.counts[index] += clients[at].counts[index];
    }
    double took = (double)(now() - began) / 1e9;
    printf("{\"threads\": %d, \"operation\": \"%s\", \"openEach\": %s, \"core\": %d, \"seconds\": %.3f, \"operations\": %llu, "
           "\"perSecond\": %.0f, \"medianMicroseconds\": %.2f, \"p99Microseconds\": %.2f, \"errors\": %llu, \"firstError\": \"%s\"}\n",
        threads, text ? "write" : "read", openEach ? "true" : "false", core, took, (unsigned long long)all.operations,
        (double)all.operations / took, percentile(all.counts, all.operations, 0.5), percentile(all.counts, all.operations, 0.99),
        (unsigned long long)all.errors, all.errors ? strerrorname_np(all.firstError) : "");
    free(clients);
    return 0;
}
