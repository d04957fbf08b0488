"""A past for the Prometheus of the dashboards' tests and pictures."""
import re

# The history's counters by now; the exporter that kept them is gone since, so its counts must not be lost.
HISTORY_COUNTERS = {"datadog_access_tokens_created_total": 12, "datadog_access_tokens_removed_total": 9,
                    "datadog_access_tokens_scope_changes_total": 7}
# Too many series to write down for a whole day: only what a look back to yesterday finds, from ten minutes before to an hour
# after a moment that the caller names.
SCOPES = "datadog_access_token_scope_grants"
LEFT_OUT = re.compile(r"datadog_access_token_(expiry|last_used|created)_timestamp_seconds|process_"
                      r"|datadog_access_token_(poll|api|credential|exporter)")


def history(text, labels, start, end, step, yesterday=0):
    """OpenMetrics text: the exposition `text` again and again from `start` to `end`, its churn counters growing evenly up to
    HISTORY_COUNTERS. `labels` are the target's: {name: value}. Scopes are written only round the moment `yesterday`."""
    # pylint: disable=too-many-arguments,too-many-locals
    target = ",".join(f'{name}="{value}"' for name, value in labels.items())
    lines = []
    moments = range(int(start), int(end) + 1, step)
    for line in text.splitlines():
        if line.startswith("#") or LEFT_OUT.match(line):
            continue
        series, value = line.rsplit(" ", 1)
        name, _, rest = series.partition("{")
        series = f"{name}{{{target},{rest}" if rest else f"{name}{{{target}}}"
        total = HISTORY_COUNTERS.get(name)
        if total is not None and 'token_type="personal"' not in series:
            total = 0
        for number, moment in enumerate(moments):
            if name == SCOPES and not -600 <= moment - yesterday <= 3600:
                continue
            if total is not None:
                value = str(total * number // max(1, len(moments) - 1))
            lines.append(f"{series} {value} {moment}")
    return "\n".join(lines) + "\n# EOF\n"
