#include "ServerPage.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char page[] = {
#embed "page.html"
};

const unsigned char *server_page(size_t *count) {
  *count = sizeof page;
  return page;
}
