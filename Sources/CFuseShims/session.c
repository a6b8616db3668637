#define _GNU_SOURCE
#include "internal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

static pthread_key_t buffer_key;
static pthread_once_t buffer_once = PTHREAD_ONCE_INIT;
static _Thread_local size_t buffer_size;

static void make_buffer_key(void)
{
	if (pthread_key_create(&buffer_key, free))
		abort();
}

void *zf_thread_buffer(size_t size)
{
	pthread_once(&buffer_once, make_buffer_key);
	void *buffer = pthread_getspecific(buffer_key);
	if (buffer && buffer_size >= size)
		return buffer;
	free(buffer);
	buffer_size = 0;
	if (posix_memalign(&buffer, 4096, size))
		buffer = NULL;
	pthread_setspecific(buffer_key, buffer);
	if (buffer)
		buffer_size = size;
	return buffer;
}

/* One of the real-time signals, which nobody else sends. */
int zf_interrupt_signal(void)
{
	return SIGRTMIN + 7;
}

static void do_nothing(int signal)
{
	(void)signal;
}

int zf_interrupt_install(void)
{
	struct sigaction action = { .sa_handler = do_nothing }; /* no SA_RESTART: the sleep must end */
	sigset_t only;
	sigemptyset(&action.sa_mask);
	sigemptyset(&only);
	sigaddset(&only, zf_interrupt_signal());
	int error = pthread_sigmask(SIG_UNBLOCK, &only, NULL);
	if (error)
		return -error;
	return sigaction(zf_interrupt_signal(), &action, NULL) ? -errno : 0;
}
