//! The `exactly` command with what only tests need, so that the released
//! command has none of it:
//!
//! * `EXACTLY_TEST_SWAP=a=p,b=q` gives variant `a` the code of program `p`: the
//!   judge must follow the code, not the name;
//! * `EXACTLY_TEST_PIPELINE=dies|silent|noisy|stubborn|forks|bypasses` makes the
//!   pipeline misbehave;
//! * `produce BROKERS TOPIC` sends what it is given, as the command of a feed.

use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, brokers, topic] = arguments.as_slice()
        && command == "produce"
    {
        return produce(brokers, topic);
    }
    let pipeline = std::env::args().nth(1).as_deref() == Some("pipeline");
    if let Some(mode) = std::env::var("EXACTLY_TEST_PIPELINE")
        .ok()
        .filter(|_| pipeline)
    {
        misbehave(&mode);
    }
    let swap = std::env::var("EXACTLY_TEST_SWAP").unwrap_or_default();
    let pairs: Vec<(&str, &str)> = swap
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .collect();
    match exactly_claims::catalogue_with(&pairs) {
        Ok(catalogue) => exactly_cli::main_with(catalogue),
        Err(error) => {
            eprintln!("EXACTLY_TEST_SWAP: {error}");
            ExitCode::from(2)
        }
    }
}

/// Sends the payload of each line and answers for it when the broker has it.
fn produce(brokers: &str, topic: &str) -> ExitCode {
    use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
    let producer: BaseProducer = rdkafka::ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .create()
        .expect("the settings are sound");
    let lines: Vec<serde_json::Value> = std::io::stdin()
        .lines()
        .map(|line| serde_json::from_str(&line.expect("a line")).expect("a JSON line"))
        .collect();
    let text = |line: &serde_json::Value, name: &str| {
        line[name].as_str().expect("a message has it").to_owned()
    };
    for line in &lines {
        let (key, payload) = (text(line, "key"), text(line, "payload"));
        let record = BaseRecord::to(topic).key(&key).payload(&payload);
        producer.send(record).expect("the queue has room");
    }
    producer
        .flush(Duration::from_secs(20))
        .expect("the broker takes them");
    for line in &lines {
        println!(
            "{}",
            serde_json::json!({ "id": line["id"], "outcome": "ok" })
        );
    }
    ExitCode::SUCCESS
}

/// Misbehaves; returns where the pipeline is to go on as usual.
fn misbehave(mode: &str) {
    match mode {
        "dies" => {
            eprintln!("cannot find my configuration");
            std::process::exit(3);
        }
        "silent" => std::thread::sleep(Duration::from_secs(600)),
        "noisy" => {
            std::thread::spawn(|| {
                loop {
                    println!("{}", "all work and no play ".repeat(400));
                }
            });
        }
        // Ignored by the child from here on: SIGTERM does nothing.
        "stubborn" => ignore_sigterm(),
        "forks" => {
            let child = Command::new("setsid")
                .args(["sleep", "600"])
                .stdin(Stdio::null())
                .spawn()
                .expect("setsid is there");
            // It goes on by itself.
            std::mem::forget(child);
        }
        "bypasses" => bypass(),
        other => panic!("EXACTLY_TEST_PIPELINE={other} is not known"),
    }
}

/// Runs the pipeline with the database's own address instead of the boundary's,
/// which it finds out as a pipeline with a configuration of its own would have it.
fn bypass() {
    use std::os::unix::process::CommandExt;
    let run = std::env::var("EXACTLY_RUN").expect("the harness marks its children");
    let port = std::fs::read_dir("/proc")
        .expect("processes are listed")
        .flatten()
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|command| String::from_utf8_lossy(&command).into_owned())
        .filter(|command| command.contains(&run) && command.contains("bin/postgres"))
        .find_map(|command| {
            let port = command
                .split('\0')
                .find_map(|word| word.strip_prefix("port="))?;
            Some(port.to_string())
        })
        .expect("the database names its port");
    let url = std::env::var("DATABASE_URL").expect("the pipeline is told its database");
    let (before, rest) = url.split_once("@127.0.0.1:").expect("a URL with a user");
    let (_, after) = rest.split_once('/').expect("a URL with a database");
    let error = Command::new(std::env::current_exe().expect("a running program has a path"))
        .args(std::env::args().skip(1))
        .env("DATABASE_URL", format!("{before}@127.0.0.1:{port}/{after}"))
        .env_remove("EXACTLY_TEST_PIPELINE")
        .exec();
    panic!("cannot run the pipeline: {error}");
}

/// Runs the pipeline in a shell that ignores SIGTERM, and so does what it runs.
fn ignore_sigterm() {
    use std::os::unix::process::CommandExt;
    let own = std::env::current_exe().expect("a running program has a path");
    let error = Command::new("sh")
        .args(["-c", "trap '' TERM; exec \"$0\" \"$@\""])
        .arg(own)
        .args(std::env::args().skip(1))
        .env_remove("EXACTLY_TEST_PIPELINE")
        .exec();
    panic!("cannot run a shell: {error}");
}
