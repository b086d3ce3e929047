// libzmq's header; the system's package libzmq3-dev brings it.
#include <zmq.h>

// Declared for drafts only in libzmq 4.3's header, though its stable builds know the option (4.3.4's options.cpp).
enum { CZMQ_ZAP_ENFORCE_DOMAIN = 93 };

// glibc's, which Swift's module of it leaves out.
#if defined(__GLIBC__)
#include <malloc.h>
#endif
