//! `chrysalis mcp` through real pipes: the protocol, the tools, and clients that do not behave.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use common::{Home, keys};
use serde_json::{Value, json};

/// A client and the server process it started.
struct Client {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    next_id: u64,
}

impl Client {
    /// Starts a server without introducing itself.
    fn start(home: &Home, agent: &str) -> Self {
        let mut command = home.command();
        command
            .args(["--agent", agent, "mcp"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, input, output, next_id: 0 }
    }

    fn connect(home: &Home, agent: &str) -> Self {
        let mut client = Self::start(home, agent);
        let hello = client.initialize();
        assert_eq!(hello["serverInfo"]["name"], "chrysalis");
        client
    }

    fn initialize(&mut self) -> Value {
        let client = json!({"name": "test", "version": "1"});
        let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
        let reply = self.request("initialize", hello);
        self.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string());
        reply["result"].clone()
    }

    fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\n").as_bytes());
    }

    fn send_bytes(&mut self, bytes: &[u8]) {
        self.input.as_mut().unwrap().write_all(bytes).unwrap();
    }

    fn receive(&mut self) -> Value {
        let mut line = String::new();
        assert!(self.output.read_line(&mut line).unwrap() > 0, "the server is gone");
        serde_json::from_str(&line).unwrap()
    }

    fn request(&mut self, method: &str, params: Value) -> Value {
        self.next_id += 1;
        let id = self.next_id;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string());
        let reply = self.receive();
        assert_eq!(reply["id"], id, "{reply}");
        reply
    }

    /// The result of a tool call, which must not be an error.
    fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let reply = self.request("tools/call", json!({"name": tool, "arguments": arguments}));
        assert_eq!(reply["result"]["isError"], false, "{reply}");
        assert!(reply["result"]["content"][0]["text"].is_string());
        reply["result"]["structuredContent"].clone()
    }

    /// The code of a tool call's error, which must be a result and not a protocol error.
    fn call_fails(&mut self, tool: &str, arguments: Value) -> String {
        let reply = self.request("tools/call", json!({"name": tool, "arguments": arguments}));
        assert_eq!(reply["result"]["isError"], true, "{reply}");
        let error = &reply["result"]["structuredContent"]["error"];
        let text = reply["result"]["content"][0]["text"].as_str().unwrap();
        assert!(text.contains(error["code"].as_str().unwrap()) && text.contains("hint: "), "{text}");
        error["code"].as_str().unwrap().to_owned()
    }

    /// Closes standard input; gives what was still written, and standard error. The server must end with 0.
    fn close(mut self) -> (Vec<Value>, String) {
        drop(self.input.take());
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        let mut errors = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        assert_eq!(self.process.wait().unwrap().code(), Some(0), "{errors}");
        (rest.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), errors)
    }
}

#[test]
fn tools_are_listed_with_schemas_and_hints() {
    let home = Home::new();
    let mut client = Client::start(&home, "ada");
    let hello = client.initialize();
    assert_eq!(hello["protocolVersion"], "2025-06-18");
    assert!(hello["instructions"].as_str().unwrap().contains("recall"));
    let tools = client.request("tools/list", json!({}))["result"]["tools"].clone();
    let names: Vec<&str> =
        tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["remember", "recall", "forget"]);
    for tool in tools.as_array().unwrap() {
        assert!(tool["title"].is_string() && tool["description"].as_str().unwrap().len() > 100, "{tool}");
        assert_eq!(
            (&tool["inputSchema"]["type"], &tool["outputSchema"]["type"]),
            (&"object".into(), &"object".into())
        );
    }
    let arguments = |tool: usize| keys(&tools[tool]["inputSchema"]["properties"]);
    assert_eq!(arguments(0), ["namespace", "replace", "source", "tags", "text"]);
    assert_eq!(arguments(1), ["limit", "namespace", "query", "source_prefix", "tags", "trusted_only"]);
    assert_eq!(arguments(2), ["ids"]);
    assert_eq!(tools[1]["annotations"]["readOnlyHint"], true);
    assert_eq!(tools[2]["annotations"]["destructiveHint"], true);
    assert!(
        client.request("tools/call", json!({"name": "dance", "arguments": {}}))["error"]["code"].is_i64()
    );
    assert_eq!(client.request("ping", json!({}))["result"], json!({}));
    client.close();
}

