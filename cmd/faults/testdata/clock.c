// A clock that is SHIFT seconds ahead, for a program that is not changed. Preloaded, it takes the place of the
// kernel's vDSO, which is where a Go program reads the time, and of the functions of the C library.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

// The program calls this in a mapping of the file that was not relocated: it refers to nothing.
int __vdso_clock_gettime(clockid_t id, struct timespec *ts) {
	long r;
	__asm__ volatile("syscall" : "=a"(r) : "0"((long)SYS_clock_gettime), "D"((long)id), "S"(ts) : "rcx", "r11", "memory");
	if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		ts->tv_sec += SHIFT;
	return r;
}

int clock_gettime(clockid_t id, struct timespec *ts) { return __vdso_clock_gettime(id, ts) ? -1 : 0; }

int gettimeofday(struct timeval *restrict tv, void *restrict tz) {
	struct timespec ts;
	__vdso_clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *t) {
	struct timespec ts;
	__vdso_clock_gettime(CLOCK_REALTIME, &ts);
	if (t)
		*t = ts.tv_sec;
	return ts.tv_sec;
}

static void check(int ok, const char *what) {
	if (!ok) {
		perror(what);
		exit(99);
	}
}

// Before the program begins, the kernel's note of where the vDSO is becomes one of where this file is.
__attribute__((constructor)) static void replace(int argc, char **argv, char **envp) {
	Dl_info self;
	struct stat size;
	check(dladdr((void *)replace, &self) != 0, "find the preloaded clock");
	int fd = open(self.dli_fname, O_RDONLY | O_CLOEXEC);
	check(fd >= 0 && fstat(fd, &size) == 0, self.dli_fname);
	void *image = mmap(NULL, size.st_size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	check(image != MAP_FAILED, self.dli_fname);
	while (*envp)
		envp++;
	for (Elf64_auxv_t *aux = (Elf64_auxv_t *)(envp + 1); aux->a_type != AT_NULL; aux++)
		if (aux->a_type == AT_SYSINFO_EHDR)
			aux->a_un.a_val = (unsigned long)image;
}
