//! `chrysalis vault run`: a program with keys in its environment.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use chrysalis_crypto::api_keys::ApiKey;
use chrysalis_security::audit::{AuditAction, AuditEvent};
use chrysalis_security::wallet::ApiKeyEntry;
use chrysalis_security::{ProviderName, Vault};

use crate::errors::{CliError, Outcome};
use crate::printable::one_line;
use crate::vault::args;
use crate::vault::keeper::{Keeper, now_ms};
use crate::vault::select;

/// Where the libraries of a provider look for its key, unless it is `PROVIDER_API_KEY`.
const VARIABLES: &[(&str, &str)] = &[
    ("aws", "AWS_SECRET_ACCESS_KEY"),
    ("azure", "AZURE_OPENAI_API_KEY"),
    ("cohere", "CO_API_KEY"),
    ("github", "GITHUB_TOKEN"),
    ("huggingface", "HF_TOKEN"),
    ("replicate", "REPLICATE_API_TOKEN"),
    ("slack", "SLACK_BOT_TOKEN"),
];

/// Becomes the program, with keys in its environment. Where that is impossible, waits for it.
///
/// # Errors
/// [`CliError::NoSuchKey`], [`CliError::KeyExpired`]; [`CliError::Usage`] for variables that collide or are none; [`CliError::Program`]
/// when the program cannot be started; those of unlocking and of the trail: what is not on record is not done.
pub(crate) fn run(keeper: &mut Keeper<'_>, args: &args::Run) -> Result<Outcome, CliError> {
    let renamed = args.variables.iter().map(|text| parse_variable(text)).collect::<Result<Vec<_>, _>>()?;
    let vault = keeper.open()?;
    plan(&keeper.entries(&vault)?, &args.only, &renamed)?;
    keeper.unlock(&vault)?;
    let entries = keeper.entries(&vault)?;
    let plan = plan(&entries, &args.only, &renamed)?;
    if plan.is_empty() {
        keeper.out.warn("the vault has no key to give");
    }
    let keys = open_keys(keeper, &vault, &plan)?;
    let (program, arguments) = args.command.split_first().expect("the command line requires one");
    let mut command = Command::new(program);
    command.args(arguments);
    for (variable, key) in &keys {
        key.expose(|key| match str::from_utf8(key) {
            Ok(key) if !key.contains('\0') => {
                command.env(variable, key);
                Ok(())
            }
            _ => Err(CliError::Usage(format!(
                "the key for {variable} holds a NUL character, which no environment takes"
            ))),
        })?;
    }
    for entry in plan.values() {
        let event = AuditEvent::done(AuditAction::ProgramRun, now_ms());
        let event = event.with_provider(&entry.provider).with_key(entry.id);
        vault.record(event, now_ms()).map_err(CliError::vault(&keeper.path))?;
    }
    drop((keys, vault));
    become_program(program, command)
}

/// The variables, and the entry whose key goes into each.
fn plan<'a>(
    entries: &'a [ApiKeyEntry],
    only: &[String],
    renamed: &[(&str, &str)],
) -> Result<BTreeMap<String, &'a ApiKeyEntry>, CliError> {
    let mut chosen: Vec<&ApiKeyEntry> = Vec::new();
    if only.is_empty() {
        let mut by_provider: BTreeMap<&ProviderName, Vec<&ApiKeyEntry>> = BTreeMap::new();
        for entry in entries {
            by_provider.entry(&entry.provider).or_default().push(entry);
        }
        chosen.extend(by_provider.values().filter_map(|entries| select::preferred(entries, now_ms())));
    } else {
        for text in only {
            let entry = select::for_use(entries, text, now_ms())?;
            if chosen.iter().all(|other| other.id != entry.id) {
                chosen.push(entry);
            }
        }
    }
    let mut names: BTreeMap<String, String> =
        chosen.iter().map(|entry| (entry.id.to_string(), usual_variable(&entry.provider))).collect();
    for (text, variable) in renamed {
        let of = select::for_use(entries, text, now_ms())?;
        let Some(name) = names.get_mut(&of.id.to_string()) else {
            return Err(CliError::Usage(format!("--as {variable}: its key is not among those of --only")));
        };
        (*variable).clone_into(name);
    }
    let mut plan = BTreeMap::new();
    for entry in chosen {
        let variable = names.remove(&entry.id.to_string()).expect("made from the same entries above");
        if plan.insert(variable.clone(), entry).is_some() {
            return Err(CliError::Usage(format!(
                "two keys would be {variable}; name one otherwise with --as"
            )));
        }
    }
    Ok(plan)
}

