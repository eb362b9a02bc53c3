//! One JSON message a line on standard input and output, bounded in every direction.
//!
//! The SDK's own transport reads through a thread pool that keeps the process alive after the client is gone, drops
//! oversize lines without an answer, and takes in requests without limit. This one reads and writes on two
//! threads of its own, answers what it refuses, and reads on only while there is room for another call.

use std::io::{self, BufRead, BufReader, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rmcp::model::{
    ClientJsonRpcMessage, ClientRequest, ErrorCode, ErrorData, GetExtensions, JsonRpcMessage, RequestId,
    ServerJsonRpcMessage,
};
use rmcp::service::RoleServer;
use rmcp::transport::Transport;
use serde_json::Value;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// How many calls are worked on at once; the client waits with the next.
pub(crate) const MAX_CALLS: usize = 8;
/// The longest line read. It holds the longest text `remember` takes, escaped.
pub(crate) const MAX_LINE_BYTES: usize = 4 << 20;
/// How many answers may wait for the client to read them.
const MAX_UNSENT: usize = 64;
/// How often a client is told on standard error that it sends garbage; a pipe nobody reads must not fill.
const MAX_COMPLAINTS: usize = 20;

/// The methods served. The SDK takes one whose parameters it cannot read for a method of another name.
const METHODS: [&str; 4] = ["initialize", "ping", "tools/call", "tools/list"];

const MISREAD: &str = "the parameters are not those of this method";
const TOO_LONG: &str = "message over 4 MiB: send less at once";

/// The transport over this process's standard streams.
pub(crate) struct Stdio {
    incoming: mpsc::Receiver<Line>,
    outgoing: Option<mpsc::Sender<Outgoing>>,
    calls: Arc<Semaphore>,
    unsent: Arc<Unsent>,
    has_begun: bool,
    complaints: usize,
}

/// One line of input.
enum Line {
    Whole(Vec<u8>),
    TooLong,
}

struct Outgoing {
    line: Vec<u8>,
    written: oneshot::Sender<io::Result<()>>,
}

/// Counts answers that are not written yet.
#[derive(Default)]
struct Unsent {
    number: AtomicUsize,
    fewer: Notify,
}

/// One of them.
struct UnsentOne(Arc<Unsent>);

impl Stdio {
    /// Starts the two threads. They end with the process.
    pub(crate) fn start() -> Self {
        let (to_server, incoming) = mpsc::channel(1);
        let (outgoing, from_server) = mpsc::channel(1);
        thread::spawn(move || read_lines(BufReader::new(io::stdin()), &to_server));
        thread::spawn(move || write_lines(io::stdout(), from_server));
        Self {
            incoming,
            outgoing: Some(outgoing),
            calls: Arc::new(Semaphore::new(MAX_CALLS)),
            unsent: Arc::default(),
            has_begun: false,
            complaints: 0,
        }
    }

    /// What a line means: a message to pass on, or nothing after an answer here.
    fn read(&mut self, line: Line) -> Result<ClientJsonRpcMessage, Option<Box<ServerJsonRpcMessage>>> {
        let refuse = |code, text: &'static str, id| {
            let error = ErrorData::new(code, text, None);
            Err(Some(Box::new(JsonRpcMessage::error(error, id))))
        };
        let line = match line {
            Line::Whole(line) if line.trim_ascii().is_empty() => return Err(None),
            Line::Whole(line) => line,
            Line::TooLong => return refuse(ErrorCode::INVALID_REQUEST, TOO_LONG, None),
        };
        // Some editors on Windows put a byte order mark first (RFC 8259, section 8.1).
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        match serde_json::from_slice::<ClientJsonRpcMessage>(line) {
            Ok(JsonRpcMessage::Request(request)) if is_misread(&request.request) => {
                refuse(ErrorCode::INVALID_PARAMS, MISREAD, Some(request.id))
            }
            // Before the first request nothing else means anything.
            Ok(JsonRpcMessage::Request(request)) => {
                self.has_begun = true;
                Ok(JsonRpcMessage::Request(request))
            }
            Ok(message) if self.has_begun => Ok(message),
            Ok(_) => Err(None),
            Err(_) => match serde_json::from_slice::<Value>(line) {
                // An unknown notification is to be ignored, says JSON-RPC 2.0, section 4.1.
                Ok(Value::Object(value)) if value.contains_key("method") && !value.contains_key("id") => {
                    Err(None)
                }
                Ok(value) => {
                    let id =
                        value.get("id").and_then(|id| serde_json::from_value::<RequestId>(id.clone()).ok());
                    // JSON-RPC allows parameters by position, which no method here takes.
                    let by_position = id.is_some()
                        && value.get("params").is_some_and(Value::is_array)
                        && value["method"].as_str().is_some_and(|method| METHODS.contains(&method));
                    if by_position {
                        refuse(ErrorCode::INVALID_PARAMS, MISREAD, id)
                    } else {
                        refuse(ErrorCode::INVALID_REQUEST, "not a message of the Model Context Protocol", id)
                    }
                }
                // An answer is JSON, so that a peer that echoes what it gets is not answered for ever.
                Err(_) => {
                    self.complain("refused a line that is not JSON");
                    refuse(ErrorCode::PARSE_ERROR, "not JSON, or nested too deeply", None)
                }
            },
        }
    }

    fn complain(&mut self, about: &str) {
        self.complaints += 1;
        if self.complaints <= MAX_COMPLAINTS {
            let _ = writeln!(anstream::stderr(), "chrysalis mcp: {about}");
        }
    }

    /// Waits until answers are read and there is room for a call.
    async fn room(&self) -> OwnedSemaphorePermit {
        while self.unsent.number.load(Ordering::SeqCst) >= MAX_UNSENT {
            self.unsent.fewer.notified().await;
        }
        self.calls.clone().acquire_owned().await.expect("the semaphore is never closed")
    }
}

