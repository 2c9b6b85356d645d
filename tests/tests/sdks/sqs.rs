//! Against `exactly up sqs`.

use crate::{Sdk, java, node, rounds};
use std::process::Command;

const BOTO3: Sdk = Sdk {
    name: "boto3",
    manifest: Some("python/requirements.txt"),
    round: |folder| {
        let mut command = Command::new(folder.join("bin/python3"));
        command.arg(rounds().join("python/round.py"));
        command
    },
};

const NODE: Sdk = Sdk {
    name: "node",
    manifest: Some("node/package-lock.json"),
    round: |folder| node(folder, "node/round.js"),
};

const JAVA: Sdk = Sdk {
    name: "java",
    manifest: Some("java/pom.xml"),
    round: |folder| java(folder, "java/Round.java"),
};

fn goes_round(sdk: &Sdk) {
    let round = sdk.goes_round("sqs", |command, up, _| {
        command
            .env("AWS_ENDPOINT_URL_SQS", up.address("sqs"))
            .env("AWS_REGION", "us-east-1")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "any")
            .env("AWS_SECRET_ACCESS_KEY", "any")
            // Nothing of the user's own decides where requests go, and how often.
            .env("AWS_CONFIG_FILE", "/nonexistent")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_MAX_ATTEMPTS", "1")
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN");
    });
    if let Some(round) = round {
        let said = round.said;
        assert!(said.contains("sdk round done"), "{}: {said}", sdk.name);
    }
}

#[test]
fn boto3_goes_round() {
    goes_round(&BOTO3);
}

#[test]
fn the_sdk_for_javascript_goes_round() {
    goes_round(&NODE);
}

#[test]
fn the_sdk_for_java_goes_round() {
    goes_round(&JAVA);
}
