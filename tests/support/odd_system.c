// The C library of a system that is not this one, for tests: preloaded, it answers some calls as file systems
// without locks, or read-only ones, do, and lets time pass faster. Variables tell which.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

// ODD_NO_LOCKS: no file has locks, as on NFS without its lock daemon.
int flock(int file, int operation) {
    if (getenv("ODD_NO_LOCKS")) {
        errno = ENOLCK;
        return -1;
    }
    return REAL(flock)(file, operation);
}

// ODD_READ_ONLY: the folder that cannot be written into.
static int is_read_only(const char *path) {
    const char *folder = getenv("ODD_READ_ONLY");
    if (!folder || strncmp(path, folder, strlen(folder)) != 0) return 0;
    errno = EROFS;
    return 1;
}

static int opens_for_writing(int flags) {
    return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
}

int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    int mode = va_arg(more, int);
    va_end(more);
    if (opens_for_writing(flags) && is_read_only(path)) return -1;
    return REAL(open64)(path, flags, mode);
}

int mkdir(const char *path, mode_t mode) {
    return is_read_only(path) ? -1 : REAL(mkdir)(path, mode);
}

int unlink(const char *path) {
    return is_read_only(path) ? -1 : REAL(unlink)(path);
}

int rename(const char *from, const char *to) {
    return is_read_only(from) || is_read_only(to) ? -1 : REAL(rename)(from, to);
}

int symlink(const char *target, const char *path) {
    return is_read_only(path) ? -1 : REAL(symlink)(target, path);
}

int linkat(int from, const char *target, int to, const char *path, int flags) {
    return is_read_only(path) ? -1 : REAL(linkat)(from, target, to, path, flags);
}

// ODD_CLOCK: how many times as fast the clock for intervals is.
int clock_gettime(clockid_t clock, struct timespec *time) {
    int answer = REAL(clock_gettime)(clock, time);
    const char *factor = getenv("ODD_CLOCK");
    if (answer == 0 && factor && clock == CLOCK_MONOTONIC) {
        long long nanoseconds = (time->tv_sec * 1000000000LL + time->tv_nsec) * atoll(factor);
        time->tv_sec = nanoseconds / 1000000000;
        time->tv_nsec = nanoseconds % 1000000000;
    }
    return answer;
}