impl Transport<RoleServer> for Stdio {
    type Error = io::Error;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let outgoing = self.outgoing.clone();
        let counted = UnsentOne::new(&self.unsent);
        async move {
            let _counted = counted;
            let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
            let line = to_line(&message)?;
            let (written, result) = oneshot::channel();
            outgoing.ok_or_else(gone)?.send(Outgoing { line, written }).await.map_err(|_| gone())?;
            result.await.map_err(|_| gone())?
        }
    }

    // Dropped and called again whenever something else is ready: nothing is taken from the channel and then lost.
    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            let permit = self.room().await;
            let Some(line) = self.incoming.recv().await else {
                drop(permit);
                // The client has closed its side; what it asked before is still answered.
                let all = u32::try_from(MAX_CALLS).expect("a small constant");
                let _ = self.calls.acquire_many(all).await;
                return None;
            };
            match self.read(line) {
                Ok(JsonRpcMessage::Request(mut request)) => {
                    request.request.extensions_mut().insert(Arc::new(permit));
                    return Some(JsonRpcMessage::Request(request));
                }
                Ok(message) => return Some(message),
                Err(Some(refusal)) => {
                    // Not awaited, so that dropping this future loses nothing; `room` bounds how many there are.
                    tokio::spawn(self.send(*refusal));
                }
                Err(None) => {}
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.outgoing = None;
        Ok(())
    }
}

impl UnsentOne {
    fn new(unsent: &Arc<Unsent>) -> Self {
        unsent.number.fetch_add(1, Ordering::SeqCst);
        Self(unsent.clone())
    }
}

impl Drop for UnsentOne {
    fn drop(&mut self) {
        self.0.number.fetch_sub(1, Ordering::SeqCst);
        self.0.fewer.notify_one();
    }
}

fn is_misread(request: &ClientRequest) -> bool {
    matches!(request, ClientRequest::CustomRequest(custom) if METHODS.contains(&custom.method.as_str()))
}

/// The message with its line end. The SDK leaves the id out where there is none to answer; JSON-RPC 2.0, section 5,
/// wants null there.
fn to_line(message: &ServerJsonRpcMessage) -> io::Result<Vec<u8>> {
    let mut line = match message {
        JsonRpcMessage::Error(error) if error.id.is_none() => {
            let mut value = serde_json::to_value(message)?;
            value["id"] = Value::Null;
            serde_json::to_vec(&value)?
        }
        _ => serde_json::to_vec(message)?,
    };
    line.push(b'\n');
    Ok(line)
}

fn read_lines(mut input: impl BufRead, lines: &mpsc::Sender<Line>) {
    while let Ok(Some(line)) = read_line(&mut input) {
        if lines.blocking_send(line).is_err() {
            return;
        }
    }
}

/// The next line, however long; no more of it than [`MAX_LINE_BYTES`] is ever held. `None` at the end, where a
/// line without its end is no message.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    let mut too_long = false;
    loop {
        let available = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            available => available?,
        };
        if available.is_empty() {
            return Ok(None);
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let part = &available[..end.unwrap_or(available.len())];
        too_long |= line.len() + part.len() > MAX_LINE_BYTES;
        if too_long {
            line = Vec::new();
        } else {
            line.extend_from_slice(part);
        }
        let used = end.map_or(available.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(Some(if too_long { Line::TooLong } else { Line::Whole(line) }));
        }
    }
}

fn write_lines(mut output: impl Write, mut lines: mpsc::Receiver<Outgoing>) {
    while let Some(Outgoing { line, written }) = lines.blocking_recv() {
        let result = output.write_all(&line).and_then(|()| output.flush());
        // The sender may have given up waiting.
        let _ = written.send(result);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_bounded_and_an_unfinished_one_is_no_message() {
        let long = vec![b'x'; MAX_LINE_BYTES + 1];
        let input = [b"one\n\n".as_slice(), &long, b"\n", &long[..MAX_LINE_BYTES], b"\ntwo\nrest"].concat();
        let mut input = BufReader::with_capacity(1000, input.as_slice());
        let mut lengths = Vec::new();
        while let Some(line) = read_line(&mut input).unwrap() {
            lengths.push(match line {
                Line::Whole(line) => Some(line.len()),
                Line::TooLong => None,
            });
        }
        assert_eq!(lengths, [Some(3), Some(0), None, Some(MAX_LINE_BYTES), Some(3)]);
    }
}
