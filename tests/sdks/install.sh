#!/usr/bin/env bash
# Gets the SDKs that the SDK rounds (tests/tests/sdks) run with, pinned by the
# manifests beside this file, into the user's cache. Without arguments every one
# whose tools are here; `tests/sdks/install.sh boto3 java` for some. What is there
# in the version that the manifest asks for is left alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

cache="${XDG_CACHE_HOME:-$HOME/.cache}/exactly-ci/sdks"

has() { command -v "$1" >/dev/null; }

install_boto3() {
    python3 -m venv "$1"
    "$1/bin/pip" install -q --disable-pip-version-check -r python/requirements.txt
}

install_node() {
    cp node/package.json node/package-lock.json "$1"
    (cd "$1" && npm ci --silent --no-audit --no-fund)
}

install_java() {
    mvn -B -q -f java/pom.xml org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$1/libs"
}

install_redis-py() {
    python3 -m venv "$1"
    "$1/bin/pip" install -q --disable-pip-version-check -r redis-py/requirements.txt
}

install_ioredis() {
    cp ioredis/package.json ioredis/package-lock.json "$1"
    (cd "$1" && npm ci --silent --no-audit --no-fund)
}

# Go keeps modules and what it has compiled by itself; the round is run from its source.
install_go-redis() {
    (cd go-redis && go build -o /dev/null .)
}

install_nodemailer() {
    cp nodemailer/package.json nodemailer/package-lock.json "$1"
    (cd "$1" && npm ci --silent --no-audit --no-fund)
}

install_jakarta-mail() {
    mvn -B -q -f jakarta-mail/pom.xml org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$1/libs"
}

# smtplib comes with Python: nothing is installed for its round.
declare -A manifests=(
    [boto3]=python/requirements.txt
    [node]=node/package-lock.json
    [java]=java/pom.xml
    [redis-py]=redis-py/requirements.txt
    [go-redis]=go-redis/go.sum
    [ioredis]=ioredis/package-lock.json
    [nodemailer]=nodemailer/package-lock.json
    [jakarta-mail]=jakarta-mail/pom.xml
)

# The copy of the manifest is written last: it says that all of it is there.
install() {
    local manifest="${manifests[$1]}" folder="$cache/$1"
    if cmp -s "$manifest" "$folder/installed"; then
        return
    fi
    rm -rf "$folder"
    mkdir -p "$folder"
    "install_$1" "$folder"
    cp "$manifest" "$folder/installed"
}

all=()
if has python3; then all+=(boto3 redis-py); fi
if has npm; then all+=(node ioredis nodemailer); fi
if has mvn && has javac; then all+=(java jakarta-mail); fi
if has go; then all+=(go-redis); fi
if (($#)); then all=("$@"); fi
for sdk in "${all[@]}"; do
    echo "sdks: $sdk"
    install "$sdk"
done
