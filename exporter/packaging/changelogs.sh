#!/bin/sh
# changelogs.sh <CHANGELOG.md> <folder>: writes the package's two changelogs, the program's and the packaging's.
# EXPORTER_PACKAGE: the package's version. EXPORTER_MAINTAINER: its maintainer. SOURCE_DATE_EPOCH: its date (default: the current time).
set -eu
mkdir -p "$2"
gzip -9nc "$1" >"$2/changelog.gz"
gzip -9nc >"$2/changelog.Debian.gz" <<END
datadog-token-exporter ($EXPORTER_PACKAGE) unstable; urgency=medium

  * Packaged by CPack from the sources of this version. What has changed in
    the program: changelog.gz.

 -- $EXPORTER_MAINTAINER  $(LC_ALL=C date --utc --date="@${SOURCE_DATE_EPOCH:-$(date +%s)}" '+%a, %d %b %Y %H:%M:%S +0000')
END
