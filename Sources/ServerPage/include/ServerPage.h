#ifndef SERVER_PAGE_H
#define SERVER_PAGE_H

#include <stddef.h>

/// The page that `gpt2 serve` shows at `/`: UTF-8 HTML, built into the program; `*count` is its length in bytes.
const unsigned char *_Nonnull server_page(size_t *_Nonnull count);

#endif
