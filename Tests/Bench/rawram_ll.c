// The least that a page of the disk can cost: a libfuse low-level server with one file "disk" of N MiB in plain memory.
// rawram_ll [-d] [-w] [-s] MIB MOUNTPOINT   (foreground; -d direct_io, -w writeback cache, -s one thread)
#define FUSE_USE_VERSION 314
#define _GNU_SOURCE
#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char *memory;
static off_t capacity;
static int direct, writeback;

static void ram_init(void *context, struct fuse_conn_info *connection) {
    (void)context;
    if (writeback && connection->capable & FUSE_CAP_WRITEBACK_CACHE) connection->want |= FUSE_CAP_WRITEBACK_CACHE;
}

static void attributes(fuse_ino_t node, struct stat *st) {
    memset(st, 0, sizeof *st);
    st->st_ino = node;
    st->st_mode = node == 1 ? S_IFDIR | 0755 : S_IFREG | 0644;
    st->st_nlink = node == 1 ? 2 : 1;
    st->st_size = node == 1 ? 0 : capacity;
    st->st_blksize = 4096;
}

static void ram_lookup(fuse_req_t request, fuse_ino_t parent, const char *name) {
    struct fuse_entry_param entry = {.ino = 2, .attr_timeout = 1, .entry_timeout = 1};
    if (parent != 1 || strcmp(name, "disk")) { fuse_reply_err(request, ENOENT); return; }
    attributes(2, &entry.attr);
    fuse_reply_entry(request, &entry);
}

static void ram_getattr(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *info) {
    struct stat st;
    (void)info;
    attributes(node, &st);
    fuse_reply_attr(request, &st, 1);
}

static void ram_setattr(fuse_req_t request, fuse_ino_t node, struct stat *st, int set, struct fuse_file_info *info) {
    (void)st, (void)set;
    ram_getattr(request, node, info);
}

static void ram_open(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *info) {
    if (node != 2) { fuse_reply_err(request, EISDIR); return; }
    info->direct_io = direct;
    info->keep_cache = !direct;
    fuse_reply_open(request, info);
}

static void ram_read(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset, struct fuse_file_info *info) {
    (void)node, (void)info;
    if (offset >= capacity) size = 0;
    else if ((off_t)size > capacity - offset) size = (size_t)(capacity - offset);
    fuse_reply_buf(request, memory + offset, size);
}

static void ram_write(
    fuse_req_t request, fuse_ino_t node, const char *bytes, size_t size, off_t offset, struct fuse_file_info *info) {
    (void)node, (void)info;
    if (offset >= capacity) { fuse_reply_err(request, ENOSPC); return; }
    if ((off_t)size > capacity - offset) size = (size_t)(capacity - offset);
    memcpy(memory + offset, bytes, size);
    fuse_reply_write(request, size);
}

static void ram_fsync(fuse_req_t request, fuse_ino_t node, int datasync, struct fuse_file_info *info) {
    (void)node, (void)datasync, (void)info;
    fuse_reply_err(request, 0);
}

static const struct fuse_lowlevel_ops operations = {
    .init = ram_init,
    .lookup = ram_lookup,
    .getattr = ram_getattr,
    .setattr = ram_setattr,
    .open = ram_open,
    .read = ram_read,
    .write = ram_write,
    .fsync = ram_fsync,
};

int main(int argc, char **argv) {
    int option, single = 0, failed = 1;
    while ((option = getopt(argc, argv, "dws")) != -1) {
        if (option == 'd') direct = 1;
        else if (option == 'w') writeback = 1;
        else if (option == 's') single = 1;
        else return 2;
    }
    if (argc - optind != 2) return fprintf(stderr, "usage: rawram_ll [-d] [-w] [-s] MIB MOUNTPOINT\n"), 2;
    capacity = (off_t)strtoull(argv[optind], NULL, 0) << 20;
    memory = mmap(NULL, (size_t)capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return perror("rawram_ll: memory"), 1;
    char *options[] = {argv[0], "-o", "fsname=rawram_ll", NULL};
    struct fuse_args arguments = FUSE_ARGS_INIT(3, options);
    struct fuse_session *session = fuse_session_new(&arguments, &operations, sizeof operations, NULL);
    if (!session) return 1;
    if (fuse_set_signal_handlers(session) == 0 && fuse_session_mount(session, argv[optind + 1]) == 0) {
        struct fuse_loop_config *configuration = fuse_loop_cfg_create();
        failed = single ? fuse_session_loop(session) : fuse_session_loop_mt(session, configuration);
        fuse_loop_cfg_destroy(configuration);
        fuse_session_unmount(session);
    }
    fuse_remove_signal_handlers(session);
    fuse_session_destroy(session);
    fuse_opt_free_args(&arguments);
    return failed < 0; // positive: the signal that ended it
}
