//! A server that understands nothing: it keeps the bytes of its first connection
//! and says what it is told to.

use super::eventually;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

#[derive(Default)]
struct Heard {
    bytes: Vec<u8>,
    ended: bool,
}

pub struct Tape {
    pub port: u16,
    heard: Arc<Mutex<Heard>>,
    say: mpsc::UnboundedSender<Vec<u8>>,
    task: JoinHandle<()>,
}

impl Tape {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (say, mut said) = mpsc::unbounded_channel::<Vec<u8>>();
        let shared = heard.clone();
        let task = tokio::spawn(async move {
            let (mut reader, mut writer) = listener.accept().await.unwrap().0.into_split();
            let hear = async {
                let mut buffer = vec![0; 16 << 10];
                loop {
                    let n = reader.read(&mut buffer).await.unwrap_or(0);
                    let mut heard = shared.lock().unwrap();
                    heard.bytes.extend_from_slice(&buffer[..n]);
                    heard.ended = n == 0;
                    if n == 0 {
                        return;
                    }
                }
            };
            let speak = async {
                while let Some(bytes) = said.recv().await {
                    if bytes.is_empty() || writer.write_all(&bytes).await.is_err() {
                        break;
                    }
                }
                let _ = writer.shutdown().await;
            };
            tokio::join!(hear, speak);
        });
        Self {
            port,
            heard,
            say,
            task,
        }
    }

    /// Sends bytes; nothing at all closes the sending side.
    pub fn say(&self, bytes: &[u8]) {
        self.say.send(bytes.to_vec()).unwrap();
    }

    pub fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap().bytes.clone()
    }

    pub fn heard_the_end(&self) -> bool {
        self.heard.lock().unwrap().ended
    }

    pub async fn has_heard(&self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        eventually(&format!("{text:?} at the server"), || self.heard() == bytes).await;
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        self.task.abort();
    }
}
