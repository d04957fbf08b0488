"""A process's memory, open files and threads over time."""
import collections
import os
import threading
import time

Held = collections.namedtuple("Held", "rss files threads")

_SAMPLING_SECONDS = 0.25
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def held_by(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        pages = int(file.read().split()[1])
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        # Skips the process name, which is in parentheses and may contain anything.
        threads = int(file.read().rpartition(")")[2].split()[17])
    return Held(pages * _PAGE_BYTES, len(os.listdir(f"/proc/{pid}/fd")), threads)


class Watch:
    """Samples a process until it is gone or `stop` is set."""

    def __init__(self, pid, stop):
        self.samples = []
        self._pid = pid
        self._stop = stop
        self._start = time.monotonic()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.wait(_SAMPLING_SECONDS):
            try:
                self.samples.append((time.monotonic() - self._start, held_by(self._pid)))
            except OSError:
                return

    def least(self, begin, end):
        """The minimum of each value between two times, in seconds since the start: what remains between requests. A leak raises
        it; a large response in progress does not."""
        within = [held for moment, held in self.samples if begin <= moment <= end]
        return Held(*(min(values) for values in zip(*within))) if within else None
