//! `exactly init`: a configuration to begin with.

use crate::args::{InitArgs, Template};
use crate::failure::Failure;
use exactly_model::exit;
use std::io::{ErrorKind, Write as _};

pub(super) fn run(args: &InitArgs) -> Result<u8, Failure> {
    let path = args.file.display();
    let file = std::fs::File::options()
        .write(true)
        .create_new(true)
        .open(&args.file);
    let mut file = file.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::Usage(format!(
            "{path} is there already, and is never overwritten; name another file"
        )),
        _ => Failure::Store(format!("cannot write {path}: {error}")),
    })?;
    let text = template(args.template);
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all());
    written.map_err(|error| Failure::Store(format!("cannot write {path}: {error}")))?;
    super::tell(&format!(
        "{path} is written: put your command into it, then run `exactly check {path}`"
    ));
    Ok(exit::DONE)
}

/// The text of a template.
pub(crate) fn template(template: Template) -> &'static str {
    match template {
        Template::KafkaPostgres => include_str!("init/kafka-postgres.toml"),
        Template::KafkaKafka => include_str!("init/kafka-kafka.toml"),
        Template::PostgresPostgres => include_str!("init/postgres-postgres.toml"),
        Template::SqsPostgres => include_str!("init/sqs-postgres.toml"),
        Template::Commands => include_str!("init/commands.toml"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum as _;

    /// Each template is a configuration, once the files that it names are there.
    #[test]
    fn every_template_can_be_read() {
        for kind in Template::value_variants() {
            let folder = tempfile::tempdir().unwrap();
            for name in ["schema.sql", "worker.py", "feed.py", "audit.py"] {
                std::fs::write(folder.path().join(name), "").unwrap();
            }
            let file = folder.path().join("exactly.toml");
            let args = InitArgs {
                file: file.clone(),
                template: *kind,
            };
            assert_eq!(run(&args).unwrap(), exit::DONE);
            let check = exactly::config::load(&file, &|_| None);
            assert!(check.is_ok(), "{kind:?}: {}", check.unwrap_err());
        }
    }

    #[test]
    fn what_is_there_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("exactly.toml");
        std::fs::write(&file, "mine").unwrap();
        let args = InitArgs {
            file: file.clone(),
            template: Template::default(),
        };
        let failure = run(&args).unwrap_err();
        assert_eq!(failure.exit_code(), exit::USAGE);
        assert!(
            failure.to_string().contains("is there already"),
            "{failure}"
        );
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    }
}
