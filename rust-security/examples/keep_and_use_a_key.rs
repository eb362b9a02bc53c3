//! Keeps an API key in a vault on disk, opens it again, and makes a request header with the key.
//!
//! `cargo run -p chrysalis-security --example keep_and_use_a_key`

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use chrysalis_crypto::api_keys::{ApiKey, redact_for_logging};
use chrysalis_crypto::kdf::Argon2Params;
use chrysalis_security::context::system_clock;
use chrysalis_security::wallet::NewKey;
use chrysalis_security::{SecurityContext, Vault};

#[expect(clippy::print_stdout, reason = "an example shows what it did")]
fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::temp_dir().join(format!("chrysalis-example-{}", std::process::id()));
    let path = directory.join("keys.json");
    let now_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;

    let vault = Vault::create(&path, b"Blue-Kettle-42-Rain", Argon2Params::NATIVE, now_ms)?;
    let key = ApiKey::new("example-key-that-opens-nothing".to_owned())?;
    vault.update(now_ms, |wallet| wallet.add_key("openai", &key, NewKey::default(), now_ms))?;
    drop((vault, key));

    // Another process, another day.
    let vault = Vault::open(&path, Argon2Params::NATIVE)?;
    for entry in vault.read(now_ms, |wallet| wallet.list_keys(None, now_ms))? {
        println!("{} has {} ({})", path.display(), entry.name, entry.key_prefix);
    }
    vault.unlock(b"Blue-Kettle-42-Rain", now_ms)?;
    let key = vault.read(now_ms, |wallet| wallet.key_for_provider("openai", now_ms))?;
    let mut copy = key.ok_or("no key")?.expose(<[u8]>::to_vec);
    let key = ApiKey::from_bytes(&mut copy)?;
    println!("unlocked {}", redact_for_logging(&key));

    // In use: the key goes in and does not come out.
    let context = SecurityContext::make(system_clock())?;
    context.store_api_key("openai", key)?;
    let header = context.authorization_header("openai")?;
    println!("{}: {} bytes", header.name, header.value.len());
    for entry in vault.audit()? {
        println!("{}", entry.event.to_json());
    }
    std::fs::remove_dir_all(directory)?;
    Ok(())
}
