#define _GNU_SOURCE
#include "CRunShims.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int control(unsigned long request, long argument)
{
	int file = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int result, error;

	if (file < 0)
		return -1;
	result = ioctl(file, request, argument);
	error = errno;
	close(file);
	errno = error;
	return result;
}

int zr_loop_free(void)
{
	return control(LOOP_CTL_GET_FREE, 0);
}

int zr_loop_attach(int loop, int file, unsigned block_size)
{
	struct loop_config config = {
		.fd = (unsigned)file,
		.block_size = block_size,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR,
	};

	return ioctl(loop, LOOP_CONFIGURE, &config);
}

int zr_loop_remove(int number)
{
	return control(LOOP_CTL_REMOVE, number);
}

int zr_loop_detach(int loop)
{
	struct loop_info64 info;

	/* A device that is being detached takes no writes any more. */
	fsync(loop);
	/* With other openers LOOP_CLR_FD only marks the device to be detached by the last of them, and it stays bound. */
	if (ioctl(loop, LOOP_CLR_FD, 0))
		return errno == ENXIO ? 0 : -1;
	if (ioctl(loop, LOOP_GET_STATUS64, &info))
		return 0;
	errno = EBUSY;
	return -1;
}

int zr_loop_resize(int loop)
{
	return ioctl(loop, LOOP_SET_CAPACITY, 0);
}

int zr_swapoff(const char *path)
{
	return swapoff(path);
}

void zr_device_number(int device, unsigned *major_number, unsigned *minor_number)
{
	struct stat status = { 0 };

	fstat(device, &status);
	*major_number = major(status.st_rdev);
	*minor_number = minor(status.st_rdev);
}

void zr_split_device(uint64_t device, unsigned *major_number, unsigned *minor_number)
{
	*major_number = major(device);
	*minor_number = minor(device);
}
