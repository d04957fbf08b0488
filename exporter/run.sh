#!/bin/sh
# Installs what the exporter needs, builds and runs it: against Datadog if the environment has credentials (DD_API_KEY and DD_APP_KEY,
# or DD_BEARER_TOKEN, and DD_SITE), otherwise against a simulated organization. Arguments are passed to the exporter.
set -eu
cd "$(dirname "$0")/.."
. ./exporter/packages.sh

# shellcheck disable=SC2086 # a list of words
install_packages $build_packages
# Warnings of a newer compiler must not break the build. A unity build takes a third of the time.
cmake --preset release -B build/run -DEXPORTER_TESTS=OFF -DEXPORTER_UNITY=ON -DCMAKE_COMPILE_WARNING_AS_ERROR=OFF >/dev/null
cmake --build build/run --target datadog_token_exporter

configured=$(env | grep -c '^DATADOG_TOKEN_EXPORTER_.*FILE=.' || true)
if [ -z "${DD_API_KEY:-}${DD_APP_KEY:-}${DD_BEARER_TOKEN:-}" ] && [ "$configured" -eq 0 ]; then
    case " $* " in
        *-file* | *.file* | *" --demo "*) ;; # Credentials may come from a file.
        *)
            echo "No credentials in the environment: polling a simulated organization."
            set -- --demo "$@"
            ;;
    esac
fi
cat <<'END'

  Metrics:      http://localhost:10077/metrics
  Status page:  http://localhost:10077/
  (unless --web.listen-address says otherwise; end with Ctrl-C)

END
exec build/run/exporter/datadog_token_exporter "$@"