/// `openai=LLM_KEY` as its two parts.
fn parse_variable(text: &str) -> Result<(&str, &str), CliError> {
    let is_name = |name: &str| {
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    // The text is not repeated: it may be a key that went astray.
    text.split_once('=').filter(|(_, variable)| is_name(variable)).ok_or_else(|| {
        CliError::Usage("--as takes KEY=VARIABLE, such as openai=LLM_KEY; letters, digits and _".to_owned())
    })
}

fn usual_variable(provider: &ProviderName) -> String {
    let name = provider.as_str();
    if let Some((_, variable)) = VARIABLES.iter().find(|(known, _)| *known == name) {
        return (*variable).to_owned();
    }
    let name = name.strip_prefix("custom:").unwrap_or(name);
    let mut variable: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    if variable.starts_with(|c: char| c.is_ascii_digit()) {
        variable.insert(0, '_');
    }
    variable + "_API_KEY"
}

fn open_keys(
    keeper: &Keeper<'_>,
    vault: &Vault,
    plan: &BTreeMap<String, &ApiKeyEntry>,
) -> Result<Vec<(String, Arc<ApiKey>)>, CliError> {
    let opened = keeper.change(vault, |wallet| {
        let open = |entry: &ApiKeyEntry| wallet.key(&entry.id.to_string(), now_ms());
        plan.iter()
            .map(|(variable, entry)| Ok((variable.clone(), open(entry)?)))
            .collect::<Result<Vec<_>, _>>()
    })?;
    // One that expired or was removed since the entries were looked at.
    opened.into_iter().map(|(variable, key)| Ok((variable, key.ok_or(CliError::KeyExpired)?))).collect()
}

/// Puts the program in this process's place, so that its signals and its end are its own. The keys in `command` go with
/// the memory of this program.
#[cfg(unix)]
fn become_program(program: &OsStr, mut command: Command) -> Result<Outcome, CliError> {
    use std::os::unix::process::CommandExt as _;
    Err(not_started(program, command.exec()))
}

/// Runs the program and ends with its status. Both get Ctrl-C; this process leaves it to the program.
#[cfg(windows)]
fn become_program(program: &OsStr, mut command: Command) -> Result<Outcome, CliError> {
    crate::interrupt::watch();
    let status = command.status().map_err(|error| not_started(program, error))?;
    std::process::exit(status.code().unwrap_or(1))
}

fn not_started(program: &OsStr, error: io::Error) -> CliError {
    CliError::Program { program: PathBuf::from(one_line(&program.to_string_lossy()).into_owned()), error }
}

#[cfg(test)]
mod tests {
    use chrysalis_security::audit::KeyId;

    use super::*;

    fn entry(provider: &str, id: u8) -> ApiKeyEntry {
        ApiKeyEntry {
            id: KeyId::from([id; 16]),
            provider: ProviderName::parse_for_wallet(provider).unwrap(),
            name: format!("key {id}"),
            key_prefix: String::new(),
            created_at: 1,
            last_used_at: None,
            expires_at: None,
            is_default: false,
            metadata: None,
        }
    }

    fn planned(entries: &[ApiKeyEntry], only: &[&str], renamed: &[&str]) -> Result<Vec<String>, CliError> {
        let only: Vec<String> = only.iter().map(|&text| text.to_owned()).collect();
        let renamed = renamed.iter().map(|text| parse_variable(text)).collect::<Result<Vec<_>, _>>()?;
        let plan = plan(entries, &only, &renamed)?;
        Ok(plan.into_iter().map(|(variable, entry)| format!("{variable} {}", entry.name)).collect())
    }

    #[test]
    fn providers_have_the_variables_their_libraries_read() {
        for (provider, variable) in [
            ("openai", "OPENAI_API_KEY"),
            ("huggingface", "HF_TOKEN"),
            ("my-service.v2", "MY_SERVICE_V2_API_KEY"),
            ("3com", "_3COM_API_KEY"),
        ] {
            assert_eq!(usual_variable(&ProviderName::parse_for_wallet(provider).unwrap()), variable);
        }
    }

    #[test]
    fn one_key_of_each_provider_unless_told_otherwise() {
        let mut entries = vec![entry("openai", 1), entry("openai", 2), entry("groq", 3)];
        assert_eq!(planned(&entries, &[], &[]).unwrap(), ["GROQ_API_KEY key 3", "OPENAI_API_KEY key 1"]);
        entries[1].is_default = true;
        assert_eq!(planned(&entries, &["openai"], &[]).unwrap(), ["OPENAI_API_KEY key 2"]);
        assert_eq!(planned(&entries, &["openai", "key 2"], &["openai=LLM"]).unwrap(), ["LLM key 2"]);
        assert_eq!(
            planned(&entries, &["key 1", "key 2"], &["key 1=OLD"]).unwrap(),
            ["OLD key 1", "OPENAI_API_KEY key 2"]
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let entries = vec![entry("openai", 1), entry("openai", 2), entry("groq", 3)];
        let code = |only: &[&str], renamed: &[&str]| planned(&entries, only, renamed).unwrap_err().code();
        assert_eq!(code(&["key 1", "key 2"], &[]), "cli/usage", "one variable for two keys");
        assert_eq!(code(&["openai"], &["groq=X"]), "cli/usage");
        assert_eq!(code(&["nobody"], &[]), "cli/no-such-key");
        for renamed in ["openai", "openai=", "openai=1X", "openai=A B", "openai=A=B"] {
            assert_eq!(code(&[], &[renamed]), "cli/usage", "{renamed}");
        }
    }
}
