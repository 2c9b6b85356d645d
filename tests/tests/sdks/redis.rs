//! Against `exactly up redis`: keys that expire, channels and patterns with the number of
//! receivers, streams with a group.

use crate::{Sdk, node, rounds};
use std::process::Command;

const REDIS_PY: Sdk = Sdk {
    name: "redis-py",
    manifest: Some("redis-py/requirements.txt"),
    round: |folder| {
        let mut command = Command::new(folder.join("bin/python3"));
        command.arg(rounds().join("redis-py/round.py"));
        command
    },
};

const GO_REDIS: Sdk = Sdk {
    name: "go-redis",
    manifest: Some("go-redis/go.sum"),
    round: |_| {
        let mut command = Command::new("go");
        command
            .args(["run", "."])
            .current_dir(rounds().join("go-redis"));
        command
    },
};

const IOREDIS: Sdk = Sdk {
    name: "ioredis",
    manifest: Some("ioredis/package-lock.json"),
    round: |folder| node(folder, "ioredis/round.js"),
};

fn goes_round(sdk: &Sdk) {
    let round = sdk.goes_round("redis", |command, up, _| {
        command.arg(up.address("redis"));
    });
    if let Some(round) = round {
        let said = round.said;
        assert_eq!(said.lines().last(), Some("ok"), "{}: {said}", sdk.name);
    }
}

#[test]
fn redis_py_goes_round() {
    goes_round(&REDIS_PY);
}

#[test]
fn go_redis_goes_round() {
    goes_round(&GO_REDIS);
}

#[test]
fn ioredis_goes_round() {
    goes_round(&IOREDIS);
}
