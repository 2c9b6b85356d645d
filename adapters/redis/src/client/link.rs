//! A connection of the harness's own, past the boundary: kept, and made anew when it
//! was cut.

use super::trouble::Trouble;
use crate::target::Target;
use exactly_adapter::tls::Tunnel;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, ProtocolVersion, PushInfo, RedisConnectionInfo, Value};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// How to come to a server.
pub(crate) struct Way {
    pub target: Target,
    /// Where the server speaks TLS: who leads there.
    tunnel: Option<Tunnel>,
}

impl Way {
    /// To a server that speaks no TLS.
    pub fn plain(target: Target) -> Arc<Self> {
        Arc::new(Self {
            target,
            tunnel: None,
        })
    }

    /// Opens a tunnel where one is needed, and tries it out.
    pub async fn open(target: Target) -> Result<Arc<Self>, String> {
        let tunnel = match target.tls {
            false => None,
            true => {
                let tunnel = Tunnel::open(&target.host, target.port).await;
                let tunnel = tunnel.map_err(|error| error.to_string())?;
                tunnel.try_out().await?;
                Some(tunnel)
            }
        };
        Ok(Arc::new(Self { target, tunnel }))
    }

    /// Where plain bytes are taken.
    pub fn address(&self) -> (String, u16) {
        match &self.tunnel {
            Some(tunnel) => {
                let address = tunnel.address();
                (address.ip().to_string(), address.port())
            }
            None => (self.target.host.clone(), self.target.port),
        }
    }

    /// A connection that may send any command: authenticated, and in its database.
    pub async fn connect(&self) -> Result<Connected, Trouble> {
        let none = RedisConnectionInfo::default().set_skip_set_lib_name();
        let mut connected = self.dial(&none, config()).await?;
        let connection = &mut connected.connection;
        if let Some(password) = &self.target.password {
            let mut auth = redis::cmd("AUTH");
            if let Some(user) = &self.target.user {
                auth.arg(user);
            }
            auth.arg(password.bare());
            query(connection, &auth).await?;
        }
        if self.target.database != 0 {
            let mut select = redis::cmd("SELECT");
            select.arg(self.target.database);
            query(connection, &select).await?;
        }
        Ok(connected)
    }

    /// A connection that hands what is pushed on it to `each`, as it is read: nothing
    /// waits in between.
    pub async fn listen(
        &self,
        each: impl Fn(PushInfo) + Send + Sync + 'static,
    ) -> Result<Connected, Trouble> {
        let mut info = RedisConnectionInfo::default()
            .set_skip_set_lib_name()
            .set_protocol(ProtocolVersion::RESP3);
        if let Some(user) = &self.target.user {
            info = info.set_username(user);
        }
        if let Some(password) = &self.target.password {
            info = info.set_password(password.bare());
        }
        let config = config().set_push_sender(move |push| {
            each(push);
            Ok::<(), std::convert::Infallible>(())
        });
        self.dial(&info, config).await
    }

    async fn dial(
        &self,
        info: &RedisConnectionInfo,
        config: AsyncConnectionConfig,
    ) -> Result<Connected, Trouble> {
        let (host, port) = self.address();
        let not_connected = |error: std::io::Error| Trouble::NotConnected(error.to_string());
        let stream = TcpStream::connect((host.as_str(), port)).await;
        let stream = stream.map_err(not_connected)?;
        stream.set_nodelay(true).map_err(not_connected)?;
        let made = MultiplexedConnection::new_with_config(info, stream, config).await;
        let (connection, driver) = made.map_err(|error| Trouble::of(&error))?;
        Ok(Connected {
            connection,
            driver: tokio::spawn(driver),
        })
    }
}

/// Waits are bounded by whoever asks.
fn config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None)
}

async fn query(connection: &mut MultiplexedConnection, command: &Cmd) -> Result<Value, Trouble> {
    let answered = command.query_async::<Value>(connection).await;
    answered.map_err(|error| Trouble::of(&error))
}

/// A connection and what drives it. It is closed when this is dropped.
pub(crate) struct Connected {
    pub connection: MultiplexedConnection,
    driver: JoinHandle<()>,
}

impl Connected {
    /// Whether the other end is known to have closed it: nothing goes out on it then.
    pub fn is_cut(&self) -> bool {
        self.driver.is_finished()
    }

    /// Waits for that.
    pub async fn cut(&mut self) {
        let _ = (&mut self.driver).await;
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// A kept connection, shared by whoever asks.
pub(crate) struct Link {
    way: Arc<Way>,
    kept: Mutex<Option<Connected>>,
}

impl Link {
    pub fn new(way: Arc<Way>) -> Self {
        Self {
            way,
            kept: Mutex::default(),
        }
    }

    pub fn way(&self) -> &Arc<Way> {
        &self.way
    }

    /// Sends `command` and takes its reply, all within `within`. It is sent once at
    /// most.
    pub async fn ask(&self, command: &Cmd, within: Duration) -> Result<Value, Trouble> {
        let late = tokio::time::Instant::now() + within;
        let connection = tokio::time::timeout_at(late, self.connection()).await;
        let mut connection = connection
            .unwrap_or_else(|_| Err(Trouble::NotConnected(format!("none within {within:?}"))))
            // Whatever went wrong before it was sent, it was not sent.
            .map_err(Trouble::before_it_was_sent)?;
        let answered = tokio::time::timeout_at(late, query(&mut connection, command)).await;
        let answered = answered
            .unwrap_or_else(|_| Err(Trouble::Unanswered(format!("no answer within {within:?}"))));
        if let Err(Trouble::Unanswered(_)) = answered {
            // What comes on it belongs to nobody any more.
            *self.kept.lock().await = None;
        }
        answered
    }

    async fn connection(&self) -> Result<MultiplexedConnection, Trouble> {
        let mut kept = self.kept.lock().await;
        if let Some(there) = kept.as_ref().filter(|there| !there.is_cut()) {
            return Ok(there.connection.clone());
        }
        *kept = None;
        let connected = self.way.connect().await?;
        Ok(kept.insert(connected).connection.clone())
    }
}
