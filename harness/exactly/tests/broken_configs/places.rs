//! Where systems run.

use crate::support::{Row, row};

const OF_KAFKA: &str = "kind = \"kafka\"";
const OF_POSTGRES: &str = "kind = \"postgres\"";

pub fn rows() -> Vec<Row> {
    vec![
        row(
            "a place that is misspelt",
            (OF_KAFKA, "kind = \"kafka\"\nplace = \"embeded\""),
            "embeded",
            "systems.k.place",
            &["\"embeded\" is no place", "\"embedded\""],
        ),
        row(
            "a place that is not there yet",
            (OF_KAFKA, "kind = \"kafka\"\nplace = \"docker\""),
            "docker",
            "systems.k.place",
            &["is no place", "{ at = \"ADDRESS\" }"],
        ),
        row(
            "no nodes",
            (OF_KAFKA, "kind = \"kafka\"\nplace = \"local:0\""),
            "local:0",
            "systems.k.place",
            &["1 to 5 nodes"],
        ),
        row(
            "too many nodes",
            (OF_KAFKA, "kind = \"kafka\"\nplace = \"local:50\""),
            "local:50",
            "systems.k.place",
            &["1 to 5 nodes"],
        ),
        row(
            "nodes of an emulator",
            (OF_KAFKA, "kind = \"kafka\"\nplace = \"embedded:3\""),
            "embedded:3",
            "systems.k.place",
            &["is no place"],
        ),
        row(
            "a place that is a number",
            (OF_KAFKA, "kind = \"kafka\"\nplace = 9092"),
            "9092",
            "systems.k.place",
            &["9092", "\"embedded\""],
        ),
        row(
            "a place by an unknown key",
            (OF_KAFKA, "kind = \"kafka\"\nplace = { url = \"h:9092\" }"),
            "h:9092",
            "systems.k.place.url",
            &["unknown key", "`at`"],
        ),
        row(
            "a place twice",
            (
                OF_KAFKA,
                "kind = \"kafka\"\nplace = { at = \"h:9092\", env = \"K\" }",
            ),
            "h:9092",
            "systems.k.place",
            &["a place has one key"],
        ),
        row(
            "a place without anything",
            (OF_KAFKA, "kind = \"kafka\"\nplace = {}"),
            "place = {}",
            "systems.k.place",
            &["a place has one key"],
        ),
        row(
            "a broker without a port",
            (OF_KAFKA, "kind = \"kafka\"\nplace = { at = \"broker\" }"),
            "\"broker\"",
            "systems.k.place",
            &["is no address of Kafka", "host:port"],
        ),
        row(
            "a broker with a port that is none",
            (
                OF_KAFKA,
                "kind = \"kafka\"\nplace = { at = \"broker:99999\" }",
            ),
            "99999",
            "systems.k.place",
            &["is no address of Kafka"],
        ),
        row(
            "a second broker without a port",
            (OF_KAFKA, "kind = \"kafka\"\nplace = { at = \"a:9092,b\" }"),
            "a:9092",
            "systems.k.place",
            &["is no address of Kafka"],
        ),
        row(
            "a broker by URL",
            (
                OF_KAFKA,
                "kind = \"kafka\"\nplace = { at = \"kafka://broker:9092\" }",
            ),
            "kafka://",
            "systems.k.place",
            &["is no address of Kafka"],
        ),
        row(
            "a database that is another one",
            (
                OF_POSTGRES,
                "kind = \"postgres\"\nplace = { at = \"mysql://u@h/d\" }",
            ),
            "mysql",
            "systems.pg.place",
            &["is no URL of PostgreSQL", "postgres://"],
        ),
        row(
            "a database by host and port",
            (
                OF_POSTGRES,
                "kind = \"postgres\"\nplace = { at = \"h:5432\" }",
            ),
            "h:5432",
            "systems.pg.place",
            &["is no URL of PostgreSQL"],
        ),
        row(
            "a database by URL without a host",
            (
                OF_POSTGRES,
                "kind = \"postgres\"\nplace = { at = \"postgres://\" }",
            ),
            "postgres://",
            "systems.pg.place",
            &["is no URL of PostgreSQL"],
        ),
        row(
            "a variable that is not set",
            (
                OF_POSTGRES,
                "kind = \"postgres\"\nplace = { env = \"NOT_SET\" }",
            ),
            "NOT_SET",
            "systems.pg.place.env",
            &["the environment has no \"NOT_SET\"", "set it"],
        ),
        row(
            "a variable that is empty",
            (
                OF_POSTGRES,
                "kind = \"postgres\"\nplace = { env = \"EMPTY\" }",
            ),
            "EMPTY",
            "systems.pg.place.env",
            &["the environment has no \"EMPTY\""],
        ),
        row(
            "a variable that holds no address",
            (
                OF_KAFKA,
                "kind = \"kafka\"\nplace = { env = \"BAD_KAFKA\" }",
            ),
            "BAD_KAFKA",
            "systems.k.place.env",
            &["is no address of Kafka"],
        ),
    ]
}
