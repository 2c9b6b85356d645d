//! Servers of the user's own, and what is wrong with some.

use crate::running::*;
use exactly_adapter::testing::TestHost;
use exactly_adapter::{Adapter, Instance, Lack, StartError};
use exactly_model::{Need, Outcome, SystemPlace};
use exactly_redis::RedisSystem;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub async fn at(url: &str) -> Result<Arc<dyn Instance>, StartError> {
    let place = SystemPlace::At(url.into());
    let started = RedisSystem.start(&place, Arc::new(host())).await;
    if let Err(error) = &started {
        let said = format!("{error} {error:?}");
        assert!(!said.contains("s3cret"), "{said}");
    }
    started
}

pub async fn refused(url: &str) -> StartError {
    match at(url).await {
        Ok(_) => panic!("{url} was taken"),
        Err(error) => error,
    }
}

pub fn says(error: &StartError, parts: &[&str]) {
    let said = error.to_string();
    for part in parts {
        assert!(said.contains(part), "{part:?} in {said}");
    }
}

#[tokio::test]
async fn a_server_of_the_users_is_used_as_its_user() {
    let Some(running) = local().await else { return };
    let mut admin = running.client().await;
    let all = [
        "ACL",
        "SETUSER",
        "ann",
        "on",
        ">s3cret@1",
        "+@all",
        "~x*",
        "&x*",
    ];
    let _: () = admin.run(&all).await;
    let address = format!("127.0.0.1:{}", running.port());
    let instance = at(&format!("redis://ann:s3cret%401@{address}/2"))
        .await
        .unwrap();
    let info = instance.info("r");
    assert_eq!(info.place, format!("at redis://{address}/2"));
    assert!(
        info.version.starts_with("Redis ") && !info.emulated,
        "{info:?}"
    );
    assert_eq!(instance.endpoint(), format!("redis://{address}/2"));
    assert!(instance.control().is_none(), "it is nobody's to break");
    assert!(matches!(
        instance.lacks(Need::Horizon),
        Some(Lack::NotHosted(_))
    ));
    assert_eq!(instance.lacks(Need::Leases), None);
    let scope = open(&instance).await;
    assert_eq!(
        outcomes(&feed(&scope, "orders", 0..2).await),
        [Outcome::Ok; 2]
    );
    assert_eq!(observe(&scope, "orders").await.len(), 2);
    scope
        .observing()
        .unwrap()
        .watch(&observer("news"))
        .await
        .unwrap();
    feed(&scope, "news", 2..3).await;
    // The pipeline authenticates itself, and comes into the same database.
    let url = scope.placeholders(&[("127.0.0.1".into(), running.port())])["url"].clone();
    assert_eq!(url, format!("redis://ann:s3cret%401@{address}/2"));
    let mut user = User::connect(&url).await;
    let length: u64 = user.run(&["XLEN", &name(&scope, "stream.orders")]).await;
    assert_eq!(length, 2);
    scope.close().await;
    let left: u64 = user.run(&["DBSIZE"]).await;
    assert_eq!(left, 0);
    instance.stop().await;
    let _: String = admin.run(&["PING"]).await;
    running.instance.stop().await;
}

#[tokio::test]
async fn what_a_user_may_not_is_said_with_what_to_do() {
    let Some(running) = local().await else { return };
    let mut admin = running.client().await;
    let address = format!("127.0.0.1:{}", running.port());
    let _: () = admin
        .run(&[
            "ACL", "SETUSER", "ann", "on", ">s3cret", "+@all", "~*", "&*",
        ])
        .await;
    let _: () = admin
        .run(&[
            "ACL", "SETUSER", "bob", "on", ">s3cret", "+ping", "~*", "&*",
        ])
        .await;
    let narrow = [
        "ACL", "SETUSER", "eve", "on", ">s3cret", "+@all", "-xgroup", "~*", "&*",
    ];
    let _: () = admin.run(&narrow).await;
    let error = refused(&format!("redis://ann:wrong-s3cret@{address}")).await;
    says(
        &error,
        &[
            "WRONGPASS",
            "check user and password",
            &format!("redis://{address}/0"),
        ],
    );
    let error = refused(&format!("redis://bob:s3cret@{address}")).await;
    says(&error, &["NOPERM", "'info'", "ACL SETUSER"]);
    let eve = at(&format!("redis://eve:s3cret@{address}")).await.unwrap();
    let error = eve.open(NAMES, &setup()).await.map(drop).unwrap_err();
    assert!(matches!(error, StartError::Config { .. }), "{error}");
    says(&error, &["NOPERM", "xgroup", "ACL SETUSER"]);
    let error = refused(&format!("redis://ann:s3cret@{address}/999")).await;
    says(&error, &["out of range", "database"]);

    // Two runs at one server have names of their own; within one they are taken once.
    let url = format!("redis://ann:s3cret@{address}");
    let (one, other) = (at(&url).await.unwrap(), at(&url).await.unwrap());
    open(&one).await;
    open(&other).await;
    let error = one.open(NAMES, &setup()).await.map(drop).unwrap_err();
    says(&error, &["BUSYGROUP", "there already"]);

    // From now on nobody gets in without saying who.
    let _: () = admin.run(&["CONFIG", "SET", "requirepass", "s3cret"]).await;
    let error = refused(&format!("redis://{address}")).await;
    says(&error, &["NOAUTH", "USER:PASSWORD"]);
    assert!(at(&format!("redis://:s3cret@{address}")).await.is_ok());
    running.instance.stop().await;
}