#[test]
fn what_is_remembered_is_recalled_and_forgotten() {
    let home = Home::new();
    let mut client = Client::connect(&home, "ada");
    let said = client.call(
        "remember",
        json!({"text": "The greenhouse is watered at six.", "source": "chat", "tags": ["garden"]}),
    );
    assert_eq!(keys(&said), ["ids", "superseded", "unchanged"]);
    let id = said["ids"][0].as_str().unwrap().to_owned();
    let found = client.call(
        "recall",
        json!({"query": "when is the greenhouse watered", "tags": ["garden"], "trusted_only": true}),
    );
    assert_eq!(keys(&found), ["as_of_ms", "hits"]);
    let hit = &found["hits"][0];
    assert_eq!(
        keys(hit),
        [
            "author",
            "headings",
            "id",
            "lines",
            "matches",
            "namespace",
            "occasions",
            "occurred_ms",
            "score",
            "sequence",
            "signature",
            "source",
            "superseded",
            "superseded_by",
            "tags",
            "text",
            "time",
            "time_ms",
            "writer"
        ]
    );
    assert_eq!(
        (hit["id"].as_str().unwrap(), &hit["source"], &hit["signature"]),
        (&*id, &"chat".into(), &"trusted".into())
    );
    assert_eq!(client.call("recall", json!({"query": "zebra"}))["hits"], json!([]));

    // A document replaces what its source said before; a text that is said adds to it.
    let page = |text: &str| json!({"text": text, "source": "page.md", "replace": true});
    let first = client.call("remember", page("# Bees\n\nBees dance.\n\n# Wasps\n\nWasps sting.\n"));
    let again = client.call("remember", page("# Bees\n\nBees dance.\n\n# Wasps\n\nWasps sting.\n"));
    assert_eq!(
        (&again["ids"], again["unchanged"].as_u64().unwrap()),
        (&json!([]), first["ids"].as_array().unwrap().len() as u64)
    );
    assert!(client.call("remember", page("# Bees\n\nBees hum.\n"))["superseded"].as_u64() >= Some(1));
    assert_eq!(client.call("recall", json!({"query": "wasps", "source_prefix": "page"}))["hits"], json!([]));
    client.call("remember", json!({"text": "Watering was skipped today.", "source": "chat"}));
    assert_eq!(
        client.call("recall", json!({"query": "watered watering", "source_prefix": "chat"}))["hits"]
            .as_array()
            .unwrap()
            .len(),
        2
    );

    let long: String = (0..3000).map(|number| format!("Sentence {number} of a long story.\n\n")).collect();
    let split = client.call("remember", json!({"text": long, "namespace": "stories"}));
    assert!(split["ids"].as_array().unwrap().len() > 10);
    let far = client.call("recall", json!({"query": "sentence 2999", "namespace": "stories", "limit": 1}));
    assert!(far["hits"][0]["text"].as_str().unwrap().contains("Sentence 2999 "), "{far}");

    assert_eq!(client.call("forget", json!({"ids": [id, id[..12]]}))["entries"], 1);
    assert_eq!(client.call("recall", json!({"query": "greenhouse"}))["hits"], json!([]));
    client.close();
}

