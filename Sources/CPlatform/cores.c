// Checks for another architecture have none of its headers.
#if defined(__linux__) && __STDC_HOSTED__
#define HAS_CORES
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "CPlatform.h"

#ifdef HAS_CORES
_Static_assert(sizeof(cpu_set_t) <= sizeof(gpt2_cores), "gpt2_cores holds what the system's sets hold");

bool gpt2_allowed_cores(gpt2_cores *cores) {
  memset(cores, 0, sizeof *cores);
  return sched_getaffinity(0, sizeof *cores, (cpu_set_t *)cores) == 0;
}

bool gpt2_run_on(const gpt2_cores *cores) { return sched_setaffinity(0, sizeof *cores, (const cpu_set_t *)cores) == 0; }

int gpt2_current_core(void) { return sched_getcpu(); }

// The first version of the system's struct; C libraries that declare it call it sched_attr.
struct scheduling {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

uint64_t gpt2_set_slice(uint64_t nanoseconds) {
  struct scheduling own;
  if (syscall(SYS_sched_getattr, 0, &own, sizeof own, 0) != 0 || own.policy != SCHED_OTHER) return 0;
  uint64_t before = own.runtime;
  own.runtime = nanoseconds;
  return syscall(SYS_sched_setattr, 0, &own, 0) == 0 ? before : 0;
}

static bool set_lock(int descriptor, size_t byte, short kind) {
  struct flock lock = {.l_type = kind, .l_whence = SEEK_SET, .l_start = (off_t)byte, .l_len = 1};
  return fcntl(descriptor, F_OFD_SETLK, &lock) == 0;
}

bool gpt2_lock_byte(int descriptor, size_t byte) { return set_lock(descriptor, byte, F_WRLCK); }

void gpt2_unlock_byte(int descriptor, size_t byte) { (void)set_lock(descriptor, byte, F_UNLCK); }
#else
bool gpt2_allowed_cores(gpt2_cores *cores) { (void)cores; return false; }
bool gpt2_run_on(const gpt2_cores *cores) { (void)cores; return false; }
int gpt2_current_core(void) { return -1; }
uint64_t gpt2_set_slice(uint64_t nanoseconds) { (void)nanoseconds; return 0; }
bool gpt2_lock_byte(int descriptor, size_t byte) { (void)descriptor, (void)byte; return false; }
void gpt2_unlock_byte(int descriptor, size_t byte) { (void)descriptor, (void)byte; }
#endif
