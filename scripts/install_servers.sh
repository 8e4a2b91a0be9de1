#!/usr/bin/env bash
# Install what the tests of the station talk to: an archive, DICOM tools and a browser, from Debian's packages.
# The tests skip in words what is not there.
set -euo pipefail

say() { echo "install_servers: $*" >&2; }

if ! command -v apt-get >/dev/null; then
    say "this system has no apt-get; install Orthanc with its DICOMweb plug-in, DCMTK, dicom3tools and Chromium by hand"
    exit 1
fi
run=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
        say "this needs root, or sudo without a password; run it as root"
        exit 1
    fi
    run=(sudo -n)
fi
# Debian's Orthanc may start as a service, on 4242 and 8042. The tests start their own, on other ports.
export DEBIAN_FRONTEND=noninteractive
install() { "${run[@]}" apt-get install -y --no-install-recommends "$@" >/dev/null; }

"${run[@]}" apt-get update >/dev/null || say "the list of packages could not be brought up to date; going on with the old one"
failed=0
for package in dcmtk dicom3tools orthanc orthanc-dicomweb chromium; do
    if dpkg -s "$package" >/dev/null 2>&1; then
        continue
    fi
    install "$package" || { say "$package could not be installed; its tests will be skipped"; failed=1; }
done
exit "$failed"
