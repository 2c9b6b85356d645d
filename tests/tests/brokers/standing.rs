//! A real Kafka of somebody else's: one node with settings that the harness
//! would not give it, started by the test and reached by its address.

use crate::support::{Home, Running, eventually};
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Several JVMs may share two busy processors.
const WITHIN: Duration = Duration::from_secs(90);

/// What every node needs; the rest is Kafka's own, as far as one node can have
/// it.
const SETTINGS: &str = "\
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
";

const LOGGING: &str = r#"<Configuration status="WARN">
  <Appenders><Console name="out" target="SYSTEM_OUT"/></Appenders>
  <Loggers>
    <Logger name="kafka.server.KafkaRaftServer" level="INFO"/>
    <Root level="WARN"><AppenderRef ref="out"/></Root>
  </Loggers>
</Configuration>
"#;

/// The node, until this is dropped.
pub struct Standing {
    /// `127.0.0.1:port`, as `--kafka` takes it.
    pub address: String,
    _node: Running,
    home: Home,
}

impl Standing {
    /// Starts it with `settings` beside its own, one a line.
    pub fn start(test: &str, settings: &str) -> Self {
        let home = Home::new(test);
        let (port, controller) = (free_port(), free_port());
        let address = format!("{}:{port}", Ipv4Addr::LOCALHOST);
        let at = |port: u16| format!("{}:{port}", Ipv4Addr::LOCALHOST);
        let own = format!(
            "{SETTINGS}controller.quorum.voters=1@{}\nlisteners=PLAINTEXT://{},CONTROLLER://{}\nlog.dirs={}\n",
            at(controller),
            at(port),
            at(controller),
            home.path().join("data").display()
        );
        let properties = home.path().join("server.properties");
        std::fs::write(&properties, format!("{own}{settings}")).unwrap();
        std::fs::write(home.path().join("log4j2.xml"), LOGGING).unwrap();
        let properties = properties.to_str().unwrap();
        let format = [
            "kafka.tools.StorageTool",
            "format",
            "-t",
            "RXhhY3RseVRlc3RLYWZrYQ",
            "-c",
            properties,
        ];
        run(java(home.path(), &format));
        let output = home.path().join("node.log");
        let node = java(home.path(), &["kafka.Kafka", properties])
            .stdout(File::create(&output).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let node = Running(node);
        eventually("the node says that it serves", WITHIN, || {
            let text = std::fs::read_to_string(&output).unwrap();
            text.contains("Kafka Server started").then_some(())
        });
        Self {
            address,
            _node: node,
            home,
        }
    }

    /// Adds or removes a rule with Kafka's own tool.
    pub fn rule(&self, rule: &[&str]) {
        let tool = [
            "org.apache.kafka.tools.AclCommand",
            "--bootstrap-server",
            &self.address,
            "--force",
        ];
        run(java(self.home.path(), &[&tool, rule].concat()));
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// The command that runs a class of Kafka's jars.
fn java(home: &Path, class: &[&str]) -> Command {
    let program = match std::env::var("JAVA_HOME") {
        Ok(java) if !java.is_empty() => Path::new(&java).join("bin/java"),
        _ => PathBuf::from("java"),
    };
    let logging = home.join("log4j2.xml");
    let mut command = Command::new(program);
    command
        .arg(format!("-Dlog4j2.configurationFile={}", logging.display()))
        .args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .arg("-cp")
        .arg(format!("{}/*", jars().display()))
        .args(class)
        .stdin(Stdio::null());
    command
}

/// Where the jars of `KAFKA_HOME` are.
fn jars() -> PathBuf {
    let home = PathBuf::from(std::env::var_os("KAFKA_HOME").unwrap());
    let libs = home.join("libs");
    if libs.is_dir() { libs } else { home }
}

fn run(mut command: Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
