# The stages that exporter/packaging/release.sh expects, with nothing to compile: for its tests.
FROM scratch AS test

FROM scratch AS deb
ARG TARGETARCH
COPY tests/image/release/status.d/libc6 /packages/datadog-token-exporter_0.1.0-1_${TARGETARCH}.deb

FROM scratch
ARG TARGETARCH
COPY tests/image/release/tiny.Dockerfile /usr/bin/datadog_token_exporter-${TARGETARCH}
COPY tests/image/release/status.d /var/lib/dpkg/status.d
USER 65532:65532
HEALTHCHECK CMD ["/usr/bin/datadog_token_exporter", "--probe"]
ENTRYPOINT ["/usr/bin/datadog_token_exporter"]
