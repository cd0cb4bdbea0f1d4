/* The disk of the desk in trouble, for scripts/check-desk-firm: loaded before the C library (LD_PRELOAD), it counts every write, fsync, rename
 * and truncation of files below FAULT_BELOW, and at the FAULT_AT-th of them does FAULT_HOW: `kill` before it, `after` it, `torn` (half of a
 * write, then the end), or `eio`, `enospc` (which it answers, once). Without FAULT_AT it writes how many there were into FAULT_COUNT. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static long steps;

static int is_ours(const char *path) {
  const char *below = getenv("FAULT_BELOW");
  return below && (path[0] != '/' || strncmp(path, below, strlen(below)) == 0);
}
static int is_file(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  /* The vault's walls let it look at no link, and it has no other files than its own. */
  struct stat it;
  if (length < 0) return getenv("FAULT_WALLED") && fstat(fd, &it) == 0 && (S_ISREG(it.st_mode) || S_ISDIR(it.st_mode));
  path[length] = 0;
  return path[0] == '/' && is_ours(path); /* no pipe and no socket */
}
static void end(void) { kill(getpid(), SIGKILL); _exit(137); }

/* 0: go on; 1: go on and end after it; 2: half of it and end; 3: errno is set, say no. */
static int turn(const char *what) {
  const char *at = getenv("FAULT_AT"), *how = getenv("FAULT_HOW"), *count = getenv("FAULT_COUNT");
  long now = __atomic_add_fetch(&steps, 1, __ATOMIC_SEQ_CST);
  if (count) {
    char line[64];
    int fd = open(count, O_WRONLY | O_CREAT | O_APPEND, 0600), length = snprintf(line, sizeof line, "%s\n", what);
    ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    if (fd >= 0) { if (real(fd, line, length) != length) abort(); close(fd); }
  }
  if (!at || !how || now != atol(at)) return 0;
  if (!strcmp(how, "kill")) end();
  if (!strcmp(how, "after")) return 1;
  if (!strcmp(how, "torn")) return 2;
  errno = !strcmp(how, "eio") ? EIO : ENOSPC;
  return 3;
}

#define REAL(type, name, ...) type (*real)(__VA_ARGS__) = dlsym(RTLD_NEXT, #name)
#define STEP(what, whole, half) { int now = turn(what); if (now == 3) return -1; if (now == 2) { half; end(); } __typeof__(whole) done = whole; if (now == 1) end(); return done; }

ssize_t write(int fd, const void *bytes, size_t length) {
  REAL(ssize_t, write, int, const void *, size_t);
  if (!is_file(fd)) return real(fd, bytes, length);
  STEP("write", real(fd, bytes, length), real(fd, bytes, length / 2))
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
  REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
  if (!is_file(fd)) return real(fd, bytes, length, at);
  STEP("pwrite", real(fd, bytes, length, at), real(fd, bytes, length / 2, at))
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite64(fd, bytes, length, at); }
int fsync(int fd) {
  REAL(int, fsync, int);
  if (!is_file(fd)) return real(fd);
  STEP("fsync", real(fd), (void)0)
}
int fdatasync(int fd) {
  REAL(int, fdatasync, int);
  if (!is_file(fd)) return real(fd);
  STEP("fdatasync", real(fd), (void)0)
}
int ftruncate64(int fd, off64_t length) {
  REAL(int, ftruncate64, int, off64_t);
  if (!is_file(fd)) return real(fd, length);
  STEP("ftruncate", real(fd, length), (void)0)
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }
int rename(const char *from, const char *to) {
  REAL(int, rename, const char *, const char *);
  if (!is_ours(to)) return real(from, to);
  STEP("rename", real(from, to), (void)0)
}
int unlink(const char *path) {
  REAL(int, unlink, const char *);
  if (!is_ours(path)) return real(path);
  STEP("unlink", real(path), (void)0)
}
