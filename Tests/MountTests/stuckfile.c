/* A file system with one file, /file, that hangs on request: stuckfile SIZE GATES MOUNTPOINT. While the file GATES/open,
 * GATES/read or GATES/write is there, that operation waits, and GATES/waiting says that one did. It ends after two minutes at
 * the latest, and with it every wait. */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *gates;
static char *content;
static size_t size;

static void pass(const char *name)
{
	char gate[4096], waiting[4096];
	snprintf(gate, sizeof(gate), "%s/%s", gates, name);
	snprintf(waiting, sizeof(waiting), "%s/waiting", gates);
	while (access(gate, F_OK) == 0) {
		int fd = open(waiting, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		if (fd >= 0)
			close(fd);
		usleep(10000);
	}
}

static int stuck_getattr(const char *path, struct stat *info, struct fuse_file_info *file)
{
	(void)file;
	memset(info, 0, sizeof(*info));
	if (strcmp(path, "/") == 0) {
		info->st_mode = S_IFDIR | 0755;
		info->st_nlink = 2;
	} else if (strcmp(path, "/file") == 0) {
		info->st_mode = S_IFREG | 0600;
		info->st_nlink = 1;
		info->st_size = size;
	} else {
		return -ENOENT;
	}
	return 0;
}

static int stuck_open(const char *path, struct fuse_file_info *file)
{
	(void)path;
	pass("open");
	/* No cache answers in its place. */
	file->direct_io = 1;
	return 0;
}

static int stuck_read(const char *path, char *buffer, size_t count, off_t offset, struct fuse_file_info *file)
{
	(void)path, (void)file;
	pass("read");
	if ((size_t)offset >= size)
		return 0;
	if (count > size - offset)
		count = size - offset;
	memcpy(buffer, content + offset, count);
	return count;
}

static int stuck_write(const char *path, const char *buffer, size_t count, off_t offset, struct fuse_file_info *file)
{
	(void)path, (void)file;
	pass("write");
	if ((size_t)offset + count > size)
		return -ENOSPC;
	memcpy(content + offset, buffer, count);
	return count;
}

static int stuck_fsync(const char *path, int data, struct fuse_file_info *file)
{
	(void)path, (void)data, (void)file;
	return 0;
}

static const struct fuse_operations operations = {
	.getattr = stuck_getattr,
	.open = stuck_open,
	.read = stuck_read,
	.write = stuck_write,
	.fsync = stuck_fsync,
};

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	size = strtoul(argv[1], NULL, 0);
	gates = argv[2];
	content = calloc(1, size);
	if (!content)
		return 1;
	alarm(120);
	char *arguments[] = {argv[0], "-f", argv[3], NULL};
	return fuse_main(3, arguments, &operations, NULL);
}
