#ifndef DEMO_MODEL_H
#define DEMO_MODEL_H

#include <stddef.h>

/// A file of the demo checkpoint, built into the program.
typedef struct {
  const char *_Nonnull name;
  const unsigned char *_Nonnull bytes;
  size_t count;
} demo_model_file;

/// The files of Sources/DemoModel/checkpoint that the program reads; `*count` says how many there are.
const demo_model_file *_Nonnull demo_model_files(size_t *_Nonnull count);

#endif
