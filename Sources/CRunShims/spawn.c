#define _GNU_SOURCE
#include "CRunShims.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static sigset_t before;

static sigset_t waited_for(void)
{
	static const int signals[] = { SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaddset(&set, signals[i]);
	return set;
}

void zr_block_signals(void)
{
	sigset_t set = waited_for();

	sigprocmask(SIG_BLOCK, &set, &before);
}

int zr_next_signal(int milliseconds, int *is_from_terminal)
{
	struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000L };
	sigset_t set = waited_for();
	siginfo_t info = { 0 };
	int signal = sigtimedwait(&set, &info, &time);

	*is_from_terminal = signal > 0 && info.si_code == SI_KERNEL;
	return signal > 0 ? signal : 0;
}

pid_t zr_spawn(char *const argv[], int output, int group)
{
	pid_t parent = getpid();
	pid_t child = fork();

	if (child != 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(125);
	if (group)
		setpgid(0, 0);
	if (output >= 0) {
		dup2(output, 1);
		dup2(output, 2);
	}
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	execvp(argv[0], argv);
	{
		int error = errno;

		dprintf(2, "zramfs: %s: %s\n", argv[0], strerror(error));
		/* As a shell: found but not to be run, or not found. */
		_exit(error == ENOENT ? 127 : 126);
	}
}

int zr_channel(int ends[2])
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}

int zr_pipe(int ends[2])
{
	return pipe2(ends, O_CLOEXEC);
}

pid_t zr_serve(const char *program, char *const argv[], int channel, int keeps_error)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	pid_t pid = -1;
	int error;

	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&actions);
	/* First, for the channel itself may be 0, 1 or 2. */
	posix_spawn_file_actions_adddup2(&actions, channel, 3);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	if (!keeps_error)
		posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&actions, 4);
	error = posix_spawnp(&pid, program, &actions, &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	errno = error;
	return error ? -1 : pid;
}

void zr_die_of(int number)
{
	struct rlimit none = { 0, 0 };
	sigset_t set;

	setrlimit(RLIMIT_CORE, &none);
	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
}
