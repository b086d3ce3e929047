// libzmq's header; the system's package libzmq3-dev brings it.
#include <zmq.h>
