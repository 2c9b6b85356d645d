//! Schemas, URLs and servers of the user's own.

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
    let spare = Arc::new(test_host());
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
async fn an_installed_server_is_one_node_and_found_or_its_error_says_how_to_get_it() {
    let spare = Arc::new(test_host());
    let three = SystemPlace::Local { nodes: 3 };
    let refused = [
        Postgres.start(&three, spare.clone()).await.map(drop),
        Postgres.at_hand(&three, spare).await.map(drop),
    ];
    for error in refused {
        let error = error.unwrap_err();
        assert!(matches!(error, StartError::Config { .. }), "{error}");
        for part in ["one PostgreSQL, not 3", "write local", "--postgres URL"] {
            assert!(error.to_string().contains(part), "{error}");
        }
    }
    let nowhere = Arc::new(test_host().with_setting("POSTGRES_HOME", "/nowhere"));
    let one = SystemPlace::Local { nodes: 1 };
    let missing = [
        Postgres.start(&one, nowhere.clone()).await.map(drop),
        Postgres.at_hand(&one, nowhere.clone()).await.map(drop),
    ];
    for error in missing {
        let error = error.unwrap_err();
        assert!(matches!(error, StartError::NotStarted { .. }), "{error}");
        for part in ["/nowhere/bin/postgres", "POSTGRES_HOME is set", "install"] {
            assert!(error.to_string().contains(part), "{error}");
        }
    }

    let Some(running) = start_local().await else {
        return;
    };
    let info = running.info("pg");
    assert_eq!((info.place.as_str(), info.emulated), ("local", false));
    // It writes to the disk, or its version would say so.
    let at_hand = Postgres.at_hand(&one, running.host.clone()).await.unwrap();
    assert_eq!(Some(info.version), at_hand);
    running.stop().await;
}
