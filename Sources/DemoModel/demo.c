#include "DemoModel.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char configuration[] = {
#embed "checkpoint/config.json"
};
static const unsigned char vocabulary[] = {
#embed "checkpoint/vocab.json"
};
static const unsigned char merges[] = {
#embed "checkpoint/merges.txt"
};
static const unsigned char weights[] = {
#embed "checkpoint/model.safetensors"
};

static const demo_model_file files[] = {
  {"config.json", configuration, sizeof configuration},
  {"vocab.json", vocabulary, sizeof vocabulary},
  {"merges.txt", merges, sizeof merges},
  {"model.safetensors", weights, sizeof weights},
};

const demo_model_file *demo_model_files(size_t *count) {
  *count = sizeof files / sizeof *files;
  return files;
}
