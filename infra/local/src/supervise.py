# Runs the emulator until whoever started it is gone, however it went: the standard input is a pipe that
# nothing is written to and that ends with its writer. Then the emulator and the functions it started, which
# are one process group, end at once, and their scratch folder goes.
import os
import shutil
import signal
import sys
import threading


def end_with_the_writer():
    sys.stdin.buffer.read()
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


threading.Thread(target=end_with_the_writer, daemon=True).start()

import uvloop
from ministack.app import main

# The emulator is one event loop on one core: a faster loop is a faster cloud.
uvloop.install()
main()
