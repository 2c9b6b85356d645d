#!/usr/bin/env bash
# Gets what the examples are written with, into the examples' own folders:
# libraries pinned by each language's own manifest. Without arguments for every
# language whose tools are here; `examples/install.sh python go` for some.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

has() { command -v "$1" >/dev/null; }

install_python() {
    [[ -x python-orders/.venv/bin/python3 ]] || python3 -m venv python-orders/.venv
    python-orders/.venv/bin/pip install -q --disable-pip-version-check -r python-orders/requirements.txt
}

install_node() {
    local name
    for name in node-orders node-sqs-http; do
        (cd "$name" && npm ci --silent --no-audit --no-fund)
    done
}

install_java() {
    local name
    for name in java-orders java-transfers java-kafka-smtp; do
        mvn -B -q -f "$name/pom.xml" compile
    done
}

install_go() {
    local variant
    for variant in wrong right; do
        (cd "go-orders/$variant" && go build -o worker .)
    done
}

all=()
if has python3; then all+=(python); fi
if has npm; then all+=(node); fi
if has mvn && has javac; then all+=(java); fi
if has go; then all+=(go); fi
if (($#)); then all=("$@"); fi
for language in "${all[@]}"; do
    echo "examples: $language"
    "install_$language"
done
