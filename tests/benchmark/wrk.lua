-- wrk's summary as one line of JSON; latencies in milliseconds.
done = function(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        'RESULT {"requests": %d, "seconds": %.6f, "p50": %.4f, "p99": %.4f, "ended": %d, "errors": %d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        errors.read, errors.connect + errors.write + errors.status + errors.timeout))
end
