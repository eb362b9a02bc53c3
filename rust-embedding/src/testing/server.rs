//! A server on a loopback port that does what a script says, good or bad, over real sockets.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};

/// A request as the server saw it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Seen {
    /// Its number, from 0, in the order in which requests were read.
    pub number: u64,
    /// The connection it came on, from 0.
    pub connection: u64,
    /// Its path.
    pub path: String,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Seen {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What the server does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// Writes a status, headers, `content-length` and a body, and keeps the connection.
    Answer {
        /// The status.
        status: u16,
        /// Further headers.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// Writes these bytes as they are.
    Raw(Vec<u8>),
    /// Waits.
    Pause(Duration),
    /// Does nothing more on this connection, and keeps it open.
    Hang,
    /// Breaks the connection off at once, with a reset.
    Reset,
    /// Ends the connection in good order.
    Close,
}

/// The server. It stops when it is dropped.
pub struct ScriptedServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Decides what is done about a request.
pub type Script = Box<dyn Fn(&Seen) -> Vec<Step> + Send + Sync>;

struct Shared {
    script: Script,
    seen: Mutex<Vec<Seen>>,
    keeps_bodies: bool,
    requests: AtomicU64,
    connections: AtomicU64,
    open: AtomicU64,
    changed: Notify,
}

impl ScriptedServer {
    /// Starts a server on a free port of this machine, on a thread of its own.
    ///
    /// # Errors
    /// When there is no port or no thread.
    pub fn start(script: impl Fn(&Seen) -> Vec<Step> + Send + Sync + 'static) -> io::Result<Self> {
        Self::with_log(Box::new(script), true)
    }

    /// As [`start`](Self::start), and remembers no request: for many.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_forgetful(script: impl Fn(&Seen) -> Vec<Step> + Send + Sync + 'static) -> io::Result<Self> {
        Self::with_log(Box::new(script), false)
    }

    fn with_log(script: Script, keeps_bodies: bool) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            script,
            seen: Mutex::default(),
            keeps_bodies,
            requests: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            open: AtomicU64::new(0),
            changed: Notify::new(),
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let served = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("scripted-server".to_owned()).spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    _ = stopped => {}
                    _ = accept(listener, served) => {}
                }
            });
        })?;
        Ok(Self { address, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// The address, such as `http://127.0.0.1:1234`.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.seen).clone()
    }

    /// How many requests were read so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// How many connections were made so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Waits until so many requests were read.
    pub async fn wait_for_requests(&self, count: u64) {
        self.wait_until(|shared| shared.requests.load(Ordering::SeqCst) >= count).await;
    }

    /// Waits until no connection is open.
    pub async fn wait_for_silence(&self) {
        self.wait_until(|shared| shared.open.load(Ordering::SeqCst) == 0).await;
    }

    async fn wait_until(&self, holds: impl Fn(&Shared) -> bool) {
        loop {
            let changed = self.shared.changed.notified();
            if holds(&self.shared) {
                return;
            }
            changed.await;
        }
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for ScriptedServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedServer").field("address", &self.address).finish_non_exhaustive()
    }
}

async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        let number = shared.connections.fetch_add(1, Ordering::SeqCst);
        shared.open.fetch_add(1, Ordering::SeqCst);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            // A client that goes away is no failure of ours.
            let _ = serve(stream, number, &shared).await;
            shared.open.fetch_sub(1, Ordering::SeqCst);
            shared.changed.notify_waiters();
        });
    }
}

/// Requests larger than this are cut off.
const MAX_REQUEST: usize = 64 << 20;

async fn serve(mut stream: TcpStream, connection: u64, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    while let Some(mut seen) = read_request(&mut stream, &mut buffer).await? {
        seen.connection = connection;
        seen.number = shared.requests.fetch_add(1, Ordering::SeqCst);
        let steps = (shared.script)(&seen);
        if shared.keeps_bodies {
            lock(&shared.seen).push(seen);
        }
        shared.changed.notify_waiters();
        for step in steps {
            match step {
                Step::Answer { status, headers, body } => {
                    let mut head =
                        format!("HTTP/1.1 {status} Scripted\r\ncontent-length: {}\r\n", body.len());
                    for (name, value) in headers {
                        head.push_str(&format!("{name}: {value}\r\n"));
                    }
                    head.push_str("\r\n");
                    let mut out = head.into_bytes();
                    out.extend(body);
                    stream.write_all(&out).await?;
                }
                Step::Raw(bytes) => stream.write_all(&bytes).await?,
                Step::Pause(length) => tokio::time::sleep(length).await,
                // Until the other side gives up.
                Step::Hang => while stream.read(&mut [0; 1024]).await? > 0 {},
                Step::Reset => {
                    stream.set_zero_linger()?;
                    return Ok(());
                }
                Step::Close => return stream.shutdown().await,
            }
        }
    }
    Ok(())
}

/// Reads one request with a `content-length`; `None` at the end of the connection.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Seen>> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if buffer.len() > MAX_REQUEST || stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let path = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
    let split = |line: &str| {
        line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers: Vec<(String, String)> = lines.filter_map(split).collect();
    let length =
        headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let total = end + 4 + length.unwrap_or(0_usize).min(MAX_REQUEST);
    while buffer.len() < total {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    let body = buffer[end + 4..total].to_vec();
    buffer.drain(..total);
    Ok(Some(Seen { path, headers, body, ..Seen::default() }))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
