// The least that a knob can cost: a libfuse low-level server with one direct_io file "knob", 16 bytes.
// hello_ll [-s] MOUNTPOINT   (stays in the foreground; -s: one thread)
#define FUSE_USE_VERSION 314
#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char value[16] = "0123456789abcde\n";

static void attributes(fuse_ino_t node, struct stat *st) {
    memset(st, 0, sizeof *st);
    st->st_ino = node;
    st->st_mode = node == 1 ? S_IFDIR | 0755 : S_IFREG | 0644;
    st->st_nlink = node == 1 ? 2 : 1;
    st->st_size = node == 1 ? 0 : 4096;
}

static void hello_lookup(fuse_req_t request, fuse_ino_t parent, const char *name) {
    struct fuse_entry_param entry = {.ino = 2};
    if (parent != 1 || strcmp(name, "knob")) { fuse_reply_err(request, ENOENT); return; }
    attributes(2, &entry.attr);
    fuse_reply_entry(request, &entry);
}

static void hello_getattr(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *info) {
    struct stat st;
    (void)info;
    attributes(node, &st);
    fuse_reply_attr(request, &st, 0);
}

// An open with O_TRUNC may arrive as this.
static void hello_setattr(fuse_req_t request, fuse_ino_t node, struct stat *st, int set, struct fuse_file_info *info) {
    (void)st, (void)set;
    hello_getattr(request, node, info);
}

static void hello_open(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *info) {
    if (node != 2) { fuse_reply_err(request, EISDIR); return; }
    info->direct_io = 1;
    fuse_reply_open(request, info);
}

static void hello_read(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset, struct fuse_file_info *info) {
    (void)node, (void)info;
    if (offset != 0) size = 0;
    fuse_reply_buf(request, value, size < sizeof value ? size : sizeof value);
}

static void hello_write(
    fuse_req_t request, fuse_ino_t node, const char *bytes, size_t size, off_t offset, struct fuse_file_info *info) {
    (void)node, (void)bytes, (void)offset, (void)info;
    fuse_reply_write(request, size);
}

static const struct fuse_lowlevel_ops operations = {
    .lookup = hello_lookup,
    .getattr = hello_getattr,
    .setattr = hello_setattr,
    .open = hello_open,
    .read = hello_read,
    .write = hello_write,
};

int main(int argc, char **argv) {
    int single = argc > 1 && !strcmp(argv[1], "-s"), failed = 1;
    if (argc != 2 + single) return fprintf(stderr, "usage: hello_ll [-s] MOUNTPOINT\n"), 2;
    char *options[] = {argv[0], "-o", "fsname=hello_ll", NULL};
    struct fuse_args arguments = FUSE_ARGS_INIT(3, options);
    struct fuse_session *session = fuse_session_new(&arguments, &operations, sizeof operations, NULL);
    if (!session) return 1;
    if (fuse_set_signal_handlers(session) == 0 && fuse_session_mount(session, argv[1 + single]) == 0) {
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
