#define _GNU_SOURCE
#include "CFuseShims.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int zf_is_direct(int open_flags)
{
	return (open_flags & O_DIRECT) != 0;
}

int zf_eventfd(void)
{
	return eventfd(0, EFD_CLOEXEC);
}

dev_t zf_device(unsigned major, unsigned minor)
{
	return makedev(major, minor);
}

void zf_name_thread(const char *name)
{
	pthread_setname_np(pthread_self(), name);
}

int zf_seek_data(void)
{
	return SEEK_DATA;
}