#[tokio::test]
async fn what_is_no_redis_is_said_to_be_none() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let error = refused(&format!("redis://:s3cret@{address}")).await;
    assert!(matches!(error, StartError::Unreachable { .. }), "{error}");
    says(&error, &["refused", "see whether it is up"]);

    let pong = || "+PONG\r\n".to_string();
    let none_of_it = || vec!["see whether it is a Redis", "rediss://"];
    for (answers, parts) in [
        (
            vec!["HTTP/1.1 400 Bad Request\r\n\r\n".into()],
            none_of_it(),
        ),
        // One that hangs up.
        (Vec::new(), none_of_it()),
        (
            vec!["+HELLO\r\n".into()],
            vec!["HELLO", "see whether it is a Redis"],
        ),
        (
            vec![pong(), bulk("hi"), bulk("hi")],
            vec!["names no version"],
        ),
        (
            vec![pong(), bulk("redis_version:6.0.16\r\n"), bulk("")],
            vec!["is Redis 6.0.16", "6.2 is the oldest"],
        ),
        (
            vec![
                pong(),
                bulk("redis_version:7.0.15\r\n"),
                bulk("cluster_enabled:1\r\n"),
            ],
            vec!["cluster_enabled:1", "not supported"],
        ),
        (
            vec![
                "-LOADING Redis is loading\r\n".into(),
                pong(),
                "-ERR no\r\n".into(),
            ],
            vec!["ERR no"],
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(scripted(stream, answers.clone()));
            }
        });
        says(&refused(&format!("redis://{address}")).await, &parts);
        serving.abort();
    }
}

fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

/// Gives one answer for each command that comes, whatever it is, and hangs up then.
async fn scripted(mut stream: TcpStream, answers: Vec<String>) {
    let mut command = [0; 1024];
    for answer in answers {
        if stream.read(&mut command).await.unwrap_or(0) == 0 {
            return;
        }
        let _ = stream.write_all(answer.as_bytes()).await;
    }
    let _ = stream.read(&mut command).await;
}

#[tokio::test]
async fn a_server_that_is_silent_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let begun = Instant::now();
    let error = refused(&format!("redis://{address}")).await;
    says(&error, &["no answer within"]);
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_local_server_that_cannot_be_is_said_with_what_to_do() {
    let start = async |nodes, host: TestHost| {
        let place = SystemPlace::Local { nodes };
        RedisSystem
            .start(&place, Arc::new(host))
            .await
            .map(drop)
            .unwrap_err()
    };
    let error = start(3, host()).await;
    assert!(matches!(error, StartError::Config { .. }), "{error}");
    says(&error, &["3 nodes", "leave out the number"]);
    let missing = || host().with_setting("REDIS_SERVER", "/nowhere/redis-server");
    let error = start(1, missing()).await;
    says(
        &error,
        &[
            "/nowhere/redis-server",
            "apt-get install redis-server",
            "REDIS_SERVER",
        ],
    );
    let place = SystemPlace::Local { nodes: 1 };
    let error = RedisSystem
        .at_hand(&place, Arc::new(missing()))
        .await
        .unwrap_err();
    says(&error, &["apt-get install redis-server"]);
    let Some(running) = local().await else { return };
    let here = RedisSystem.at_hand(&place, Arc::new(host())).await.unwrap();
    assert_eq!(here, Some(running.instance.info("r").version));
    let elsewhere = SystemPlace::At("redis://h".into());
    let error = RedisSystem
        .at_hand(&elsewhere, running.host.clone())
        .await
        .unwrap_err();
    says(&error, &["nothing is installed"]);
    running.instance.stop().await;
}
