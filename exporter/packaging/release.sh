#!/bin/sh
# Builds, tests and publishes a version: the image for all platforms with SBOMs and provenance, the chart with that image as its
# default, and the Debian packages.
#
#   exporter/packaging/release.sh [options] VERSION REGISTRY
#
#   VERSION     the version in CMakeLists.txt; HEAD must be tagged vVERSION, without uncommitted changes
#   REGISTRY    where to push, such as registry.example.com/team: the image as REGISTRY/datadog-token-exporter:VERSION, the chart as
#               REGISTRY/charts/datadog-token-exporter:VERSION
#
#   --output FOLDER      where to put chart, packages, SBOMs, provenance and SHA256SUMS (build/release-VERSION)
#   --platforms LIST     linux/amd64,linux/arm64
#   --base IMAGE         Debian image to build in; a reference with a digest is reproducible (debian:trixie-slim)
#   --packages FOLDER    Debian packages built elsewhere, instead of building them in --package-bases
#   --package-bases LIST Debian images to build packages in (debian:bookworm-slim,debian:trixie-slim)
#   --without-packages   publish no Debian packages
#   --without-tests      skip the unit tests in the image's build; recorded in the provenance
#   --trial              accept a tree that is not at the tag, or has changes; recorded in the provenance
#   --plain-http         use REGISTRY without TLS
#   --file FILE          the Dockerfile
#
# Optional environment variables: RELEASE_USER and RELEASE_PASSWORD for the registry; RELEASE_HOME and RELEASE_SOURCE (URLs),
# RELEASE_MAINTAINERS (one per line, Name <address>), RELEASE_BUILDER (URL of the builder).
#
# Needs buildah (as root, or with user namespaces), skopeo, git, python3 and Helm 4 (HELM, or the one from tests/helm/tools/get.sh).
# SBOM and provenance are OCI artifacts that refer to the image. In a registry without the referrers API, clients find them by the tag
# sha256-<digest> (OCI distribution specification 1.1); skopeo pushes that tag in any case. Nothing is signed.
set -eu

say() { printf '=== %s\n' "$1" >&2; }
fail() { echo "release.sh: $1" >&2; exit 1; }
usage() { echo "release.sh: $1 (usage: release.sh [options] VERSION REGISTRY; its first lines explain them)" >&2; exit 2; }

cd "$(dirname "$0")/../.."
here=exporter/packaging
name=datadog-token-exporter

output="" packages="" trial="" tests=yes with_packages=yes plain_http="" file=Dockerfile
platforms=linux/amd64,linux/arm64 base=debian:trixie-slim package_bases=debian:bookworm-slim,debian:trixie-slim
while [ $# -gt 0 ]; do
    case $1 in
        --output | --platforms | --base | --packages | --package-bases | --file)
            [ $# -ge 2 ] || usage "$1 needs a value"
            case $1 in
                --output) output=$2 ;;
                --platforms) platforms=$2 ;;
                --base) base=$2 ;;
                --packages) packages=$2 ;;
                --package-bases) package_bases=$2 ;;
                --file) file=$2 ;;
            esac
            shift 2 ;;
        --without-packages) with_packages=""; shift ;;
        --without-tests) tests=no; shift ;;
        --trial) trial=yes; shift ;;
        --plain-http) plain_http=yes; shift ;;
        -*) usage "unknown option $1" ;;
        *) break ;;
    esac
done
[ $# -eq 2 ] || usage "$# arguments instead of VERSION and REGISTRY"
version=$1
registry=${2%/}

# Checks before anything is built.
known=$(sed -n 's/^ *project(datadog_token_exporter VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
[ "$version" = "$known" ] || fail "version $version: CMakeLists.txt has $known"
case $registry in
    *://* | "" | *[!A-Za-z0-9._:/-]*) fail "registry $registry: not like registry.example.com/team" ;;
esac
for platform in $(echo "$platforms" | tr , ' '); do
    case $platform in
        linux/amd64 | linux/arm64) ;;
        *) fail "platform $platform: not linux/amd64 or linux/arm64" ;;
    esac
