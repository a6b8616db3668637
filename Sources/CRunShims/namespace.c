#define _GNU_SOURCE
#include "CRunShims.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static int put(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t written;

	if (file < 0)
		return -1;
	written = write(file, text, strlen(text));
	close(file);
	return written < 0 ? -1 : 0;
}

static int map(const char *path, unsigned id)
{
	char line[32];

	snprintf(line, sizeof(line), "0 %u 1", id);
	return put(path, line);
}

int zr_enter_namespace(int with_user)
{
	uid_t user = geteuid();
	gid_t group = getegid();

	if (unshare(CLONE_NEWNS | (with_user ? CLONE_NEWUSER : 0)))
		return -1;
	if (with_user) {
		/* Kernels before 3.19 have no setgroups file. */
		if (put("/proc/self/setgroups", "deny") && errno != ENOENT)
			return -1;
		if (map("/proc/self/uid_map", user) || map("/proc/self/gid_map", group))
			return -1;
	}
	return mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL);
}

int zr_copy_namespace(void)
{
	return unshare(CLONE_NEWNS);
}

int zr_join_namespace(int descriptor)
{
	return setns(descriptor, CLONE_NEWNS);
}

int zr_bind(const char *from, const char *at, int recursive)
{
	return mount(from, at, NULL, MS_BIND | (recursive ? MS_REC : 0), NULL);
}

int zr_mount_tmpfs(const char *at)
{
	return mount("zramfs-run", at, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
}

int zr_remount(const char *at, unsigned long flags)
{
	return mount(NULL, at, NULL, MS_REMOUNT | flags, NULL);
}

int zr_mount_connections(const char *at)
{
	return mount("none", at, "fusectl", 0, NULL);
}

int zr_mount_overlay(const char *over, const char *under, const char *at)
{
	char options[8192];

	if (snprintf(options, sizeof(options), "lowerdir=%s:%s", over, under) >= (int)sizeof(options)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return mount("zramfs-run", at, "overlay", MS_RDONLY, options);
}
