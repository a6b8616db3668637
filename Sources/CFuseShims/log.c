#include "internal.h"

#include <fuse_log.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char *captured;
static _Thread_local size_t capacity;

static void take(enum fuse_log_level level, const char *format, va_list arguments)
{
	(void)level;
	if (!captured) {
		vfprintf(stderr, format, arguments);
		return;
	}
	/* The first message names the cause, later ones its consequences. */
	if (captured[0])
		return;
	vsnprintf(captured, capacity, format, arguments);
	captured[strcspn(captured, "\n")] = 0;
}

void zf_log_install(void)
{
	fuse_set_log_func(take);
}

void zf_log_capture(char *buffer, size_t size)
{
	captured = buffer;
	capacity = size;
	if (buffer)
		buffer[0] = 0;
}
