//! Schemas, URLs and servers of the user's own.

use crate::host::TestHost;
use crate::running::*;
use exactly_adapter::{Adapter, StartError, TrialNames};
use exactly_model::SystemPlace;
use exactly_postgres::Postgres;
use sqlx::{Connection, PgConnection};
use std::sync::Arc;
use std::time::Instant;

#[tokio::test]
async fn scopes_are_apart_and_their_errors_have_places() {
    let instance = start().await;
    let scope = open(&instance).await;
    let Err(error) = instance.open(NAMES, &setup("")).await else {
        panic!("the schema is there already");
    };
    assert!(error.to_string().contains("exists already"), "{error}");
    let names = TrialNames { run: 7, trial: 13 };
    let wrong = setup("create table a (b int);\n  create tabel c (d int);");
    for _ in 0..2 {
        let error = instance.open(names, &wrong).await.map(drop).unwrap_err();
        assert!(matches!(error, StartError::Config { .. }));
        assert!(
            error
                .to_string()
                .contains("at line 2, column 10: syntax error"),
            "{error}"
        );
    }
    let begun = Instant::now();
    instance.open(names, &setup(SETUP)).await.unwrap();
    println!("scope opened in {:?}", begun.elapsed());

    // libpq understands the URL too, where psql is installed.
    let url = url(&scope, address(&instance).1);
    let psql = tokio::process::Command::new("psql")
        .args([
            "-At",
            "-c",
            "show search_path",
            "-c",
            "show application_name",
            &url,
        ])
        .output()
        .await;
    match psql {
        Ok(output) => assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "exactly_r7_t12\nexactly-r7-t12\n",
            "{output:?}"
        ),
        Err(error) => println!("psql is not here: {error}"),
    }
    instance.stop().await;
}

#[tokio::test]
async fn a_server_of_the_users_own_is_reached_by_url() {
    let embedded = start().await;
    let (host, port) = address(&embedded);
    let spare = Arc::new(TestHost::new());
    let at = async |url: String| Postgres.start(&SystemPlace::At(url), spare.clone()).await;

    let url = format!("postgres://postgres:secret@{host}:{port}/postgres");
    let instance = at(url).await.expect("trust asks for no password");
    let place = instance.info("pg").place;
    assert_eq!(place, format!("at {host}:{port}/postgres"));
    assert_eq!(address(&instance), (host.clone(), port));
    let scope = open(&instance).await;
    let placeholders = scope.placeholders(&[("h".into(), 1)]);
    assert!(placeholders["url"].starts_with("postgres://postgres:secret@h:1/postgres?"));

    // One who may not create schemas.
    let mut admin = PgConnection::connect(&format!("postgres://postgres@{host}:{port}/postgres"))
        .await
        .unwrap();
    run(&mut admin, "create role reader login").await.unwrap();
    let error = at(format!("postgres://reader@{host}:{port}/postgres"))
        .await
        .map(drop)
        .unwrap_err();
    assert!(matches!(error, StartError::Config { .. }));
    assert!(
        error
            .to_string()
            .contains("grant create on database postgres to reader"),
        "{error}"
    );

    let error = at(format!("postgres://postgres:secret@{host}:{port}/missing"))
        .await
        .map(drop)
        .unwrap_err();
    assert!(error.to_string().contains("create the database"), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
    instance.stop().await;
    embedded.stop().await;
    let error = at(format!("postgres://postgres:secret@{host}:{port}/postgres"))
        .await
        .map(drop)
        .unwrap_err();
    assert!(matches!(error, StartError::Unreachable { .. }), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn a_local_place_is_refused_with_what_to_do() {
    for nodes in [1, 3] {
        let error = Postgres
            .start(&SystemPlace::Local { nodes }, Arc::new(TestHost::new()))
            .await
            .map(drop)
            .unwrap_err();
        assert!(matches!(error, StartError::Config { .. }), "{error}");
        for part in ["local", "yet", "embedded", "--postgres URL"] {
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
