#include "ServerPage.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

// One document, so that it loads with one request and by no route but its own. The order of scripts is that of their use.
static const unsigned char page[] = {
#embed "page/head.html" suffix(, )
#embed "page/style.css" suffix(, )
#embed "page/body.html" suffix(, )
#embed "page/basics.js" suffix(, )
#embed "page/defaults.js" suffix(, )
#embed "page/api.js" suffix(, )
#embed "page/server.js" suffix(, )
#embed "page/stations.js" suffix(, )
#embed "page/links.js" suffix(, )
#embed "page/pipeline.js" suffix(, )
#embed "page/timeline.js" suffix(, )
#embed "page/pieces.js" suffix(, )
#embed "page/completion.js" suffix(, )
#embed "page/fields.js" suffix(, )
#embed "page/room.js" suffix(, )
#embed "page/copy.js" suffix(, )
#embed "page/alternatives.js" suffix(, )
#embed "page/start.js" suffix(, )
#embed "page/end.html"
};

const unsigned char *server_page(size_t *count) {
  *count = sizeof page;
  return page;
}