#[test]
fn bad_arguments_are_answered_so_that_a_model_can_do_better() {
    let home = Home::new();
    let mut client = Client::connect(&home, "ada");
    let id = client.call("remember", json!({"text": "x marks the spot"}))["ids"][0].clone();
    let key = std::fs::read_to_string(home.path().join("identities/ada.key")).unwrap();
    let cases = [
        ("remember", json!({}), "cli/bad-arguments"),
        ("remember", json!({"text": 5}), "cli/bad-arguments"),
        ("remember", json!({"text": "a", "txet": "b"}), "cli/bad-arguments"),
        ("remember", json!({"text": " \n"}), "memory/empty-text"),
        ("remember", json!({"text": "a\0b"}), "memory/not-text"),
        ("remember", json!({"text": "a\0b", "source": "s", "replace": true}), "memory/not-text"),
        ("remember", json!({"text": " ", "source": "s", "replace": true}), "memory/empty-text"),
        ("remember", json!({"text": "a", "replace": true}), "cli/bad-arguments"),
        ("remember", json!({"text": "a".repeat((1 << 20) + 1)}), "cli/bad-arguments"),
        ("remember", json!({"text": format!("\n{key}")}), "memory/secret-key"),
        ("remember", json!({"text": key, "source": "s", "replace": true}), "memory/secret-key"),
        ("recall", json!({"query": "?"}), "memory/empty-query"),
        ("recall", json!({"query": "x", "limit": 0}), "cli/bad-arguments"),
        ("recall", json!({"query": "x", "limit": 51}), "cli/bad-arguments"),
        ("recall", json!({"query": "x", "limit": -1}), "cli/bad-arguments"),
        ("recall", json!({"query": "x", "namespace": "none"}), "memory/no-such-namespace"),
        ("forget", json!({"ids": []}), "cli/bad-arguments"),
        ("forget", json!({"ids": [id.as_str().unwrap()[..8]]}), "cli/bad-arguments"),
        ("forget", json!({"ids": ["0".repeat(64)]}), "memory/no-such-entry"),
        ("forget", json!({"ids": ["not an id, not at all"]}), "memory/invalid-entry-id"),
    ];
    for (tool, arguments, code) in cases {
        let shown: String = arguments.to_string().chars().take(80).collect();
        assert_eq!(client.call_fails(tool, arguments), code, "{tool} {shown}");
    }
    let mut eve = Client::connect(&home, "eve");
    assert_eq!(eve.call_fails("forget", json!({"ids": [id]})), "memory/not-the-author");
    eve.close();
    client.close();
}

#[test]
fn two_servers_on_one_store_see_each_other() {
    let home = Home::new();
    let (mut ada, mut bob) = (Client::connect(&home, "ada"), Client::connect(&home, "bob"));
    for number in 0..5 {
        ada.call("remember", json!({"text": format!("Ada says that item {number} is red.")}));
        bob.call("remember", json!({"text": format!("Bob says that item {number} is blue.")}));
        let by_bob =
            ada.call("recall", json!({"query": format!("what does bob say of item {number}"), "limit": 1}));
        assert_eq!(by_bob["hits"][0]["text"], format!("Bob says that item {number} is blue."));
        assert_eq!(by_bob["hits"][0]["signature"], "unknown-signer");
    }
    home.json(0, &["--agent", "ada", "remember", "--text", "The command line speaks too."]);
    assert_eq!(bob.call("recall", json!({"query": "command line"}))["hits"].as_array().unwrap().len(), 1);
    ada.close();
    bob.close();
    let status = home.json(0, &["status"]);
    assert_eq!(
        (&status["entries"], &status["damage"], &status["forks"]),
        (&11.into(), &json!([]), &json!([]))
    );
}

