#define _GNU_SOURCE
#include "internal.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Thread_local struct zf_worker *me;

struct zf_worker *zf_me(void)
{
	return me;
}

struct zf_worker *zf_join(struct zf_context *context)
{
	struct zf_worker *worker = calloc(1, sizeof(*worker));
	if (!worker)
		abort();
	worker->tid = gettid();
	worker->next = atomic_load(&context->workers);
	while (!atomic_compare_exchange_weak(&context->workers, &worker->next, worker))
		;
	me = worker;
	return worker;
}

void zf_wake_workers(struct zf_context *context)
{
	pthread_mutex_lock(&context->lock);
	pthread_cond_broadcast(&context->turn);
	pthread_mutex_unlock(&context->lock);
}

static int seats(struct zf_context *context)
{
	return atomic_load(&context->disks) > 0 ? context->seats : 1;
}

static int take_seat(struct zf_context *context)
{
	int taken = atomic_load(&context->seated);
	while (taken < seats(context))
		if (atomic_compare_exchange_weak(&context->seated, &taken, taken + 1))
			return 1;
	return 0;
}

static void leave_seat(struct zf_context *context)
{
	me->seated = 0;
	atomic_fetch_sub(&context->seated, 1);
}

/* It keeps its seat while it handles a request, too, so that nobody else need wake up; only when the last disk was closed
 * there are fewer seats than before. */
int zf_await_turn(struct zf_context *context)
{
	if (me->seated) {
		if (atomic_load_explicit(&context->seated, memory_order_relaxed) <= seats(context))
			return 1;
		leave_seat(context);
	}
	pthread_mutex_lock(&context->lock);
	while (!atomic_load(&context->is_over) && !(me->seated = take_seat(context)))
		pthread_cond_wait(&context->turn, &context->lock);
	pthread_mutex_unlock(&context->lock);
	return me->seated;
}

void zf_end_workers(struct zf_context *context)
{
	atomic_store(&context->is_over, 1);
	zf_wake_workers(context);
	for (struct zf_worker *worker = atomic_load(&context->workers); worker; worker = worker->next)
		if (!atomic_load(&worker->has_ended))
			tgkill(getpid(), worker->tid, zf_interrupt_signal());
}

void zf_part(struct zf_worker *worker)
{
	atomic_store(&worker->state, ZF_HANDLING);
	atomic_store(&worker->has_ended, 1);
	me = NULL;
}

void zf_will_block(struct zf_context *context)
{
	if (!me || !me->seated)
		return;
	leave_seat(context);
	pthread_mutex_lock(&context->lock);
	pthread_cond_signal(&context->turn);
	pthread_mutex_unlock(&context->lock);
}

/* True if the thread sleeps interruptibly: then, if it is reading, it has no request in hand yet. */
static int sleeps(pid_t tid)
{
	char path[64], text[256];
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 1; /* ended */
	ssize_t count = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (count <= 0)
		return 1;
	text[count] = 0;
	const char *name_end = strrchr(text, ')');
	return name_end && name_end[1] && name_end[2] == 'S';
}

void zf_settle(struct zf_context *context)
{
	for (struct zf_worker *worker = atomic_load(&context->workers); worker; worker = worker->next) {
		if (worker == me)
			continue;
		unsigned long turns = atomic_load(&worker->turns);
		/* Bounded, though nothing that a worker does with a RELEASE can take long: 2 s. */
		for (int round = 0; round < 20000; round++) {
			/* In this order: it slept first and was still reading after that. */
			int asleep = sleeps(worker->tid);
			int state = atomic_load(&worker->state);
			if (atomic_load(&worker->turns) != turns || state == ZF_HANDLING)
				break;
			if (state == ZF_READING && asleep)
				break;
			usleep(100);
		}
	}
}
