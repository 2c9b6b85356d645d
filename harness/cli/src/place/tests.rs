use super::*;
use crate::args::ServiceArgs;

fn read(on: &[&str], kafka: Option<&str>, postgres: Option<&str>) -> Result<Places, PlaceError> {
    Places::read(&PlaceArgs {
        on: on.iter().map(|s| s.to_string()).collect(),
        kafka: kafka.map(Into::into),
        postgres: postgres.map(Into::into),
        ..PlaceArgs::default()
    })
}

fn at(text: &str) -> SystemPlace {
    SystemPlace::At(text.into())
}

const fn local(nodes: u32) -> SystemPlace {
    SystemPlace::Local { nodes }
}

#[test]
fn embedded_unless_another_place_or_an_address_is_given() {
    let embedded = || SystemPlace::Embedded;
    for (on, kafka, expect) in [
        (vec![], None, embedded()),
        (vec!["embedded"], None, embedded()),
        (vec!["kafka=embedded:1"], None, embedded()),
        (vec!["local"], None, local(1)),
        (vec!["local:3"], None, local(3)),
        (vec!["kafka=local:5"], None, local(5)),
        (vec!["kafka=local:1", "embedded"], None, local(1)),
        (vec!["local", "kafka=embedded"], None, embedded()),
        (vec![], Some("h:9092"), at("h:9092")),
        (vec!["embedded"], Some("a:1,b:2"), at("a:1,b:2")),
        (vec!["local:3"], Some("h:1"), at("h:1")),
        (
            vec!["postgres=embedded"],
            Some("[::1]:9092"),
            at("[::1]:9092"),
        ),
    ] {
        let places = read(&on, kafka, None).unwrap();
        assert_eq!(places.of("kafka"), expect, "{on:?} {kafka:?}");
        // It has no other place: what is said of all leaves it alone.
        assert_eq!(places.of("http"), SystemPlace::Embedded);
    }
    // One process, whatever is said of all.
    for system in ["sqs", "postgres", "redis"] {
        assert_eq!(read(&["local:3"], None, None).unwrap().of(system), local(1));
    }
    let url = "postgres://u:p@h/d";
    let places = read(&[], None, Some(url)).unwrap();
    assert_eq!(places.of("postgres"), at(url));
}

#[test]
fn what_does_not_exist_is_said_so() {
    for (on, part) in [
        (
            "docker",
            "place \"docker\" does not exist; there are `embedded` and `local`",
        ),
        ("kafka=remote", "place \"remote\" does not exist"),
        ("embedded:3", "has one node; leave out `:3`"),
        ("local:0", "has 1 to 5 nodes"),
        ("kafka=local:6", "has 1 to 5 nodes"),
        ("local:", "has 1 to 5 nodes"),
        ("local:three", "has 1 to 5 nodes"),
        ("http=local", "http has no place `local`"),
        ("smtp=local:3", "with --smtp"),
        ("sqs=local:3", "a local sqs has one node; leave out `:3`"),
        ("postgres=local:2", "a local postgres has one node"),
        (
            "grpc=embedded",
            "system \"grpc\" does not exist; there are kafka, postgres, sqs, http, redis, smtp",
        ),
        ("", "place \"\" does not exist"),
    ] {
        let error = read(&[on], None, None).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    for (on, kafka) in [
        (&["kafka=embedded"][..], Some("h:1")),
        (&["kafka=local", "kafka=local:3"], None),
        (&["local", "embedded"], None),
    ] {
        let twice = read(on, kafka, None).unwrap_err();
        assert_eq!(twice, PlaceError::Twice { system: "kafka" }, "{on:?}");
    }
}

#[test]
fn recorded_places_stand_where_the_options_say_nothing() {
    let recorded = |place: &str| BTreeMap::from([("kafka".to_string(), place.to_string())]);
    let none = || read(&[], None, None).unwrap();
    let places = none().or_recorded(&recorded("local:3")).unwrap();
    assert_eq!(places.of("kafka"), local(3));
    let given = read(&["embedded"], None, None).unwrap();
    let places = given.or_recorded(&recorded("local:3")).unwrap();
    assert_eq!(places.of("kafka"), SystemPlace::Embedded);
    // Where it ran may be out of reach: that is no error once another place
    // is named.
    let error = none().or_recorded(&recorded("at h:1")).unwrap_err();
    assert!(error.to_string().contains("give --kafka"), "{error}");
    let given = read(&[], Some("h:2"), None).unwrap();
    assert!(given.or_recorded(&recorded("at h:1")).is_ok());
    let strange = BTreeMap::from([("grpc".to_string(), "embedded".to_string())]);
    assert!(none().or_recorded(&strange).is_err());
}

#[test]
fn services_are_pointed_at_by_url() {
    let read = |sqs: &str, http: &str| {
        let some = |url: &str| (!url.is_empty()).then(|| url.to_string());
        let services = ServiceArgs {
            sqs: some(sqs),
            http: some(http),
            ..ServiceArgs::default()
        };
        Places::read(&PlaceArgs {
            services,
            ..PlaceArgs::default()
        })
    };
    let places = read("http://h:1", "http://h:2/pay").unwrap();
    assert_eq!(places.of("sqs"), at("http://h:1"));
    assert_eq!(places.of("http"), at("http://h:2/pay"));
    for (sqs, http, option) in [("h:1", "", "--sqs h:1"), ("", "h:1", "--http h:1")] {
        let error = read(sqs, http).unwrap_err().to_string();
        assert!(error.contains(option), "{error}");
    }
    let error = read("ftp://u:secret@h", "").unwrap_err().to_string();
    assert!(!error.contains("secret"), "{error}");
}

#[test]
fn addresses_are_checked_and_passwords_not_repeated() {
    for servers in [
        "",
        "host",
        "host:0",
        "host:x",
        ":9092",
        "a:1,,b:2",
        "kafka://h:1",
    ] {
        assert!(read(&[], Some(servers), None).is_err(), "{servers:?}");
    }
    let error = read(&[], None, Some("mysql://u:secret@h/d")).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("mysql://u:***@h/d"), "{text}");
    assert!(!text.contains("secret"), "{text}");
    let error = read(&["postgres://u:secret@h/d"], None, None).unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
}