done
revision=$(git rev-parse HEAD) || fail "not a git repository, so there is no revision to name"
changes=""
[ -z "$(git status --porcelain)" ] || changes=" with changes that are not committed"
if [ -z "$trial" ]; then
    [ -z "$changes" ] || fail "there are changes that are not committed (git status); --trial publishes them nevertheless"
    git tag --points-at HEAD | grep -qxF "v$version" || fail "HEAD is not the tag v$version; --trial publishes it nevertheless"
fi
if [ "$with_packages" ] && [ "$packages" ]; then
    [ "$(find "$packages" -name "${name}_${version}-*.deb" | head -n 1)" ] || fail "$packages: no packages ${name}_${version}-*.deb"
elif [ "$with_packages" ]; then
    grep -q '^FROM .* AS deb$' "$file" || fail "$file has no stage deb, which builds packages: --packages FOLDER takes those from elsewhere, --without-packages leaves them out"
fi
[ "$tests" = no ] || grep -q '^FROM .* AS test$' "$file" || fail "$file has no stage test: --without-tests publishes what was not tested"
helm=${HELM:-build/tools/helm4}
for tool in buildah skopeo python3 "$helm"; do
    command -v "$tool" >/dev/null || fail "$tool is missing"
done

output=${output:-build/release-$version}
mkdir -p "$output"
[ -z "$(ls -A "$output")" ] || fail "$output is not empty"
output=$(cd "$output" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
export REGISTRY_AUTH_FILE="$work/auth.json" HELM_REGISTRY_CONFIG="$work/auth.json"
echo '{}' >"$work/auth.json"
tls="" helm_http=""
if [ "$plain_http" ]; then
    tls=--dest-tls-verify=false
    helm_http=--plain-http
fi
if [ "${RELEASE_PASSWORD:-}" ]; then
    # Through skopeo, so that both tools find the login in the same file and format.
    printf '%s' "$RELEASE_PASSWORD" | skopeo login ${plain_http:+--tls-verify=false} --username "${RELEASE_USER:?RELEASE_USER is not set}" \
        --password-stdin "${registry%%/*}" >&2
fi

# Debian 12's buildah does not set BUILDPLATFORM for FROM.
build_platform=linux/$(buildah info --format '{{.host.arch}}')

# build PLATFORM TAG [options...]: builds a stage or the image, reusing unchanged layers.
build() {
    platform=$1
    tag=$2
    shift 2
    nice -n 10 buildah bud --layers --isolation="${BUILDAH_ISOLATION:-chroot}" --network=host --format=docker --timestamp="$epoch" --file "$file" \
        --platform "$platform" --build-arg BUILDPLATFORM="$build_platform" --build-arg SOURCE_DATE_EPOCH="$epoch" --build-arg EXPORTER_REVISION="$revision" \
        --build-arg EXPORTER_SOURCE="${RELEASE_SOURCE:-}" "$@" --tag "$tag" . >"$work/build.log" 2>&1 ||
        { tail -n 40 "$work/build.log" >&2; fail "the build of $tag for $platform"; }
}

local=localhost/$name-release
list=$local:$version
buildah manifest rm "$list" >/dev/null 2>&1 || true
buildah manifest create "$list" >/dev/null
for platform in $(echo "$platforms" | tr , ' '); do
    tag=$local:$version-${platform#linux/}
    if [ "$tests" = yes ]; then
        say "Unit tests for $platform"
        build "$platform" "$tag-test" --target test --build-arg BASE="$base"
    fi
    say "Image for $platform"
    build "$platform" "$tag" --build-arg BASE="$base"
    # buildah may reuse the layers of another platform if the files are the same.
    [ "$(buildah inspect --type image --format '{{.OCIv1.Architecture}}' "$tag")" = "${platform#linux/}" ] || fail "$tag is not for $platform"
    buildah manifest add --arch "${platform#linux/}" --os linux "$list" "$tag" >/dev/null
done
buildah manifest push --quiet --all --format v2s2 "$list" "dir:$work/image" >/dev/null
digest=$(python3 $here/release.py digest "$work/image")
base_digest=$(skopeo inspect --format '{{.Digest}}' "containers-storage:$base" 2>/dev/null) || base_digest=""

if [ "$with_packages" ] && [ "$packages" ]; then
    find "$packages" -name "${name}_${version}-*.deb" -exec cp {} "$output/" \;
elif [ "$with_packages" ]; then
    for debian in $(echo "$package_bases" | tr , ' '); do
        for platform in $(echo "$platforms" | tr , ' '); do
            say "Debian package for $platform in $debian"
            build "$platform" "$local-deb" --target deb --build-arg BASE="$debian"
            container=$(buildah from --pull-never "$local-deb")
            find "$(buildah mount "$container")/packages" -name '*.deb' -exec cp {} "$output/" \;
            buildah rm "$container" >/dev/null
        done
    done
    ls "$output"/*.deb >/dev/null 2>&1 || fail "the stage deb left no packages in /packages"
fi

say "What the image is made of, and where it comes from"
for platform in $(echo "$platforms" | tr , ' '); do
    python3 $here/release.py sbom "$work/image" "$platform" --name $name --version "$version" --epoch "$epoch" \
        --output "$output/$name-$version-${platform#linux/}.spdx.json"
done
python3 $here/release.py provenance "$work/image" --reference "$registry/$name" --version "$version" --platforms "$platforms" --base "$base" \
    --base-digest "$base_digest" --revision "$revision" --source "${RELEASE_SOURCE:-}" --builder "${RELEASE_BUILDER:-}" --tests "$tests" \
    --argument "changes=${changes:-no}" --argument "tag=$(git tag --points-at HEAD | grep -xF "v$version" || echo none)" \
    --argument "SOURCE_DATE_EPOCH=$epoch" --argument "EXPORTER_REVISION=$revision" --argument "EXPORTER_SOURCE=${RELEASE_SOURCE:-}" \
    --started "$started" --finished "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --output "$output/$name-$version.provenance.json"

say "Image"
skopeo copy --quiet --all --preserve-digests $tls "dir:$work/image" "docker://$registry/$name:$version"
# attach DIGEST FILE...: pushes the files as artifacts of the digest, under its tag.
attach() {
    subject=$1
    shift
    rm -rf "$work/artifacts"
    python3 $here/release.py attach "$work/image" "$subject" "$work/artifacts" "$@"
    # Debian 12's skopeo drops artifactType from the index; the artifacts themselves are pushed unchanged.
    skopeo copy --quiet --all $tls "oci:$work/artifacts:referrers" "docker://$registry/$name:$(echo "$subject" | tr : -)"
}
for platform in $(echo "$platforms" | tr , ' '); do
    attach "$(python3 $here/release.py digest "$work/image" "$platform")" "$output/$name-$version-${platform#linux/}.spdx.json"
done
attach "$digest" "$output/$name-$version.provenance.json" "$output"/*.spdx.json

say "Chart"
set -- --home "${RELEASE_HOME:-}" --source "${RELEASE_SOURCE:-}"
while read -r maintainer; do
    [ -z "$maintainer" ] || set -- "$@" --maintainer "$maintainer"
done <<END
${RELEASE_MAINTAINERS:-}
END
python3 $here/release.py chart helm/$name "$work/$name" --repository "$registry/$name" --digest "$digest" "$@"
"$helm" lint --quiet --strict --set demo.enabled=true "$work/$name" >&2
"$helm" package "$work/$name" --destination "$output" >/dev/null
"$helm" push $helm_http "$output/$name-$version.tgz" "oci://$registry/charts" >"$work/push.log" 2>&1 || { cat "$work/push.log" >&2; fail "the chart's push"; }

(cd "$output" && find . -name "$name*" -printf '%P\n' | sort | xargs -d '\n' sha256sum >"$work/sums" && cp "$work/sums" SHA256SUMS)
buildah rmi "$list" >/dev/null 2>&1 || true
say "Published"
echo "image $registry/$name:$version@$digest"
echo "chart oci://$registry/charts/$name:$version@$(sed -n 's/^Digest: //p' "$work/push.log")"
echo "files $output"
