# SPDX-License-Identifier: Apache-2.0
# Sourced by ./run and ./test. What a fresh Debian 12 needs, and the installing of what is missing.
#
#   need_packages build        to build and run the program
#   need_packages build test   … and to test it
#
# NO_INSTALL=1 installs nothing: what is missing is then named and the script ends with status 3.

packages_build=(g++ cmake ninja-build libboost-dev libexpected-dev libfmt-dev libtomlplusplus-dev libcli11-dev
  libssl-dev nlohmann-json3-dev zlib1g-dev libsqlite3-dev libzstd-dev libjemalloc-dev nodejs npm)
packages_test=(libgtest-dev libgmock-dev libbenchmark-dev clang-16 libclang-rt-16-dev
  clang-format-14 clang-tidy-14 chromium python3 curl pkg-config libmodbus-dev mbpoll
  iproute2)

# A command that does the job, whichever package it came from, counts as installed.
is_installed() {
  case $1 in
    g++ | cmake | npm | chromium | python3) command -v "$1" > /dev/null && return ;;
    nodejs) command -v node > /dev/null && return ;;
    ninja-build) command -v ninja > /dev/null && return ;;
  esac
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null)" = installed ]
}

need_packages() {
  local set package missing=()
  for set in "$@"; do
    local -n list=packages_$set
    for package in "${list[@]}"; do
      is_installed "$package" || missing+=("$package")
    done
  done
  [ ${#missing[@]} -eq 0 ] && return
  if [ "${NO_INSTALL:-}" = 1 ]; then
    echo "Missing packages: ${missing[*]}" >&2
    echo "NO_INSTALL=1 is set; install them with: sudo apt-get install ${missing[*]}" >&2
    exit 3
  fi
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo > /dev/null; then
      echo "Missing packages: ${missing[*]}" >&2
      echo "Installing needs root or sudo. As root: apt-get install ${missing[*]}" >&2
      exit 3
    fi
    as_root=(sudo)
  fi
  echo "Installing: ${missing[*]}" >&2
  "${as_root[@]}" apt-get update -qq &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null || {
    echo "apt-get could not install: ${missing[*]}" >&2
    exit 3
  }
}
