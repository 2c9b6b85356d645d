//! A hundred configurations that cannot be used. Each has to be refused with the
//! file, the line, the key, what is wrong, and what to do.

mod channels;
mod faults;
mod feed;
mod files;
mod places;
mod processes;
mod queues;
mod secrets;
mod sinks;
mod support;
mod systems;
mod tables;

use support::Row;

fn rows() -> Vec<Row> {
    [
        tables::rows(),
        systems::rows(),
        queues::rows(),
        channels::rows(),
        places::rows(),
        processes::rows(),
        feed::rows(),
        sinks::rows(),
        faults::rows(),
    ]
    .concat()
}

#[test]
fn the_configuration_that_they_are_made_from_is_sound() {
    for text in [support::GOOD, support::QUEUES] {
        let check = support::load("sound", text).unwrap();
        assert_eq!(check.notes(), &[] as &[String]);
    }
    // Mails are written for people: what they say is not compared.
    let check = support::load("sound", support::CHANNELS).unwrap();
    let [note] = check.notes() else {
        panic!("{:?}", check.notes());
    };
    assert!(note.contains("confirmed") && note.contains("I2"), "{note}");
}

#[test]
fn each_is_refused_where_it_is_wrong() {
    let failures: Vec<String> = rows().iter().filter_map(support::failure).collect();
    assert!(
        failures.is_empty(),
        "{}\n{} rows fail",
        failures.join("\n"),
        failures.len()
    );
}

#[test]
fn there_are_a_hundred_and_each_is_another() {
    let rows = rows();
    assert!(rows.len() >= 100, "{} rows", rows.len());
    let names: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), rows.len(), "two rows have one name");
    let texts: std::collections::BTreeSet<String> = rows.iter().map(Row::text).collect();
    assert_eq!(
        texts.len(),
        rows.len(),
        "two rows are the same configuration"
    );
}
