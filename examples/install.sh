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
    share_classes java-orders orders.Worker
    share_classes java-transfers transfers.Worker
    share_classes java-kafka-smtp confirmations.Worker
}

# A JVM that is handed the classes of its libraries ready to use starts in little more than
# half the time, and a check starts hundreds. Which ones, a run that reaches nothing shows.
share_classes() {
    local nobody=127.0.0.1:1 variant
    for variant in wrong right; do
        (
            cd "$1/$variant"
            BROKERS=$nobody TOPIC=t OUT=o GROUP=g SESSION_TIMEOUT_MS=6000 TRANSACTIONAL_ID=t \
                DATABASE_URL="jdbc:postgresql://$nobody/d" SMTP_HOST=127.0.0.1 SMTP_PORT=1 \
                timeout 10 java -XX:DumpLoadedClassList=target/libraries.lst \
                -cp 'target/lib/*:target/classes' "$2" >target/libraries.log 2>&1 || true
            java -Xshare:dump -XX:SharedClassListFile=target/libraries.lst \
                -XX:SharedArchiveFile=target/libraries.jsa -cp 'target/lib/*' >>target/libraries.log 2>&1 || true
        )
        [[ -e $1/$variant/target/libraries.jsa ]] || echo "examples: $1/$variant starts slowly (see target/libraries.log)"
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
