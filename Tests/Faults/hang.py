"""A thread that is held still while the others of its process run on: a computation that hangs.

libzmq's own threads go on answering then, so that nothing but the program's own beats can tell.
"""

import ctypes
import os
import threading
import time

SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
ALL_CHILDREN = 0x40000000  # __WALL: threads too


def computing_thread(pid):
    """The thread that has computed most. What libzmq runs has its name."""
    def used(thread):
        folder = f"/proc/{pid}/task/{thread}"
        if open(f"{folder}/comm").read().startswith("ZMQ"):
            return -1
        fields = open(f"{folder}/stat").read().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    return int(max(os.listdir(f"/proc/{pid}/task"), key=used))


class Hang:
    """Begins at once. Who traces a thread is a thread too, and always the same one."""

    def __init__(self, pid):
        self.thread = computing_thread(pid)
        self.over, self.begun, self.problem = threading.Event(), threading.Event(), None
        self.tracer = threading.Thread(target=self.trace, daemon=True)
        self.tracer.start()
        self.begun.wait(5)
        if self.problem:
            raise OSError(self.problem, f"thread {self.thread} cannot be held: {os.strerror(self.problem)}")

    def trace(self):
        ptrace = ctypes.CDLL(None, use_errno=True).ptrace
        ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        for request in (SEIZE, INTERRUPT):
            if ptrace(request, self.thread, None, None):
                self.problem = ctypes.get_errno()
                return self.begun.set()
        try:
            os.waitpid(self.thread, ALL_CHILDREN)
            self.begun.set()
            # A thread that is traced has to be waited for when its process is killed, or the process stays.
            while not self.over.wait(0.02):
                pid, status = os.waitpid(self.thread, ALL_CHILDREN | os.WNOHANG)
                if pid and not os.WIFSTOPPED(status):
                    return
        except ChildProcessError:
            self.begun.set()
            return
        ptrace(DETACH, self.thread, None, None)

    def release(self):
        self.over.set()
        self.tracer.join(5)


def is_possible():
    """Whether this machine lets a process of this user be traced."""
    pid = os.fork()
    if pid == 0:
        time.sleep(5)
        os._exit(0)
    try:
        Hang(pid).release()
        return True
    except OSError:
        return False
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
