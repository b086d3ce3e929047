// What of cores, locks and time slices Swift cannot say.
#ifndef CPLATFORM_H
#define CPLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

/// A set of cores: bit i of the words is core i.
typedef struct {
  uint64_t words[16];
} gpt2_cores;

/// The cores that the calling thread may run on; false where the system does not say.
bool gpt2_allowed_cores(gpt2_cores *cores);
/// Lets the calling thread run on these cores and no others; false when the system refuses.
bool gpt2_run_on(const gpt2_cores *cores);
/// The core that the calling thread runs on just now, or -1.
int gpt2_current_core(void);
/// Sets how long the calling thread, and threads that it starts, run before others on their core get their turn: 0 is what
/// the system gives everybody. Returns what it was, or 0 where the system has no such thing (Linux before 6.12) or refuses.
uint64_t gpt2_set_slice(uint64_t nanoseconds);
/// Locks a byte of an open file, or not, if somebody else who has opened the file has it; the lock ends with the descriptor.
bool gpt2_lock_byte(int descriptor, size_t byte);
void gpt2_unlock_byte(int descriptor, size_t byte);

/// Tells the processor that this thread spins.
static inline void gpt2_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
#endif
