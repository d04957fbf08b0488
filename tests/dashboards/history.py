"""Backfilled history for the Prometheus of the dashboards' tests and pictures."""
import math
import re

# The growth of the counters over one history. The exporter that exposed them is gone, and its counts must not be lost.
HISTORY_COUNTERS = {"datadog_access_tokens_created_total": 124, "datadog_access_tokens_removed_total": 120,
                    "datadog_access_tokens_scope_changes_total": 40, "datadog_access_token_polls_total": 360,
                    "datadog_access_token_poll_failures_total": 9}
GROWS = re.compile(r'token_type="personal"|polls_total|reason="connect"')
# These have too many series for a whole day: written only around the times that dashboards look back to.
SPARSE = re.compile(r"datadog_access_token_(scope_grants|finding)\b")
LEFT_OUT = re.compile(r"datadog_access_token_(expiry|last_used|created)_timestamp_seconds|process_"
                      r"|datadog_access_token_(poll_(?!failures)|api|credential|exporter)")


def history(text, labels, start, end, step, looked_at=()):
    """OpenMetrics text: the exposition `text` repeated from `start` to `end`, its counters growing up to HISTORY_COUNTERS,
    fastest at noon. `labels` are the target's: {name: value}. SPARSE series are written only within ten minutes of the times in
    `looked_at`."""
    # pylint: disable=too-many-arguments,too-many-locals
    target = ",".join(f'{name}="{value}"' for name, value in labels.items())
    lines = []
    moments = range(int(start), int(end) + 1, step)
    near = [moment for moment in moments if any(abs(moment - each) <= 600 for each in looked_at)]
    for line in text.splitlines():
        if not line or line.startswith("#") or LEFT_OUT.match(line):
            continue
        series, value = line.rsplit(" ", 1)
        name, _, rest = series.partition("{")
        series = f"{name}{{{target},{rest}" if rest else f"{name}{{{target}}}"
        total = HISTORY_COUNTERS.get(name)
        if total is not None and not GROWS.search(series):
            total = 0
        for moment in near if SPARSE.match(name) else moments:
            if total is not None:
                part = (moment - moments[0]) / max(1, moments[-1] - moments[0])
                value = str(round(total * (part - math.sin(2 * math.pi * part) / (2 * math.pi))))
            lines.append(f"{series} {value} {moment}")
    return "\n".join(lines) + "\n# EOF\n"
