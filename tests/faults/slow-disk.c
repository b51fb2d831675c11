/*
 * Preloaded into a process whose disk is to be slow now and then: while the file that FAULTS_SLOW_DISK names is there, each write to a
 * file, and each call that waits for the disk, takes so many milliseconds more as FAULTS_SLOW_DISK_MS says.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static void hold_up(int file)
{
    const char *flag = getenv("FAULTS_SLOW_DISK");
    const char *ms = getenv("FAULTS_SLOW_DISK_MS");
    struct stat what;
    if (flag == NULL || ms == NULL || access(flag, F_OK) != 0)
        return;
    if (fstat(file, &what) == 0 && S_ISREG(what.st_mode))
        usleep((useconds_t)atoi(ms) * 1000);
}

ssize_t write(int file, const void *bytes, size_t count)
{
    hold_up(file);
    return syscall(SYS_write, file, bytes, count);
}

ssize_t writev(int file, const struct iovec *parts, int count)
{
    hold_up(file);
    return syscall(SYS_writev, file, parts, count);
}

int fsync(int file)
{
    hold_up(file);
    return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file)
{
    hold_up(file);
    return (int)syscall(SYS_fdatasync, file);
}