#[test]
fn garbage_is_answered_or_ignored_and_the_server_goes_on() {
    let home = Home::new();
    let mut client = Client::start(&home, "ada");
    // Before anything was agreed on.
    client.send("hello?");
    assert_eq!(client.receive()["error"]["code"], -32700);
    client.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string());
    client.send(&json!({"jsonrpc": "2.0", "id": 99, "result": {}}).to_string());
    client.initialize();
    let long_id = json!({"jsonrpc": "2.0", "id": "x".repeat(1000), "method": "ping"}).to_string();
    for ignored in ["", "  ", r#"{"jsonrpc":"2.0","method":"notifications/odd"}"#] {
        client.send(ignored);
    }
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":8,"method":"ping","params":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    for no_json in ["nonsense", "{", "\"", "\0\0\0", &"[".repeat(100_000), &deep] {
        client.send(no_json);
        let reply = client.receive();
        assert_eq!(
            (&reply["error"]["code"], reply.get("id")),
            (&json!(-32700), Some(&Value::Null)),
            "{reply}"
        );
    }
    client.send_bytes(b"\xff\xfe\xfd\n\r\n");
    assert_eq!(client.receive()["error"]["code"], -32700);
    for misread in [
        json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call"}),
        json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": 5}}),
        json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "recall", "arguments": []}}),
        json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": []}),
    ] {
        client.send(&misread.to_string());
        let reply = client.receive();
        assert_eq!(
            (&reply["error"]["code"], &reply["id"]),
            (&json!(-32602), &json!(3)),
            "{misread}: {reply}"
        );
    }
    for refused in ["5", "[]", "{}", r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, r#"{"id":7,"what":1}"#]
    {
        client.send(refused);
        let reply = client.receive();
        assert_eq!(reply["error"]["code"], -32600, "{refused}: {reply}");
    }
    client.send(&long_id);
    assert_eq!(client.receive()["result"], json!({}));
    assert!(client.request("no/such/method", json!({}))["error"]["code"].is_i64());
    // A line far over the limit is refused without being held.
    let megabyte = vec![b'x'; 1 << 20];
    for _ in 0..64 {
        client.send_bytes(&megabyte);
    }
    client.send("");
    assert!(client.receive()["error"]["message"].as_str().unwrap().contains("4 MiB"));
    #[cfg(target_os = "linux")]
    {
        let status = std::fs::read_to_string(format!("/proc/{}/status", client.process.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(kilobytes < 100 << 10, "a line of 64 MiB took {kilobytes} kB");
    }
    client.call("remember", json!({"text": "Still here."}));
    let (rest, errors) = client.close();
    assert_eq!(rest, Vec::<Value>::new());
    assert!(errors.contains("not JSON"), "{errors}");
}

#[test]
fn a_client_that_closes_early_loses_nothing_that_was_answered() {
    let home = Home::new();
    // Everything is asked at once and standard input closed: each call is answered all the same.
    let mut client = Client::connect(&home, "ada");
    for number in 0..30 {
        let arguments = json!({"name": "remember", "arguments": {"text": format!("Hasty remark {number}.")}});
        client.send(
            &json!({"jsonrpc": "2.0", "id": 1000 + number, "method": "tools/call", "params": arguments})
                .to_string(),
        );
    }
    // An unfinished line is no message.
    client.send_bytes(br#"{"jsonrpc":"2.0","id":5000,"method":"ping"#);
    let (answers, _) = client.close();
    let mut ids: Vec<u64> = answers.iter().map(|answer| answer["id"].as_u64().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, (1000..1030).collect::<Vec<u64>>());
    assert_eq!(home.json(0, &["status"])["entries"], 30);

    // A client that is gone altogether, in the middle of a call.
    let mut client = Client::connect(&home, "ada");
    let arguments = json!({"name": "remember", "arguments": {"text": "Said by one who left."}});
    client.send(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": arguments}).to_string());
    let Client { mut process, input, output, .. } = client;
    drop((input, output));
    assert_eq!(process.wait().unwrap().code(), Some(0));
    let entries = home.json(0, &["status"])["entries"].as_u64().unwrap();
    assert!([30, 31].contains(&entries), "it landed whole or not at all");
    assert_eq!(home.json(0, &["verify"])["sound"], true);

    // And clients that leave before saying anything.
    Client::start(&home, "ada").close();
    let mut client = Client::start(&home, "ada");
    client.send(&json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string());
    assert_eq!(client.receive()["result"], json!({}));
    client.close();
}

#[test]
fn a_client_that_does_not_read_is_not_read_from_without_limit() {
    let home = Home::new();
    let mut client = Client::connect(&home, "ada");
    let mut input = client.input.take().unwrap();
    // Far more than pipes, places for calls and unsent answers hold; the answers are read only afterwards.
    let writer = std::thread::spawn(move || {
        for id in 10_000..14_000_u64 {
            let line = json!({"jsonrpc": "2.0", "id": id, "method": "tools/list"}).to_string() + "\n";
            input.write_all(line.as_bytes()).unwrap();
        }
    });
    let mut answered = std::collections::BTreeSet::new();
    for _ in 0..4000 {
        answered.insert(client.receive()["id"].as_u64().unwrap());
    }
    writer.join().unwrap();
    assert_eq!(answered.len(), 4000);
    let (rest, _) = client.close();
    assert_eq!(rest, Vec::<Value>::new());
}
