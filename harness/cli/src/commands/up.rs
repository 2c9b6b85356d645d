//! `exactly up SYSTEM...`.

use super::running::executable;
use super::signals::{first_signal, listen};
use crate::args::{PlaceArgs, UpArgs};
use crate::failure::Failure;
use crate::place::Places;
use crate::select::nearest_of;
use crate::terminal;
use exactly::{Standing, Surroundings, Up, UpOptions};
use exactly_model::{SystemPlace, exit};
use std::fmt::Write as _;

pub(super) fn run(args: &UpArgs) -> Result<u8, Failure> {
    let options = UpOptions {
        systems: systems(args)?,
        port: args.port,
        board: terminal::board_folder(),
        surroundings: surroundings()?,
    };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    super::block_on(&mut runtime, stand(&options))?
}

/// What systems are started with outside of runs.
pub(super) fn surroundings() -> Result<Surroundings, Failure> {
    Ok(Surroundings {
        executable: executable()?.into(),
        temporary: std::env::temp_dir(),
        cache: terminal::cache_folder(),
        settings: terminal::settings(),
    })
}

/// Which kinds of systems, and where; each of them once.
fn systems(args: &UpArgs) -> Result<Vec<(&'static str, SystemPlace)>, Failure> {
    let places = Places::read(&PlaceArgs {
        on: args.on.clone(),
        ..PlaceArgs::default()
    });
    let places = places.map_err(|error| Failure::Usage(error.to_string()))?;
    let mut systems: Vec<(&'static str, SystemPlace)> = Vec::new();
    for name in &args.systems {
        let kind = known(name)?;
        if systems.iter().any(|(other, _)| *other == kind) {
            return Err(Failure::Usage(format!(
                "{kind} is named twice; one of each kind is started"
            )));
        }
        systems.push((kind, places.of(kind)));
    }
    for (kind, place) in Places::into_map(places) {
        let started = systems.iter().any(|(other, _)| *other == kind);
        let named = args.on.iter().any(|on| on.starts_with(&format!("{kind}=")));
        if !started && named {
            return Err(Failure::Usage(format!(
                "--on {kind}={place}: {kind} is not started; name it, as in `exactly up {kind}`"
            )));
        }
    }
    match (args.port, systems.as_slice()) {
        (None, _) | (Some(_), [(_, SystemPlace::Embedded)]) => Ok(systems),
        (Some(_), [(kind, place)]) => Err(Failure::Usage(format!(
            "--port is for an embedded system, and {kind} is {place}; leave it out"
        ))),
        (Some(_), _) => Err(Failure::Usage(
            "--port is for one system; start each by a command of its own, or leave it out".into(),
        )),
    }
}

fn known(name: &str) -> Result<&'static str, Failure> {
    let kinds = exactly::kinds();
    if let Some(kind) = kinds.iter().find(|kind| **kind == name) {
        return Ok(kind);
    }
    let nearest = nearest_of(kinds.iter().map(|kind| (*kind, *kind)), name);
    Err(Failure::Usage(format!(
        "no system is called {name:?}; did you mean `{}`? There are {}",
        nearest.unwrap_or_default(),
        kinds.join(", ")
    )))
}

/// Starts them, says where they are, and stays until a signal comes.
async fn stand(options: &UpOptions) -> Result<u8, Failure> {
    let (signals, mut cancelled) = listen(|_| super::tell("ending; once more to leave at once"))?;
    let up = tokio::select! {
        up = Up::start(options) => up?,
        _ = cancelled.wait_for(|is| *is) => {
            // Nobody was told an address yet: it is no clean end.
            let code = first_signal(&signals).map(|s| Failure::Interrupted(s).exit_code());
            return Ok(code.unwrap_or(exit::SIGTERM));
        }
    };
    let mut addresses = String::new();
    for standing in up.standing() {
        let _ = writeln!(addresses, "{} {}", standing.kind, standing.endpoint);
        super::tell(&hint(standing));
    }
    if let Some(error) = up.unposted() {
        let board = options.board.display();
        super::tell(&format!("`exactly clock` needs --at: {board}: {error}"));
    }
    super::tell("Ctrl-C ends it, and whatever it holds is gone then.");
    let told = super::print(&addresses);
    let ended = match told {
        Err(error) => Err(error),
        Ok(()) => tokio::select! {
            _ = cancelled.wait_for(|is| *is) => Ok(exit::DONE),
            error = up.fallen() => Err(error.into()),
        },
    };
    up.stop().await;
    ended
}

/// How a client is pointed at it.
fn hint(standing: &Standing) -> String {
    let Standing {
        kind,
        place,
        version,
        endpoint,
        ..
    } = standing;
    let how = match kind.as_str() {
        // boto3 reads the second name of the region, the others the first.
        "sqs" => format!(
            "  export AWS_ENDPOINT_URL_SQS={endpoint}\n  \
             export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1\n  \
             export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any\n"
        ),
        "kafka" => format!("  bootstrap.servers={endpoint}\n"),
        "postgres" => format!("  psql '{endpoint}'\n"),
        "redis" => format!("  redis-cli -u {endpoint} ping\n"),
        "smtp" => format!(
            "  curl {endpoint} --mail-from a@x.example --mail-rcpt b@x.example -T mail.txt\n"
        ),
        "http" => format!(
            "  curl -X PUT {endpoint}/_exactly/accounts/shop --json '{{\"keys\": \"store\"}}'\n  \
             curl {endpoint}/shop/charges -H 'Idempotency-Key: 1' \
             --json '{{\"order\": \"1\", \"customer\": \"c\", \"amount\": 100}}'\n"
        ),
        _ => String::new(),
    };
    let authority = standing.authority.as_ref().map_or(String::new(), |file| {
        format!("  STARTTLS and AUTH: trust {}\n", file.display())
    });
    let clock = match standing.clock {
        true => format!("  exactly clock advance 5m --at {endpoint}\n"),
        false => String::new(),
    };
    format!("{kind}: {place}, {version}\n{how}{authority}{clock}")
        .trim_end()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(systems: &[&str], on: &[&str], port: Option<u16>) -> Result<Vec<String>, String> {
        let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        let args = UpArgs {
            systems: owned(systems),
            on: owned(on),
            port,
        };
        let each = super::systems(&args).map_err(|failure| failure.to_string())?;
        Ok(each
            .iter()
            .map(|(kind, place)| format!("{kind} {place}"))
            .collect())
    }

    #[test]
    fn systems_are_embedded_unless_another_place_is_named() {
        assert_eq!(asked(&["sqs"], &[], Some(1)).unwrap(), ["sqs embedded"]);
        assert_eq!(
            asked(&["postgres", "kafka"], &["kafka=local:3"], None).unwrap(),
            ["postgres embedded", "kafka local:3"]
        );
    }

    #[test]
    fn what_cannot_be_started_so_is_said_so() {
        for (systems, on, port, part) in [
            (&["sqz"][..], &[][..], None, "did you mean `sqs`?"),
            (&["postgresql"], &[], None, "did you mean `postgres`?"),
            (&["sqs", "sqs"], &[], None, "sqs is named twice"),
            (
                &["sqs", "http"],
                &[],
                Some(4566),
                "--port is for one system",
            ),
            (
                &["kafka"],
                &["kafka=local"],
                Some(9092),
                "--port is for an embedded system",
            ),
            (&["sqs"], &["kafka=local"], None, "kafka is not started"),
            (&["sqs"], &["sqs=moon"], None, "place \"moon\""),
        ] {
            let error = asked(systems, on, port).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
