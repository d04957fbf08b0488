# The program's image: only the program, the libraries it links, CA roots and an unprivileged user. It can be built for amd64 and
# arm64 (--platform), on either: the compiler runs on the builder's own architecture, without emulation.
#
#   DOCKER_BUILDKIT=1 docker build --build-arg EXPORTER_REVISION="$(git rev-parse --short=12 HEAD)" --tag datadog-token-exporter:0.1.0 .
#   DOCKER_BUILDKIT=1 docker build --target test .     runs the unit tests on the program as built here
#
# Builds are reproducible if BASE is a digest whose apt sources don't change (a snapshot), SOURCE_DATE_EPOCH is set and the builder
# writes that time into its layers (buildah: --timestamp; BuildKit: output rewrite-timestamp=true).
# tests/image/build_and_run.sh builds the image, runs it without privileges, and builds it again.

# Pin it: --build-arg BASE=debian@sha256:...
ARG BASE=debian:trixie-slim

FROM --platform=${BUILDPLATFORM} ${BASE} AS packages
WORKDIR /source
COPY exporter/packages.sh exporter/
# Set by the builder to the architecture of --platform.
ARG TARGETARCH
# Installs the same packages as exporter/run.sh. Debian's images delete downloaded packages; the cache keeps them.
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean \
    && . exporter/packages.sh \
    && install_build_packages "$TARGETARCH"

FROM packages AS build
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake/
COPY exporter exporter/
ARG EXPORTER_REVISION=unknown
ARG SOURCE_DATE_EPOCH=0
ARG TARGETARCH
RUN . exporter/packages.sh \
    && cmake --preset release $(toolchain_of "$TARGETARCH") -DEXPORTER_TESTS=OFF -DCMAKE_COMPILE_WARNING_AS_ERROR=OFF \
    && cmake --build --preset release --target datadog_token_exporter \
    && DESTDIR=/image cmake --install build/release --prefix /usr --strip --component program \
    && sh exporter/image_root.sh /image /usr/bin/datadog_token_exporter

FROM build AS test
# Tests for another architecture run under qemu-user.
ARG TARGETARCH
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt,sharing=locked \
    . exporter/packages.sh \
    && install_build_packages "$TARGETARCH" libcli11-dev libgmock-dev libgtest-dev \
    && install_packages openssl python3 python3-prometheus-client \
    && if is_foreign "$TARGETARCH"; then install_packages qemu-user; fi
COPY tests tests/
RUN . exporter/packages.sh \
    && cmake --preset release $(toolchain_of "$TARGETARCH") -DEXPORTER_TESTS=ON -DCMAKE_COMPILE_WARNING_AS_ERROR=OFF \
    && cmake --build --preset release --target \
        test_base test_config test_datadog test_scan test_inventory test_state test_metrics test_http test_web test_demo test_app \
    && ctest --preset release --parallel 4 --tests-regex '^(base|config|datadog|scan|inventory|state|metrics|http|web|demo|app)\.[A-Z]'

# Leaves the Debian package in /packages, where exporter/packaging/release.sh takes it from.
FROM build AS deb
ARG TARGETARCH
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt,sharing=locked \
    . exporter/packages.sh \
    && install_packages $package_packages \
    && if is_foreign "$TARGETARCH"; then install_packages qemu-user; fi
COPY README.md SECURITY.md CHANGELOG.md ./
COPY dashboards dashboards/
COPY helm/datadog-token-exporter/files helm/datadog-token-exporter/files/
# A tool built with the program writes the manual page and completions. For another architecture it runs under qemu-user, which the
# first command finds.
RUN cmake --preset release \
    && cmake --build --preset release \
    && DEB_HOST_ARCH="${TARGETARCH:-$(dpkg --print-architecture)}" cpack -G DEB --config build/release/CPackConfig.cmake -B /packages

FROM scratch
ARG EXPORTER_REVISION=unknown
# The address of the source code, for the image's label: --build-arg EXPORTER_SOURCE=https://...
ARG EXPORTER_SOURCE=
LABEL org.opencontainers.image.title="datadog_token_exporter" \
      org.opencontainers.image.description="Prometheus exporter for Datadog access tokens" \
      org.opencontainers.image.source="${EXPORTER_SOURCE}" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${EXPORTER_REVISION}"
COPY --from=build /image/ /
# Numeric, so that Kubernetes can check runAsNonRoot without looking into the image.
USER 65532:65532
EXPOSE 10077
# The probe takes the exporter's address from the environment (DATADOG_TOKEN_EXPORTER_...).
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["/usr/bin/datadog_token_exporter", "--probe"]
ENTRYPOINT ["/usr/bin/datadog_token_exporter"]
